import { Metadata, status } from '@grpc/grpc-js';
import { convertLegacyOtlpGrpcOptions, createOtlpGrpcExportDelegate } from '@opentelemetry/otlp-grpc-exporter-base';
import { MetricsExporterMetricsHelper } from '@opentelemetry/otlp-transformer';
import { cleanText } from '../model/text.ts';
import type { AttemptResult, Sender } from './attempt.ts';
import { delegateSender } from './delegate.ts';
import { retryInfoMs } from './retry-info.ts';

/** Codes that OTLP allows to be tried again (https://opentelemetry.io/docs/specs/otlp/#failures). */
const retryable = new Set<number>([
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.ABORTED,
  status.OUT_OF_RANGE,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);

/** Pushes over OTLP/gRPC. Headers, TLS and compression come from the `OTEL_EXPORTER_OTLP_*` environment. */
export function grpcSender(url: string, timeoutMs: number): Sender {
  const target = `${url} (OTLP/gRPC)`;
  return delegateSender({
    target,
    connect: (serializer) =>
      createOtlpGrpcExportDelegate(
        convertLegacyOtlpGrpcOptions({ url, timeoutMillis: timeoutMs }, 'METRICS'),
        serializer,
        'claude_usage_metrics_otlp_grpc',
        MetricsExporterMetricsHelper,
        undefined,
        'MetricsExportService',
        '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
      ),
    explain: (error) => explain(error, target),
  });
}

function explain(error: unknown, target: string): AttemptResult {
  const code = codeOf(error);
  if (code === undefined) {
    const text = error instanceof Error ? error.message : 'unknown error';
    return { status: 'failed', retryable: false, reconnect: true, message: `${target}: ${cleanText(text)}` };
  }
  const retryAfterMs = delayOf(error);
  return {
    status: 'failed',
    retryable: retryable.has(code) || (code === status.RESOURCE_EXHAUSTED && retryAfterMs !== undefined),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    reconnect: code === status.DEADLINE_EXCEEDED || code === status.UNAVAILABLE,
    message: `${target} answered ${status[code] ?? code}${hint(code, detailsOf(error))}`,
  };
}

function hint(code: number, details: string): string {
  if (code === status.UNIMPLEMENTED) {
    return ': it takes no metrics (Jaeger stores traces only); put an OpenTelemetry Collector in between';
  }
  return details === '' ? '' : `: ${cleanText(details)}`;
}

function codeOf(error: unknown): number | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined;
}

function detailsOf(error: unknown): string {
  return error instanceof Error && 'details' in error && typeof error.details === 'string' ? error.details : '';
}

function delayOf(error: unknown): number | undefined {
  if (!(error instanceof Error && 'metadata' in error && error.metadata instanceof Metadata)) return undefined;
  const [details] = error.metadata.get('grpc-status-details-bin');
  return Buffer.isBuffer(details) ? retryInfoMs(details) : undefined;
}
