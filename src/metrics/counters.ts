import { attributeSet } from '../model/attributes.ts';
import type { SourceId } from '../model/reading.ts';
import { reasons } from '../model/reasons.ts';
import type { ReadResult } from '../sources/poller.ts';
import type { Instruments } from './instruments.ts';

interface SourceIdentity {
  readonly id: SourceId;
  readonly account: string;
}

const outcomes = ['acknowledged', 'rejected', 'lost'] as const;

/** How many points or spans had each outcome. */
type Outcome = Readonly<Record<(typeof outcomes)[number], number>>;

/** The agent's counts and durations of its own work. */
export class AgentCounters {
  readonly #instruments: Instruments;

  /**
   * Counters begin at zero, so that a backend that sees rises only sees the first one too.
   * @param sendsSpans whether the agent has traces of its own to be delivered.
   */
  constructor(instruments: Instruments, sources: readonly SourceIdentity[], sendsSpans: boolean) {
    this.#instruments = instruments;
    const reads = instruments.counter('claude_usage_metrics.source.reads');
    for (const { id, account } of sources) {
      for (const outcome of ['success', ...reasons]) reads.add(0, attributeSet({ account, source: id, outcome }));
    }
    for (const outcome of outcomes) {
      instruments.counter('claude_usage_metrics.export.points').add(0, attributeSet({ outcome }));
      if (sendsSpans) instruments.counter('claude_usage_metrics.export.spans').add(0, attributeSet({ outcome }));
    }
    this.produced(0);
  }

  /** A request to a source's upstream; without a status when no answer came. */
  request({ id, account }: SourceIdentity, status: number | undefined): void {
    const code = status === undefined ? {} : { 'http.response.status_code': String(status) };
    const requests = this.#instruments.counter('claude_usage_metrics.source.requests');
    requests.add(1, attributeSet({ account, source: id, ...code }));
  }

  /** A read of a source has ended. */
  read({ source, outcome, durationMs }: ReadResult): void {
    const own = { account: source.account, source: source.id };
    this.#instruments.counter('claude_usage_metrics.source.reads').add(1, attributeSet({ ...own, outcome }));
    this.#instruments.histogram('claude_usage_metrics.source.duration').record(durationMs / 1000, attributeSet(own));
  }

  /** A cycle has been collected. */
  collected(durationMs: number): void {
    this.#instruments.histogram('claude_usage_metrics.collect.duration').record(durationMs / 1000);
  }

  /** A cycle's points are on their way. */
  produced(points: number): void {
    this.#instruments.counter('claude_usage_metrics.export.points.produced').add(points);
    this.#instruments.upDownCounter('claude_usage_metrics.export.points.in_flight').add(points);
  }

  /** A cycle's points have been delivered, or not: in the same turn they are counted and in flight no more. */
  delivered(outcome: Outcome): void {
    this.#count('claude_usage_metrics.export.points', outcome);
    this.#instruments.upDownCounter('claude_usage_metrics.export.points.in_flight').add(-(outcome.acknowledged + outcome.rejected + outcome.lost));
  }

  /** Spans have been delivered, or not. */
  spans(outcome: Outcome): void {
    this.#count('claude_usage_metrics.export.spans', outcome);
  }

  #count(name: 'claude_usage_metrics.export.points' | 'claude_usage_metrics.export.spans', outcome: Outcome): void {
    const counter = this.#instruments.counter(name);
    for (const kind of outcomes) if (outcome[kind] > 0) counter.add(outcome[kind], attributeSet({ outcome: kind }));
  }
}
