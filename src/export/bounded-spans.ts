import { TraceFlags } from '@opentelemetry/api';
import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace';

/** What {@link BoundedSpans} are made of. */
export interface BoundedSpansOptions {
  readonly exporter: SpanExporter;
  /** Makes what gathers spans for the exporter, as many as {@link BoundedSpansOptions.most}. */
  readonly batches: (exporter: SpanExporter) => SpanProcessor;
  /** Spans that may wait for their batch. */
  readonly most: number;
  /** Told of each that had no place. */
  readonly onFull: () => void;
}

/** The SDK drops spans that its queue has no place for and tells nobody: what is over the same bound is counted here as lost. */
export class BoundedSpans implements SpanProcessor {
  readonly #options: BoundedSpansOptions;
  readonly #batches: SpanProcessor;
  #waiting = 0;
  #isClosed = false;

  constructor(options: BoundedSpansOptions) {
    const { exporter, batches } = options;
    this.#options = options;
    this.#batches = batches({
      export: (spans, done) => {
        this.#waiting -= spans.length;
        exporter.export(spans, done);
      },
      shutdown: () => exporter.shutdown(),
    });
  }

  onStart(...started: Parameters<SpanProcessor['onStart']>): void {
    this.#batches.onStart(...started);
  }

  onEnd(span: ReadableSpan): void {
    if (this.#isClosed || (span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
    if (this.#waiting >= this.#options.most) this.#options.onFull();
    else {
      this.#waiting++;
      this.#batches.onEnd(span);
    }
  }

  forceFlush(): Promise<void> {
    return this.#batches.forceFlush();
  }

  shutdown(): Promise<void> {
    this.#isClosed = true;
    return this.#batches.shutdown();
  }
}
