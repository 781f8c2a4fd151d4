/** Time as the agent sees it; injected, so that tests need not wait. */
export interface Clock {
  /** Wall-clock time. */
  now(): Date;
  /** Milliseconds that only ever rise, whatever is done to the wall clock; they may stand still while the machine is suspended. */
  monotonicMs(): number;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
};

/** A moment by both clocks. */
export interface Moment {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** What the clock shows now. */
export function momentOf(clock: Clock): Moment {
  return { wallMs: clock.now().getTime(), monotonicMs: clock.monotonicMs() };
}

/** A wall clock is slewed by half a millisecond a second at most (adjtimex(2)): five seconds in the three hours that anything is shown by default. */
const longestSlewMs = 10_000;

/**
 * How much older something is at the later moment, in milliseconds. On Linux monotonic time stands still while the machine is
 * suspended (`CLOCK_MONOTONIC`), so where the wall clock has gone on for longer, that counts. One that was set ahead cannot
 * be told from that and counts as well; one that was set back changes nothing.
 */
export function elapsedMs(from: Moment, to: Moment): number {
  const monotonicMs = to.monotonicMs - from.monotonicMs;
  const wallMs = to.wallMs - from.wallMs;
  return wallMs - monotonicMs > longestSlewMs ? wallMs : monotonicMs;
}

/** Timers count in signed 32-bit milliseconds, 24 days; a longer one would fire at once (https://nodejs.org/api/timers.html). */
export const longestTimerMs = 2 ** 31 - 1;
