import { syncBuiltinESMExports } from 'node:module';
import fakeTimers from '@sinonjs/fake-timers';

const realSetImmediate = setImmediate;
const realNow = performance.now.bind(performance);

/** Time of the machine itself, in milliseconds, while everybody else's is virtual. */
export const machineMs = realNow;

/** Runs all promises that wait for no timer. */
function settle(): Promise<void> {
  return new Promise((resolve) => realSetImmediate(resolve));
}

/**
 * The time of one process: timers, `Date`, `performance.now` and `node:timers/promises` are virtual from its beginning to its
 * end. It goes on from timer to timer, and only when everything that waits for no timer has been done.
 */
export class VirtualTime {
  readonly #clock: ReturnType<typeof fakeTimers.install>;

  /** @param wallMs what the wall clock shows at the beginning. */
  constructor(wallMs: number) {
    this.#clock = fakeTimers.install({
      now: wallMs,
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'clearImmediate', 'Date', 'performance'],
    });
    syncBuiltinESMExports();
  }

  /** Timers that are set. */
  get timers(): number {
    return this.#clock.countTimers();
  }

  /** Goes on for so long. */
  async advance(ms: number): Promise<void> {
    let isOver = false;
    this.#clock.setTimeout(() => (isOver = true), ms);
    await settle();
    while (!isOver) {
      this.#clock.next();
      await settle();
    }
  }

  /** Goes on until the promise has settled, for so long at most. @returns whether it has. */
  async advanceUntil(promise: Promise<unknown>, longestMs: number): Promise<boolean> {
    let hasSettled = false;
    let isOver = false;
    const end = (): void => void (hasSettled = true);
    promise.then(end, end);
    const limit = this.#clock.setTimeout(() => (isOver = true), longestMs);
    await settle();
    while (!hasSettled && !isOver) {
      this.#clock.next();
      await settle();
    }
    this.#clock.clearTimeout(limit);
    return hasSettled;
  }

  /** The wall clock is set; nothing else changes. */
  setWall(wallMs: number): void {
    this.#clock.setSystemTime(wallMs);
  }

  /** The process is gone, and all that it waited for. */
  end(): void {
    this.#clock.uninstall();
    syncBuiltinESMExports();
  }
}
