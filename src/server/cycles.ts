import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { type Clock, type Moment, elapsedMs, momentOf } from '../model/clock.ts';

/** What {@link Cycles} goes by. */
export interface CyclesOptions {
  readonly clock: Clock;
  readonly intervalMs: number;
  /** Longest time of a cycle's delivery. */
  readonly timeoutMs: number;
  /** Longest time of one read: the first cycle waits for no longer. */
  readonly readDeadlineMs: number;
  /** Whether the last cycle's metrics are kept, for scrapers: a large organization's are tens of megabytes. Default true. */
  readonly keepsMetrics?: boolean;
  /** Whether somebody is to acknowledge what is pushed; not where metrics are only scraped. */
  readonly pushes: boolean;
}

/** A cycle's metrics as scrapers see them, before any is cut for a backend: cumulative. */
export interface CycleSnapshot {
  readonly metrics: ResourceMetrics;
  /** When they were collected. */
  readonly at: Date;
  /** How long that took. */
  readonly durationMs: number;
  readonly ageMs: number;
}

/** Cycles that may fail to come before what the last one said is too old to be shown. */
const shownForIntervals = 3;

/** Cycles can be short; a machine out of breath is no stuck loop. */
const shownForAtLeastMs = 10_000;

/** What became of the agent's cycles, for whoever asks in between: the last one's metrics, and whether cycles still come. */
export class Cycles {
  readonly #options: CyclesOptions;
  #last: (Omit<CycleSnapshot, 'ageMs'> & { readonly collectedAt: Moment }) | undefined;
  #signOfLifeMs: number;
  #acknowledged: boolean | undefined;
  #heldUntil: Date | undefined;

  constructor(options: CyclesOptions) {
    this.#options = options;
    this.#signOfLifeMs = options.clock.monotonicMs();
  }

  /** A cycle has been collected; without metrics when that failed. Must be told before the cycle's delivery. */
  collected(metrics: ResourceMetrics | undefined, durationMs: number): void {
    const { clock } = this.#options;
    this.#signOfLifeMs = clock.monotonicMs();
    if (metrics === undefined) return;
    const { keepsMetrics = true } = this.#options;
    this.#last = { metrics: keepsMetrics ? metrics : { ...metrics, scopeMetrics: [] }, at: clock.now(), durationMs, collectedAt: momentOf(clock) };
  }

  /** A cycle's points have been delivered, or not. @param heldUntil a backend asked for so long to be sent nothing. */
  delivered(acknowledged: boolean, heldUntil?: Date): void {
    this.#acknowledged = acknowledged;
    this.#heldUntil = heldUntil;
  }

  /** Until when a backend is sent nothing, as it asked at the last delivery; undefined where none did. */
  get heldUntil(): Date | undefined {
    return this.#heldUntil;
  }

  /** The last cycle; undefined before the first. */
  get last(): CycleSnapshot | undefined {
    if (this.#last === undefined) return undefined;
    const { collectedAt, ...last } = this.#last;
    return { ...last, ageMs: elapsedMs(collectedAt, momentOf(this.#options.clock)) };
  }

  /** The same while it is true enough to be shown: for three intervals. */
  get current(): CycleSnapshot | undefined {
    const longestMs = Math.max(shownForIntervals * this.#options.intervalMs, shownForAtLeastMs);
    const { last } = this;
    return last !== undefined && last.ageMs <= longestMs ? last : undefined;
  }

  /**
   * Whether cycles come, whatever becomes of their reads and deliveries; the first one may take its time. While the machine is
   * suspended none is missed.
   */
  get isAlive(): boolean {
    const { clock, intervalMs, timeoutMs, readDeadlineMs } = this.#options;
    const longestMs = Math.max(shownForIntervals * intervalMs, shownForAtLeastMs) + timeoutMs + readDeadlineMs;
    return clock.monotonicMs() - this.#signOfLifeMs <= longestMs;
  }

  /** Whether the last delivery was acknowledged in full; true where there is none to be made, undefined before the first. */
  get isDelivered(): boolean | undefined {
    return this.#options.pushes ? this.#acknowledged : true;
  }
}
