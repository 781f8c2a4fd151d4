/** Time as the agent sees it; injected, so that tests need not wait. */
export interface Clock {
  /** Wall-clock time. */
  now(): Date;
  /** Milliseconds that only ever rise, whatever is done to the wall clock. */
  monotonicMs(): number;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
};

/** Timers count in signed 32-bit milliseconds, 24 days; a longer one would fire at once (https://nodejs.org/api/timers.html). */
export const longestTimerMs = 2 ** 31 - 1;
