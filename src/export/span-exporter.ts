import { setTimeout as sleep } from 'node:timers/promises';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { BytesSender, FailedAttempt } from './attempt.ts';
import { decide, firstBackOffMs, shareOf } from './retry.ts';

/** What a {@link DeliveringSpanExporter} is made of. */
export interface SpanExporterOptions {
  readonly sender: BytesSender;
  /** Longest time of a batch with its retries. */
  readonly timeoutMs: number;
  /** Longest time one attempt may take. */
  readonly attemptMs: number;
  readonly random: () => number;
  /** Told how each batch fared; of those that are not sent to a backend without traces nothing is told. */
  readonly onOutcome: (outcome: SpanOutcome) => void;
  /** Longest wait before the second attempt; a second if absent. */
  readonly backOffMs?: number;
}

/** What became of a batch. */
export interface SpanOutcome {
  /** Spans that did not arrive. */
  readonly lost: number;
  /** What kind of failure it was, the same each time it happens; absent when the backend took the batch. */
  readonly cause?: string;
  /** Why, for people; or what a backend that took the batch has to say. */
  readonly message?: string;
}

/** Causes that say that this backend takes no traces at all. */
const takesNone = new Set(['UNIMPLEMENTED', '404', '405', '415']);

/** It is asked again after this long: it may have been taught meanwhile. */
const askAgainAfterMs = 60 * 60_000;

/** Delivers batches of spans, tried again as OTLP allows; nothing else waits for it. */
export class DeliveringSpanExporter implements SpanExporter {
  readonly #options: SpanExporterOptions;
  readonly #stop = new AbortController();
  readonly #noMoreTries = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  #pausedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(options: SpanExporterOptions) {
    this.#options = options;
  }

  export(spans: ReadableSpan[], resultCallback: (result: ExportResult) => void): void {
    const delivery = this.#deliver(spans)
      .then(
        (code) => resultCallback({ code }),
        (error: unknown) => resultCallback({ code: ExportResultCode.FAILED, error: error as Error }),
      )
      .finally(() => this.#underWay.delete(delivery));
    this.#underWay.add(delivery);
  }

  /** Waits for what is under way; {@link abandon} cuts that short. */
  async shutdown(): Promise<void> {
    await Promise.all(this.#underWay);
    this.#options.sender.close();
  }

  /** From now on nothing is tried again: whoever ends waits for no backend that is down. */
  tryOnce(): void {
    this.#noMoreTries.abort();
  }

  /** No time is left: what is under way is lost, and nothing more is sent. */
  abandon(): void {
    this.#stop.abort();
  }

  async #deliver(spans: ReadableSpan[]): Promise<ExportResultCode> {
    const { sender, timeoutMs, attemptMs, random, onOutcome, backOffMs = firstBackOffMs } = this.#options;
    const { signal: stop } = this.#stop;
    const startedMs = performance.now();
    if (stop.aborted || startedMs < this.#pausedUntilMs) return ExportResultCode.FAILED;
    const body = ProtobufTraceSerializer.serializeRequest(spans);
    if (body === undefined) return ExportResultCode.FAILED;
    const leftMs = (): number => startedMs + timeoutMs - performance.now();
    for (let attempts = 1; ; attempts++) {
      const result = await sender.send({ body }, Math.min(attemptMs, shareOf(leftMs())), stop);
      if (result.status === 'acknowledged') {
        onOutcome({ lost: 0, ...(result.message !== undefined && { message: `${sender.target}: ${result.message}` }) });
        return ExportResultCode.SUCCESS;
      }
      const decision = decide(result, { attempts, leftMs: leftMs(), random: random(), backOffMs });
      const { signal } = this.#noMoreTries;
      if (decision.action === 'retry') await sleep(decision.waitMs, undefined, { signal }).catch(() => undefined);
      if (decision.action === 'done' || signal.aborted) return this.#failed(spans, result);
    }
  }

  #failed(spans: ReadableSpan[], { cause, message }: FailedAttempt): ExportResultCode {
    if (takesNone.has(cause)) this.#pausedUntilMs = performance.now() + askAgainAfterMs;
    this.#options.onOutcome({ lost: spans.length, cause, message });
    return ExportResultCode.FAILED;
  }
}
