/** What of a signal differs in OTLP (https://opentelemetry.io/docs/specs/otlp/). */
export interface Signal {
  /** Word in the standard’s variables. */
  readonly variables: 'METRICS' | 'TRACES';
  /** gRPC service and method. */
  readonly method: string;
  /** Path of OTLP/HTTP. */
  readonly path: string;
  /** What to do about a backend that knows no such service. */
  readonly unknownService: string;
  /** The same of a path over HTTP. */
  readonly unknownPath: string;
}

/** Metrics. */
export const metricsSignal: Signal = {
  variables: 'METRICS',
  method: 'opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  path: 'v1/metrics',
  unknownService: 'it takes no metrics (Jaeger stores traces only); put an OpenTelemetry Collector in between',
  unknownPath: 'it takes no metrics at this path; check the endpoint, or put an OpenTelemetry Collector in between',
};

const elsewhere = 'set OTEL_EXPORTER_OTLP_TRACES_ENDPOINT to what does, or OTEL_TRACES_EXPORTER=none';

/** The agent’s own traces. */
export const tracesSignal: Signal = {
  variables: 'TRACES',
  method: 'opentelemetry.proto.collector.trace.v1.TraceService/Export',
  path: 'v1/traces',
  unknownService: `it takes no traces; ${elsewhere}`,
  unknownPath: `it takes no traces at this path; ${elsewhere}`,
};
