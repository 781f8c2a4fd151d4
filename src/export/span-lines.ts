import { SpanStatusCode } from '@opentelemetry/api';
import { type ExportResult, ExportResultCode, hrTimeToMilliseconds } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';

/** Prints each span as a line: trace, span, parent, name, attributes, milliseconds. */
export function spanLines(write: (text: string) => void): SpanExporter {
  return {
    export(spans: ReadableSpan[], resultCallback: (result: ExportResult) => void): void {
      write(spans.map((span) => `${lineOf(span)}\n`).join(''));
      resultCallback({ code: ExportResultCode.SUCCESS });
    },
    shutdown: () => Promise.resolve(),
  };
}

function lineOf(span: ReadableSpan): string {
  const { traceId, spanId } = span.spanContext();
  const failed = span.status.code === SpanStatusCode.ERROR ? ' failed' : '';
  const milliseconds = Math.round(hrTimeToMilliseconds(span.duration) * 1_000) / 1_000;
  return `${traceId} ${spanId} ${span.parentSpanContext?.spanId ?? '-'} ${span.name}${JSON.stringify(span.attributes)} ${milliseconds} ms${failed}`;
}
