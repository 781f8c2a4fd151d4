import { longestTimerMs } from '../model/clock.ts';
import type { Poller } from './poller.ts';

/** How much longer than for the others a source is waited for. */
export const patienceMs = 1_000;

/**
 * Patience is counted in so many quiet moments, not by the clock: while the process itself is out of breath no answer could
 * have been seen, and that is nobody's delay.
 */
const moments = 20;

/**
 * The reads of several sources, waited for together: until all have ended, or none has for a second. So a source that hangs
 * costs the others a second, whichever of them is the slowest; and a read that outlived one wait is not waited for again.
 */
export class Reads {
  readonly #pollers: readonly Poller[];
  /** Reads that outlived a wait, until another one begins after their end, or they were told. */
  readonly #outlived = new Set<Promise<void>>();
  #wait: Promise<void> | undefined;

  constructor(pollers: readonly Poller[]) {
    this.#pollers = pollers;
  }

  /**
   * Starts what is due, and resolves when the wait for all of it is over. Who asks while there is a wait joins that one.
   * @param longestMs end of the wait however many reads go on to end.
   */
  settled(longestMs: number = Number.POSITIVE_INFINITY): Promise<void> {
    this.#wait ??= this.#waitForAll(longestMs).finally(() => {
      this.#wait = undefined;
    });
    return this.#wait;
  }

  /** The same, but for one source: over at once when its own read has ended. */
  async of(poller: Poller, longestMs: number): Promise<void> {
    const wait = this.settled(longestMs);
    await Promise.race([poller.refresh(), wait]);
  }

  /**
   * Resolves with true when one of the reads that outlived a wait has ended, and then, for another second, none; with false if
   * there is none. Starts nothing.
   */
  async late(): Promise<boolean> {
    const late = [...this.#outlived];
    if (late.length === 0) return false;
    await Promise.race(late);
    const open = await untilQuiet(late, Number.POSITIVE_INFINITY);
    for (const read of late) if (!open.has(read)) this.#outlived.delete(read);
    return true;
  }

  async #waitForAll(longestMs: number): Promise<void> {
    const underWay = new Set(this.#pollers.map(({ inFlight }) => inFlight));
    for (const read of this.#outlived) if (!underWay.has(read)) this.#outlived.delete(read);
    const reads = this.#pollers.map((poller) => poller.refresh()).filter((read) => !this.#outlived.has(read));
    for (const read of await untilQuiet(reads, longestMs)) this.#outlived.add(read);
  }
}

/** Waits until all have ended, or none has for a second, or the longest time is over. @returns those that go on. */
async function untilQuiet(reads: readonly Promise<void>[], longestMs: number): Promise<ReadonlySet<Promise<void>>> {
  const open = new Set(reads);
  if (open.size === 0) return open;
  const { promise: over, resolve: end } = Promise.withResolvers<undefined>();
  let isOver = false;
  let quiet = 0;
  const patience = setInterval(() => {
    if (++quiet >= moments) end(undefined);
  }, patienceMs / moments);
  const longest = setTimeout(() => end(undefined), Math.min(longestMs, longestTimerMs));
  for (const read of open) {
    void read.then(() => {
      // A timer that was let go would begin again.
      if (isOver) return;
      open.delete(read);
      quiet = 0;
      patience.refresh();
      if (open.size === 0) end(undefined);
    });
  }
  await over;
  isOver = true;
  clearInterval(patience);
  clearTimeout(longest);
  return open;
}
