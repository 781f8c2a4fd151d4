/** A variable of the OpenTelemetry specification, and whether this agent honours it. */
export interface OtelVariable {
  readonly name: string;
  readonly meaning: string;
  /** May carry credentials: also as NAME_FILE, and never printed. */
  readonly secret?: true;
}

const exporterOptions: readonly (readonly [suffix: string, meaning: string, secret?: true])[] = [
  ['ENDPOINT', 'Address of the backend.'],
  ['PROTOCOL', '`grpc` or `http/protobuf`; unset: http/protobuf when the endpoint has a path or port 4318, else grpc.'],
  ['HEADERS', 'Headers or metadata sent with each request, `name=value,…`.', true],
  ['INSECURE', '`true`: no TLS for a gRPC endpoint without a scheme.'],
  ['CERTIFICATE', 'PEM file of the authority that signed the backend’s certificate.'],
  ['CLIENT_CERTIFICATE', 'PEM file of the client certificate.'],
  ['CLIENT_KEY', 'PEM file of the client certificate’s key.'],
  ['COMPRESSION', '`gzip` or `none`.'],
  ['TIMEOUT', 'Longest time of one attempt, in milliseconds; 10000.'],
];

/** The variables of the standard that are honoured (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/). */
export const honoured: readonly OtelVariable[] = [
  ...exporterOptions.flatMap(([suffix, meaning, secret]) =>
    ['OTEL_EXPORTER_OTLP_', 'OTEL_EXPORTER_OTLP_METRICS_'].map((prefix) => ({
      name: prefix + suffix,
      meaning: prefix.endsWith('METRICS_') ? `${meaning} For metrics; wins.` : meaning,
      ...(secret && { secret }),
    })),
  ),
  { name: 'OTEL_METRICS_EXPORTER', meaning: 'List of `otlp`, `console`, `none`; otlp.' },
  { name: 'OTEL_METRIC_EXPORT_INTERVAL', meaning: 'Time between two pushes, in milliseconds; 60000.' },
  { name: 'OTEL_METRIC_EXPORT_TIMEOUT', meaning: 'Longest time of a push with its retries, in milliseconds; 30000, at most the interval.' },
  { name: 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE', meaning: '`cumulative` is the only one yet.' },
  { name: 'OTEL_SERVICE_NAME', meaning: '`service.name` of the resource; claude-usage-metrics.' },
  { name: 'OTEL_RESOURCE_ATTRIBUTES', meaning: 'More attributes of the resource, `name=value,…`.' },
  { name: 'OTEL_SDK_DISABLED', meaning: '`true`: nothing is read and nothing is pushed.' },
  { name: 'OTEL_LOG_LEVEL', meaning: 'Level of the SDK’s own messages; they come at debug in the agent’s log.' },
];
