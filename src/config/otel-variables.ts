/** A variable of the OpenTelemetry specification that this agent honours. */
export interface OtelVariable {
  readonly name: string;
  readonly meaning: string;
  /** Value used when the variable is absent or empty. */
  readonly default?: string;
  /** Carries credentials: also as NAME_FILE, and never printed. */
  readonly secret?: true;
}

const exporterOptions: readonly Omit<OtelVariable, 'secret'>[] = [
  { name: 'ENDPOINT', meaning: 'Address of the backend; for OTLP/HTTP a base address, to which `v1/metrics` is added. Unset: port 4317 of localhost for gRPC, 4318 for HTTP.' },
  { name: 'PROTOCOL', meaning: '`grpc` or `http/protobuf`. Unset: http/protobuf when the endpoint has a path or port 4318, else grpc.' },
  { name: 'HEADERS', meaning: 'Headers or gRPC metadata sent with each request: `name=value,name=value`, percent-encoded.' },
  { name: 'INSECURE', meaning: '`true`: no TLS for an endpoint that is written without a scheme.', default: 'false' },
  { name: 'CERTIFICATE', meaning: 'PEM file of the authority that signed the backend’s certificate.' },
  { name: 'CLIENT_CERTIFICATE', meaning: 'PEM file of the client certificate; goes with the client key.' },
  { name: 'CLIENT_KEY', meaning: 'PEM file of the client certificate’s key.' },
  { name: 'COMPRESSION', meaning: '`gzip` or `none`.', default: 'none' },
  { name: 'TIMEOUT', meaning: 'Longest time of one attempt, in milliseconds.', default: '10000' },
];

const forMetrics: Readonly<Record<string, string>> = {
  ENDPOINT: 'The same for metrics alone; wins, and is used as it is.',
  HEADERS: 'The same for metrics alone; sent beside the general ones, and wins where a name is in both.',
};

/**
 * The variables of the standard that are honoured (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 * and https://opentelemetry.io/docs/specs/otel/protocol/exporter/). Any other `OTEL_*` that is set is named in a warning.
 */
export const honoured: readonly OtelVariable[] = [
  ...exporterOptions.flatMap(({ name, meaning, ...rest }): OtelVariable[] => {
    const secret = name === 'HEADERS' ? ({ secret: true } as const) : {};
    return [
      { name: `OTEL_EXPORTER_OTLP_${name}`, meaning, ...rest, ...secret },
      { name: `OTEL_EXPORTER_OTLP_METRICS_${name}`, meaning: forMetrics[name] ?? 'The same for metrics alone; wins.', ...secret },
    ];
  }),
  { name: 'OTEL_METRICS_EXPORTER', meaning: 'List of `otlp`, `prometheus` (`/metrics` at HTTP_ADDRESS) and `console`, or `none`.', default: 'otlp' },
  { name: 'OTEL_EXPORTER_PROMETHEUS_HOST', meaning: 'Host to listen on, where HTTP_ADDRESS is not set.', default: '127.0.0.1' },
  { name: 'OTEL_EXPORTER_PROMETHEUS_PORT', meaning: 'Port to listen on, where HTTP_ADDRESS is not set.', default: '9464' },
  { name: 'OTEL_METRIC_EXPORT_INTERVAL', meaning: 'Time between two pushes, in milliseconds.', default: '60000' },
  {
    name: 'OTEL_METRIC_EXPORT_TIMEOUT',
    meaning: 'Longest time of a push with its retries, in milliseconds; never longer than the interval.',
    default: '30000',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE',
    meaning: '`cumulative`; the others are not honoured yet.',
    default: 'cumulative',
  },
  { name: 'OTEL_SERVICE_NAME', meaning: '`service.name` of the resource.', default: 'claude-usage-metrics' },
  { name: 'OTEL_RESOURCE_ATTRIBUTES', meaning: 'More attributes of the resource: `name=value,name=value`, percent-encoded.' },
  { name: 'OTEL_SDK_DISABLED', meaning: '`true`: nothing is read and nothing is pushed.', default: 'false' },
  {
    name: 'OTEL_LOG_LEVEL',
    meaning: 'How much the SDK says: none, error, warn, info, debug, verbose or all. Unset: its messages come at debug in the agent’s log.',
  },
];
