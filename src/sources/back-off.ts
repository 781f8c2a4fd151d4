import type { Clock } from '../model/clock.ts';

/** Longest wait between two attempts, unless the interval is longer. */
const maxBackOffMs = 15 * 60 * 1000;

/** What a {@link BackOff} is made of. */
export interface BackOffOptions {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** What the wait begins with. */
  readonly intervalMs: number;
}

/**
 * The wait after failures in a row: an interval, doubled each time up to 15 minutes, each between half and the whole of it, and
 * never shorter than was asked for. It is monotonic, so that no setting of the wall clock shortens it.
 */
export class BackOff {
  readonly #options: BackOffOptions;
  #failuresInARow = 0;
  #untilMs = Number.NEGATIVE_INFINITY;

  constructor(options: BackOffOptions) {
    this.#options = options;
  }

  /** Whether the wait goes on. */
  get isOn(): boolean {
    return this.#options.clock.monotonicMs() < this.#untilMs;
  }

  /** Another attempt has failed. @param retryAfterMs how long it asked to be left alone; 0: no wish. */
  failed(retryAfterMs: number): void {
    const { clock, random, intervalMs } = this.#options;
    const wholeMs = Math.min(intervalMs * 2 ** this.#failuresInARow, Math.max(maxBackOffMs, intervalMs));
    this.#failuresInARow += 1;
    const ownMs = wholeMs * (0.5 + random() / 2);
    this.#untilMs = clock.monotonicMs() + Math.max(ownMs, retryAfterMs);
  }

  /** An attempt went well. @param retryAfterMs as for {@link failed}: a part of it may have been refused. */
  succeeded(retryAfterMs: number): void {
    this.#failuresInARow = 0;
    this.#untilMs = this.#options.clock.monotonicMs() + retryAfterMs;
  }
}
