import { setTimeout as sleep } from 'node:timers/promises';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { ExportAnswer } from './answer.ts';
import type { BytesSender, FailedAttempt } from './attempt.ts';
import { Hold, longestHoldMs } from './hold.ts';
import { decide, firstBackOffMs, leastAttemptMs, shareOf } from './retry.ts';

/** What a {@link DeliveringSpanExporter} is made of. */
export interface SpanExporterOptions {
  readonly sender: BytesSender;
  /** Longest time of a batch with its retries. */
  readonly timeoutMs: number;
  /** Longest time one attempt may take. */
  readonly attemptMs: number;
  readonly random: () => number;
  /** Told how each batch fared, also of those that are not sent. */
  readonly onOutcome: (outcome: SpanOutcome) => void;
  /** Longest wait before the second attempt; a second if absent. */
  readonly backOffMs?: number;
}

/** What became of a batch. The three numbers add up to its spans. */
export interface SpanOutcome {
  readonly acknowledged: number;
  /** Refused by a backend that took the rest (partial success). */
  readonly rejected: number;
  readonly lost: number;
  /** What kind of failure it was, the same each time it happens; absent when the backend took the batch. */
  readonly cause?: string;
  /** Why, for people; or what a backend that took the batch has to say. */
  readonly message?: string;
  /** So long nothing is sent to the backend: it asked for that, or takes no traces. */
  readonly heldUntil?: Date;
}

/** Causes that say that this backend takes no traces at all. */
const takesNone = new Set(['UNIMPLEMENTED', '404', '405', '415']);

/** It is asked again after this long: it may have been taught meanwhile. */
const askAgainAfterMs = longestHoldMs;

/** Delivers batches of spans, tried again as OTLP allows; nothing else waits for it. */
export class DeliveringSpanExporter implements SpanExporter {
  readonly #options: SpanExporterOptions;
  readonly #stop = new AbortController();
  readonly #noMoreTries = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  readonly #hold = new Hold();

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
    const { sender, timeoutMs, attemptMs, random, backOffMs = firstBackOffMs } = this.#options;
    const { signal: stop } = this.#stop;
    const { signal: noMoreTries } = this.#noMoreTries;
    const startedMs = performance.now();
    const leftMs = (): number => startedMs + timeoutMs - performance.now();
    if (stop.aborted) return this.#failed(spans, stopped);
    for (let held = this.#hold.failed; held !== undefined; held = this.#hold.failed) {
      const waitMs = this.#hold.untilMs - performance.now();
      if (noMoreTries.aborted || waitMs + leastAttemptMs > leftMs()) return this.#failed(spans, held);
      await this.#waited(waitMs);
    }
    const body = ProtobufTraceSerializer.serializeRequest(spans);
    if (body === undefined) return this.#failed(spans, unwritable);
    for (let attempts = 1; ; attempts++) {
      const result = await sender.send({ body }, Math.min(attemptMs, shareOf(leftMs())), stop);
      if (result.status === 'acknowledged') return this.#taken(spans, result);
      if (takesNone.has(result.cause)) this.#hold.keep(result, askAgainAfterMs);
      else this.#hold.ask(result);
      const decision = decide(result, { attempts, leftMs: leftMs(), random: random(), backOffMs });
      if (decision.action === 'retry') await this.#waited(decision.waitMs);
      if (decision.action === 'done' || noMoreTries.aborted) return this.#failed(spans, result);
    }
  }

  /** Ends at once when nothing is to be tried again. */
  async #waited(waitMs: number): Promise<void> {
    await sleep(Math.max(0, Math.ceil(waitMs)), undefined, { signal: this.#noMoreTries.signal }).catch(() => undefined);
  }

  #taken({ length }: ReadableSpan[], { rejectedPoints, message }: ExportAnswer): ExportResultCode {
    const { sender, onOutcome } = this.#options;
    // A backend may claim anything.
    const rejected = rejectedPoints > 0 ? Math.min(length, Math.trunc(rejectedPoints)) : 0;
    const numbers = { acknowledged: length - rejected, rejected, lost: 0 };
    if (rejected > 0) onOutcome({ ...numbers, cause: 'rejected', message: `${sender.target} rejected ${rejected} of ${length} spans: ${message ?? 'no reason given'}` });
    else onOutcome({ ...numbers, ...(message !== undefined && { message: `${sender.target}: ${message}` }) });
    return ExportResultCode.SUCCESS;
  }

  #failed({ length }: ReadableSpan[], { cause, message }: Pick<FailedAttempt, 'cause' | 'message'>): ExportResultCode {
    const { until: heldUntil, note } = this.#hold;
    this.#options.onOutcome({ acknowledged: 0, rejected: 0, lost: length, cause, message: message + note, ...(heldUntil && { heldUntil }) });
    return ExportResultCode.FAILED;
  }
}

const stopped = { cause: 'stopped', message: 'the agent was stopped before they were sent' };
const unwritable = { cause: 'internal', message: 'the spans could not be written' };
