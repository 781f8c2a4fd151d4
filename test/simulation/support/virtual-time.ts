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

interface Going {
  isOver: boolean;
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
    const going: Going = { isOver: false };
    this.#clock.setTimeout(() => (going.isOver = true), ms);
    await settle();
    while (!going.isOver) {
      this.#clock.next();
      await settle();
    }
  }

  /** Goes on until the promise has settled, for so long at most. @returns whether it has. */
  async advanceUntil(promise: Promise<unknown>, longestMs: number): Promise<boolean> {
    const going: Going = { isOver: false };
    const waiting: Going = { isOver: false };
    const end = (): void => void (waiting.isOver = true);
    promise.then(end, end);
    const limit = this.#clock.setTimeout(() => (going.isOver = true), longestMs);
    await settle();
    while (!waiting.isOver && !going.isOver) {
      this.#clock.next();
      await settle();
    }
    this.#clock.clearTimeout(limit);
    return waiting.isOver;
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
