import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import {
  AggregationTemporality,
  InstrumentType,
  type PushMetricExporter,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Sender } from './attempt.ts';
import type { ExportOutcome } from './outcome.ts';
import { isDelivered } from './outcome.ts';
import { decide } from './retry.ts';

/** What a {@link DeliveringExporter} is made of. */
export interface ExporterOptions {
  /** Every backend gets every point. */
  readonly senders: readonly Sender[];
  /** Longest time one cycle's delivery may take, retries included. */
  readonly deadlineMs: number;
  /** Longest time one attempt may take. */
  readonly attemptMs: number;
  readonly random: () => number;
  /** Told what became of each cycle's points. */
  readonly onOutcome: (outcome: ExportOutcome) => void;
}

/** An attempt gets a third of what is left, so that two more fit, but never less than this. */
const shortestAttemptMs = 1_000;

/**
 * Delivers each cycle's metrics or says that it could not: the SDK's flush and shutdown resolve either way, so the
 * outcome is told to `onOutcome` and kept in {@link last}.
 */
export class DeliveringExporter implements PushMetricExporter {
  readonly #options: ExporterOptions;
  #last: ExportOutcome | undefined;
  #endsAtMs = Number.POSITIVE_INFINITY;

  constructor(options: ExporterOptions) {
    this.#options = options;
  }

  /** What became of the last cycle's points; undefined before the first. */
  get last(): ExportOutcome | undefined {
    return this.#last;
  }

  /** From now on no delivery goes on past this long from now; for `once`, and for a shutdown. */
  endWithin(leftMs: number): void {
    this.#endsAtMs = performance.now() + leftMs;
  }

  /** DELTA for observable gauges: only so does one that is no longer observed disappear. The wire form is the same. */
  selectAggregationTemporality(instrumentType: InstrumentType): AggregationTemporality {
    return instrumentType === InstrumentType.OBSERVABLE_GAUGE
      ? AggregationTemporality.DELTA
      : AggregationTemporality.CUMULATIVE;
  }

  export(metrics: ResourceMetrics, resultCallback: (result: ExportResult) => void): void {
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

  async shutdown(): Promise<void> {
    await Promise.allSettled(this.#options.senders.map((sender) => sender.close()));
  }

  async #deliver(metrics: ResourceMetrics): Promise<ExportOutcome> {
    const points = countPoints(metrics);
    const endsAtMs = Math.min(performance.now() + this.#options.deadlineMs, this.#endsAtMs);
    const outcomes = await Promise.all(
      this.#options.senders.map((sender) => this.#deliverTo(sender, metrics, points, endsAtMs)),
    );
    const outcome = outcomes.reduce(add, { acknowledged: 0, rejected: 0, lost: 0 });
    this.#last = outcome;
    this.#options.onOutcome(outcome);
    return outcome;
  }

  async #deliverTo(sender: Sender, metrics: ResourceMetrics, points: number, endsAtMs: number): Promise<ExportOutcome> {
    for (let attempts = 1; ; attempts++) {
      const leftMs = endsAtMs - performance.now();
      const shareMs = Math.max(leftMs / 3, Math.min(leftMs, shortestAttemptMs));
      const result = await sender.send(metrics, Math.max(1, Math.min(this.#options.attemptMs, shareMs)));
      if (result.status === 'acknowledged') {
        const rejected = Math.min(points, result.rejectedPoints);
        if (rejected === 0) return { acknowledged: points, rejected, lost: 0 };
        const why = result.message ?? 'no reason given';
        return {
          acknowledged: points - rejected,
          rejected,
          lost: 0,
          message: `${sender.target} rejected ${rejected} of ${points} points: ${why}`,
        };
      }
      const decision = decide(result, attempts, endsAtMs - performance.now(), this.#options.random());
      if (decision.action === 'done') return { acknowledged: 0, rejected: 0, lost: points, message: result.message };
      await sleep(decision.waitMs);
    }
  }
}

function add(sum: ExportOutcome, next: ExportOutcome): ExportOutcome {
  const message = [sum.message, next.message].filter((text) => text !== undefined).join('; ');
  return {
    acknowledged: sum.acknowledged + next.acknowledged,
    rejected: sum.rejected + next.rejected,
    lost: sum.lost + next.lost,
    ...(message !== '' && { message }),
  };
}

function countPoints(metrics: ResourceMetrics): number {
  let points = 0;
  for (const scope of metrics.scopeMetrics) for (const metric of scope.metrics) points += metric.dataPoints.length;
  return points;
}
