import { attributeSet } from '../model/attributes.ts';
import type { SourceId } from '../model/reading.ts';
import { reasons } from '../model/reasons.ts';
import type { ReadResult } from '../sources/poller.ts';
import type { Instruments } from './instruments.ts';

interface SourceIdentity {
  readonly id: SourceId;
  readonly account: string;
}

const pointOutcomes = ['acknowledged', 'rejected', 'lost'] as const;

/** The agent's counts and durations of its own work. */
export class AgentCounters {
  readonly #instruments: Instruments;

  /** Counters begin at zero, so that a backend that sees rises only sees the first one too. */
  constructor(instruments: Instruments, sources: readonly SourceIdentity[]) {
    this.#instruments = instruments;
    const reads = instruments.counter('claude_usage_metrics.source.reads');
    for (const { id, account } of sources) {
      for (const outcome of ['success', ...reasons]) reads.add(0, attributeSet({ account, source: id, outcome }));
    }
    const points = instruments.counter('claude_usage_metrics.export.points');
    for (const outcome of pointOutcomes) points.add(0, attributeSet({ outcome }));
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

  /** A cycle's points have been delivered, or not. */
  delivered(outcome: Readonly<Record<(typeof pointOutcomes)[number], number>>): void {
    const points = this.#instruments.counter('claude_usage_metrics.export.points');
    for (const kind of pointOutcomes) if (outcome[kind] > 0) points.add(outcome[kind], attributeSet({ outcome: kind }));
  }
}
