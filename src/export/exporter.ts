import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import {
  AggregationTemporality,
  InstrumentType,
  type PushMetricExporter,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { setTimeout as sleep } from 'node:timers/promises';
import { type OpenSpan, type Spans, inSpan, noSpans } from '../model/spans.ts';
import { cleanText } from '../model/text.ts';
import { CycleSpans } from '../telemetry/cycle-spans.ts';
import type { Sender } from './attempt.ts';
import { Delivery } from './delivery.ts';
import { Hold } from './hold.ts';
import { type ExportOutcome, type RequestResult, combine, isDelivered, summary, total, worst } from './outcome.ts';
import { Requests, countPoints } from './request.ts';
import { firstBackOffMs } from './retry.ts';

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
  /**
   * Awaited once at the beginning of each delivery; what it gives is counted and sent in place of the metrics. The cycle's points
   * are lost when it rejects, or has not ended at the deadline.
   */
  readonly prepare?: (metrics: ResourceMetrics) => Promise<ResourceMetrics>;
  /** Told how many points a cycle has, as its delivery begins; not where there is nobody to send to. */
  readonly onProduced?: (points: number) => void;
  /** Told what became of them, in all and by request: the three numbers add up to that. */
  readonly onOutcome: (outcome: ExportOutcome, requests: readonly RequestResult[]) => void;
  /** Gets a span of each delivery, below the cycle’s. */
  readonly spans?: Spans;
  readonly cycle?: CycleSpans;
}

/**
 * Delivers each cycle's metrics or says that it could not: the SDK's flush and shutdown resolve either way, so the
 * outcome is told to `onOutcome` and kept in {@link last}.
 */
export class DeliveringExporter implements PushMetricExporter {
  readonly #options: ExporterOptions;
  readonly #cycleSpans: CycleSpans;
  /** Of each sender. */
  readonly #backends: readonly { readonly sender: Sender; readonly hold: Hold }[];
  #last: ExportOutcome | undefined;
  #cycleEndsAtMs = Number.POSITIVE_INFINITY;
  #endsAtMs = Number.POSITIVE_INFINITY;
  #cycle = new AbortController();
  #closed = false;

  constructor(options: ExporterOptions) {
    this.#options = options;
    this.#cycleSpans = options.cycle ?? new CycleSpans(options.spans ?? noSpans);
    this.#backends = options.senders.map((sender) => ({ sender, hold: new Hold() }));
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
    this.#cycleSpans.delivering(() => this.#deliver(metrics)).then(
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
    // A collection waits for half of the time at most; one that took longer, on a machine out of breath, is worth the overrun.
    this.#cycleEndsAtMs = Math.max(this.#cycleEndsAtMs, performance.now() + this.#options.deadlineMs / 2);
    const { signal: stop } = this.#cycle;
    const { senders, onProduced, onOutcome, spans = noSpans } = this.#options;
    const { outcome, results } = await inSpan(spans, { name: 'export' }, async (span) => {
      const delivered = await this.#prepared(metrics, stop).then(
        (prepared) => (senders.length === 0 ? { outcome: nothingOwed, results: [] } : this.#sent(prepared, stop)),
        (error: unknown) => {
          if (senders.length > 0) onProduced?.(countPoints(metrics));
          return unprepared(metrics, stop, error);
        },
      );
      describe(delivered, span);
      return delivered;
    });
    this.#last = outcome;
    if (senders.length > 0) onOutcome(outcome, results);
    return outcome;
  }

  /** @throws what `prepare` throws, and when the time is over, or it was stopped, before that has ended. */
  async #prepared(metrics: ResourceMetrics, stop: AbortSignal): Promise<ResourceMetrics> {
    const { prepare } = this.#options;
    if (prepare === undefined) return metrics;
    const done = new AbortController();
    const end = sleep(Math.max(0, this.#leftMs()), undefined, { signal: AbortSignal.any([stop, done.signal]) });
    try {
      return await Promise.race([Promise.resolve(metrics).then(prepare), end.then(() => Promise.reject(new Error('that took all the time of the cycle')))]);
    } finally {
      done.abort();
    }
  }

  /** Whatever happens, the points are accounted for. */
  async #sent(metrics: ResourceMetrics, stop: AbortSignal): Promise<Delivered> {
    const points = countPoints(metrics);
    this.#options.onProduced?.(points);
    return this.#send(metrics, stop).catch((error: unknown) => {
      const message = `the points could not be sent: ${error instanceof Error ? cleanText(error.message) : 'unknown error'}`;
      return { outcome: { ...nothingOwed, lost: points, cause: 'internal', message }, results: [{ metrics, settled: 'lost' as const }] };
    });
  }

  async #send(metrics: ResourceMetrics, stop: AbortSignal): Promise<Delivered> {
    const { attemptMs, random, backOffMs = firstBackOffMs } = this.#options;
    const requests = new Requests(metrics);
    const leftMs = (): number => this.#leftMs();
    const settlements = await Promise.all(
      this.#backends.map(({ sender, hold }) => new Delivery(sender, requests, { attemptMs, random, backOffMs, leftMs, stop, hold }).run()),
    );
    const summaries = settlements.map((own, index) => held(summary(own.map(({ outcome }) => outcome)), this.#backends[index]?.hold));
    const each = requests.made.map((request, index) => {
      const own = settlements.flatMap((all) => all[index] ?? []);
      const outcome = combine(request.points, own.map(({ outcome: of }) => of));
      return { outcome, result: { metrics: request.metrics, settled: worst(own.map(({ settled }) => settled)) } };
    });
    const outcome = { ...combine(requests.points, summaries), ...total(each.map(({ outcome: of }) => of)) };
    return { outcome, results: each.map(({ result }) => result) };
  }

  #leftMs(): number {
    return Math.min(this.#cycleEndsAtMs, this.#endsAtMs) - performance.now();
  }
}

/** What became of a cycle, in all and by request. */
interface Delivered {
  readonly outcome: ExportOutcome;
  readonly results: readonly RequestResult[];
}

function describe({ outcome, results }: Delivered, span: OpenSpan): void {
  const { acknowledged, rejected, lost, cause = 'internal' } = outcome;
  span.set({
    'claude_usage_metrics.export.requests': results.length,
    'claude_usage_metrics.export.points.acknowledged': acknowledged,
    'claude_usage_metrics.export.points.rejected': rejected,
    'claude_usage_metrics.export.points.lost': lost,
  });
  if (!isDelivered(outcome)) span.failed(cause);
}

/** Says for how long the backend gets nothing more. */
function held(outcome: ExportOutcome, hold: Hold | undefined): ExportOutcome {
  if (hold?.until === undefined || isDelivered(outcome)) return outcome;
  return { ...outcome, ...(outcome.message !== undefined && { message: outcome.message + hold.note }), heldUntil: hold.until };
}

const nothingOwed: ExportOutcome = { acknowledged: 0, rejected: 0, lost: 0 };

function unprepared(metrics: ResourceMetrics, stop: AbortSignal, error: unknown): Delivered {
  const [cause, why] = stop.aborted ? ['stopped', 'the agent was stopped'] : ['internal', error instanceof Error ? cleanText(error.message) : 'unknown error'];
  const message = `the points could not be made ready for sending: ${why}`;
  return { outcome: { ...nothingOwed, lost: countPoints(metrics), cause, message }, results: [{ metrics, settled: 'lost' }] };
}
