import type { FailedAttempt } from './attempt.ts';

/**
 * Longest that nothing is sent because a backend asked for it. A clock that is wrong, a header of days or a hostile peer could
 * else silence the agent until its restart; a request an hour is a burden to nobody.
 */
export const longestHoldMs = 3_600_000;

interface Asked {
  readonly failed: FailedAttempt;
  readonly until: Date;
  readonly why: string;
}

/**
 * Until when a backend asked to be sent nothing, from one cycle to the next: whoever says "an hour" is not asked every minute.
 * What it did not get meanwhile is lost, or still owed where it is a delta. Not kept over a restart.
 */
export class Hold {
  #untilMs = Number.NEGATIVE_INFINITY;
  #asked: Asked | undefined;

  /** Nothing is sent before; of `performance.now()`. */
  get untilMs(): number {
    return this.#untilMs;
  }

  /** The same by the wall clock, as it was when that was asked for; undefined when it is over. */
  get until(): Date | undefined {
    return this.#current?.until;
  }

  /** The failure that it came with; undefined when it is over. */
  get failed(): FailedAttempt | undefined {
    return this.#current?.failed;
  }

  /** What to say of it behind a failure; empty when it is over. */
  get note(): string {
    const asked = this.#current;
    if (asked === undefined) return '';
    return `; ${asked.why}nothing is sent there before ${toSecond(asked.until)}`;
  }

  /** A backend has failed. One that does not say for how long changes nothing; of several wishes the latest end counts. */
  ask(failed: FailedAttempt): void {
    if (!failed.retryable || failed.retryAfterMs === undefined) return;
    const isTooLong = failed.retryAfterMs > longestHoldMs;
    const why = isTooLong ? 'it asks for more than an hour, which is not kept longer: ' : 'as it asks, ';
    this.keep(failed, isTooLong ? longestHoldMs : failed.retryAfterMs, why);
  }

  /** Nothing is sent for so long from now, whether that was asked for or not. */
  keep(failed: FailedAttempt, forMs: number, why = ''): void {
    const untilMs = performance.now() + forMs;
    if (untilMs <= this.#untilMs) return;
    this.#untilMs = untilMs;
    this.#asked = { failed, until: new Date(Date.now() + forMs), why };
  }

  get #current(): Asked | undefined {
    return this.#untilMs > performance.now() ? this.#asked : undefined;
  }
}

/** Never earlier than it is. */
function toSecond(at: Date): string {
  return new Date(Math.ceil(at.getTime() / 1_000) * 1_000).toISOString().replace('.000Z', 'Z');
}
