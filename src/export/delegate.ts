import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import type { IOtlpExportDelegate } from '@opentelemetry/otlp-exporter-base';
import {
  type IExportMetricsServiceResponse,
  type ISerializer,
  ProtobufMetricsSerializer,
} from '@opentelemetry/otlp-transformer';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { cleanText } from '../model/text.ts';
import type { AttemptResult, Sender } from './attempt.ts';

/** The serializer a delegate is made with. */
export type MetricsSerializer = ISerializer<ResourceMetrics, IExportMetricsServiceResponse>;

/** What makes a sender out of one of the SDK's export delegates. */
export interface DelegateOptions {
  readonly target: string;
  /** Makes a delegate with a connection of its own. */
  readonly connect: (serializer: MetricsSerializer) => IOtlpExportDelegate<ResourceMetrics>;
  /** What a failure means. */
  readonly explain: (error: unknown) => AttemptResult;
}

/**
 * One request at a time through an SDK delegate, which keeps the environment's headers, TLS and compression. The
 * delegate only logs a partial success; its serializer is where it can be seen.
 */
export function delegateSender({ target, connect, explain }: DelegateOptions): Sender {
  let delegate: IOtlpExportDelegate<ResourceMetrics> | undefined;
  let response: IExportMetricsServiceResponse | undefined;

  const serializer: MetricsSerializer = {
    // Without a metric the request is empty, not a resource of nothing: valid OTLP that leaves nothing behind.
    serializeRequest: (metrics) =>
      metrics.scopeMetrics.length === 0 ? new Uint8Array() : ProtobufMetricsSerializer.serializeRequest(metrics),
    deserializeResponse(bytes) {
      response = ProtobufMetricsSerializer.deserializeResponse(bytes);
      return response;
    },
  };

  async function attempt(metrics: ResourceMetrics): Promise<AttemptResult> {
    response = undefined;
    delegate ??= connect(serializer);
    const sending = delegate;
    const result = await new Promise<ExportResult>((resolve) => sending.export(metrics, resolve));
    if (result.code === ExportResultCode.SUCCESS) return acknowledged(response);
    return explain(result.error);
  }

  async function close(): Promise<void> {
    const closing = delegate;
    delegate = undefined;
    await closing?.shutdown();
  }

  return {
    target,
    close,
    async send(metrics, timeoutMs) {
      const result = await within(timeoutMs, attempt(metrics).catch(explain), target);
      // Not waited for: shutdown waits for the request that hangs.
      if (result.status === 'failed' && result.reconnect) void close().catch(() => undefined);
      return result;
    },
  };
}

function acknowledged(response: IExportMetricsServiceResponse | undefined): AttemptResult {
  const partial = response?.partialSuccess;
  const message = partial?.errorMessage;
  return {
    status: 'acknowledged',
    rejectedPoints: partial?.rejectedDataPoints ?? 0,
    ...(message !== undefined && message !== '' && { message: cleanText(message) }),
  };
}

async function within(timeoutMs: number, attempt: Promise<AttemptResult>, target: string): Promise<AttemptResult> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<AttemptResult>((resolve) => {
    timer = setTimeout(() => {
      const message = `${target} did not answer within ${Math.round(timeoutMs) / 1000} s`;
      resolve({ status: 'failed', retryable: true, reconnect: true, message });
    }, timeoutMs);
  });
  const result = await Promise.race([attempt, expired]);
  clearTimeout(timer);
  return result;
}
