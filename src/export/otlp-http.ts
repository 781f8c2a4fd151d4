import { OTLPExporterError } from '@opentelemetry/otlp-exporter-base';
import { convertLegacyHttpOptions, createOtlpHttpExportDelegate } from '@opentelemetry/otlp-exporter-base/node-http';
import { MetricsExporterMetricsHelper } from '@opentelemetry/otlp-transformer';
import { cleanText } from '../model/text.ts';
import type { AttemptResult, Sender } from './attempt.ts';
import { delegateSender } from './delegate.ts';

const notMetrics = new Set([404, 405, 415]);

/**
 * Pushes over OTLP/HTTP with protobuf. Headers, TLS and compression come from the environment. The SDK's transport
 * tries 429, 502, 503, 504 and broken connections again by itself, within its timeout.
 */
export function httpSender(url: string, timeoutMs: number): Sender {
  const target = `${url} (OTLP/HTTP)`;
  return delegateSender({
    target,
    connect: (serializer) =>
      createOtlpHttpExportDelegate(
        convertLegacyHttpOptions({ url, timeoutMillis: timeoutMs }, 'METRICS', 'v1/metrics', {
          'Content-Type': 'application/x-protobuf',
        }),
        serializer,
        'claude_usage_metrics_otlp_http',
        MetricsExporterMetricsHelper,
        undefined,
      ),
    explain: (error) => explain(error, target),
  });
}

function explain(error: unknown, target: string): AttemptResult {
  const failed = { status: 'failed', retryable: false, reconnect: false } as const;
  if (error instanceof OTLPExporterError && error.code !== undefined) {
    const hint = notMetrics.has(error.code)
      ? ': it takes no metrics at this path; check the endpoint, or put an OpenTelemetry Collector in between'
      : '';
    return { ...failed, message: `${target} answered ${error.code}${hint}` };
  }
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const text = code ?? (error instanceof Error ? error.message : 'unknown error');
  return { ...failed, message: `${target}: ${cleanText(text)}` };
}
