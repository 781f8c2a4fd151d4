import { setImmediate } from 'node:timers/promises';

/** The turn of the event loop that the last of those who wait will have. */
let lastTurn: Promise<void> = Promise.resolve();

/**
 * Walks through long work without holding up the event loop: steps for `sliceMs` at a time, and lets everything else that
 * waits have its turn in between. Of several walks each has a turn of its own, so the longest wait of others is `sliceMs` and one step.
 * @param steps work that is done while it is walked, usually a generator that yields after each small part.
 * @returns what the walk returned at its end.
 * @throws what a step threw.
 */
export async function inSlices<T>(steps: Iterator<unknown, T>, sliceMs = 20): Promise<T> {
  for (;;) {
    const endMs = performance.now() + sliceMs;
    do {
      const step = steps.next();
      if (step.done === true) return step.value;
    } while (performance.now() < endMs);
    lastTurn = lastTurn.then(() => setImmediate());
    await lastTurn;
  }
}
