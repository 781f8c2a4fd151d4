import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import {
  AggregationTemporality,
  InstrumentType,
  type PushMetricExporter,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { setTimeout as sleep } from 'node:timers/promises';
import { cleanText } from '../model/text.ts';
import type { AttemptResult, Sender } from './attempt.ts';
import { type ExportOutcome, combine, isDelivered } from './outcome.ts';
import { decide, firstBackOffMs, shareOf } from './retry.ts';

/** What a {@link DeliveringExporter} is made of. */
export interface ExporterOptions {
  /** Every backend gets every point. */
  readonly senders: readonly Sender[];
  /** Longest time from the beginning of a cycle to the end of its delivery, retries included. */
  readonly deadlineMs: number;
  /** Longest time one attempt may take. */
  readonly attemptMs: number;
  readonly random: () => number;
  /** Longest wait before the second attempt; a second if absent. */
  readonly backOffMs?: number;
  /** Told what became of each cycle's points; not where there is nobody to send to. */
  readonly onOutcome: (outcome: ExportOutcome) => void;
}

/**
 * Delivers each cycle's metrics or says that it could not: the SDK's flush and shutdown resolve either way, so the
 * outcome is told to `onOutcome` and kept in {@link last}.
 */
export class DeliveringExporter implements PushMetricExporter {
  readonly #options: ExporterOptions;
  #last: ExportOutcome | undefined;
  #cycleEndsAtMs = Number.POSITIVE_INFINITY;
  #endsAtMs = Number.POSITIVE_INFINITY;
  #cycle = new AbortController();
  #closed = false;

  constructor(options: ExporterOptions) {
    this.#options = options;
  }

  /** What became of the points of the cycle that began last; undefined before its end, and when it had nothing to deliver. */
  get last(): ExportOutcome | undefined {
    return this.#last;
  }

  /** A cycle begins: its collection and its delivery share one deadline, so that it ends before the next one. */
  beginCycle(): void {
    this.#last = undefined;
    this.#cycle = new AbortController();
    this.#cycleEndsAtMs = performance.now() + this.#options.deadlineMs;
  }

  /**
   * From now on no delivery goes on past this long from now; for `once`, and for a shutdown. The cycle that is under way
   * gets half of it: the last push needs time of its own.
   */
  endWithin(leftMs: number): void {
    this.#endsAtMs = performance.now() + leftMs;
    const underWay = this.#cycle;
    setTimeout(() => underWay.abort(), Math.max(0, leftMs / 2)).unref();
  }

  /** DELTA for observable gauges: only so does one that is no longer observed disappear. The wire form is the same. */
  selectAggregationTemporality(instrumentType: InstrumentType): AggregationTemporality {
    return instrumentType === InstrumentType.OBSERVABLE_GAUGE
      ? AggregationTemporality.DELTA
      : AggregationTemporality.CUMULATIVE;
  }

  export(metrics: ResourceMetrics, resultCallback: (result: ExportResult) => void): void {
    if (this.#closed) {
      resultCallback({ code: ExportResultCode.FAILED, error: new Error('the exporter is closed') });
      return;
    }
    this.#deliver(metrics).then(
      (outcome) => {
        if (isDelivered(outcome)) resultCallback({ code: ExportResultCode.SUCCESS });
        else resultCallback({ code: ExportResultCode.FAILED, error: new Error(outcome.message ?? 'points were lost') });
      },
      (error: unknown) => resultCallback({ code: ExportResultCode.FAILED, error: error as Error }),
    );
  }

  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  /** Nothing is sent from now on. */
  shutdown(): Promise<void> {
    this.#closed = true;
    for (const sender of this.#options.senders) sender.close();
    return Promise.resolve();
  }

  async #deliver(metrics: ResourceMetrics): Promise<ExportOutcome> {
    const points = countPoints(metrics);
    // A collection waits for half of the time at most; one that took longer, on a machine out of breath, is worth the overrun.
    this.#cycleEndsAtMs = Math.max(this.#cycleEndsAtMs, performance.now() + this.#options.deadlineMs / 2);
    const { signal } = this.#cycle;
    const outcomes = await Promise.all(
      this.#options.senders.map((sender) => this.#deliverTo(sender, metrics, points, signal)),
    );
    const outcome = combine(points, outcomes);
    this.#last = outcome;
    if (outcomes.length > 0) this.#options.onOutcome(outcome);
    return outcome;
  }

  async #deliverTo(sender: Sender, metrics: ResourceMetrics, points: number, stop: AbortSignal): Promise<ExportOutcome> {
    const { attemptMs, random, backOffMs = firstBackOffMs } = this.#options;
    for (let attempts = 1; ; attempts++) {
      const result = await attempt(sender, metrics, Math.min(attemptMs, shareOf(this.#leftMs())), stop);
      if (result.status === 'acknowledged') return taken(sender, points, result);
      const decision = decide(result, { attempts, leftMs: this.#leftMs(), random: random(), backOffMs });
      const goesOn = decision.action === 'retry' && (await slept(decision.waitMs, stop));
      if (goesOn) continue;
      const message = attempts === 1 ? result.message : `${result.message} (after ${attempts} attempts)`;
      return { acknowledged: 0, rejected: 0, lost: points, cause: result.cause, message };
    }
  }

  #leftMs(): number {
    return Math.min(this.#cycleEndsAtMs, this.#endsAtMs) - performance.now();
  }
}

/** One attempt. Whatever the sender does, its points are accounted for. */
async function attempt(sender: Sender, metrics: ResourceMetrics, timeoutMs: number, stop: AbortSignal): Promise<AttemptResult> {
  try {
    return await sender.send(metrics, timeoutMs, stop);
  } catch (error) {
    const text = error instanceof Error ? cleanText(error.message) : 'unknown error';
    return { status: 'failed', retryable: false, reconnect: false, cause: 'internal', message: `${sender.target}: ${text}` };
  }
}

/** False when it was stopped. */
function slept(waitMs: number, stop: AbortSignal): Promise<boolean> {
  return sleep(waitMs, true, { signal: stop }).catch(() => false);
}

function taken(sender: Sender, points: number, result: AttemptResult & { status: 'acknowledged' }): ExportOutcome {
  const { rejectedPoints, message } = result;
  // A backend may claim anything; never count more than was sent.
  const rejected = rejectedPoints > 0 ? Math.min(points, Math.trunc(rejectedPoints)) : 0;
  if (rejected === 0) {
    const warning = message === undefined ? {} : { warning: `${sender.target}: ${message}` };
    return { acknowledged: points, rejected, lost: 0, ...warning };
  }
  const why = message ?? 'no reason given';
  const text = `${sender.target} rejected ${rejected} of ${points} points: ${why}`;
  return { acknowledged: points - rejected, rejected, lost: 0, cause: 'rejected', message: text };
}

function countPoints(metrics: ResourceMetrics): number {
  let points = 0;
  for (const scope of metrics.scopeMetrics) for (const metric of scope.metrics) points += metric.dataPoints.length;
  return points;
}
