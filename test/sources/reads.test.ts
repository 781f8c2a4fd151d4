import { expect, test, vi } from 'vitest';
import { Reads } from '../../src/sources/reads.ts';
import { type Answer, FakeSource, after, good, hanging, minute, pollerOf, second, useSimulatedTime } from './fake-source.ts';

useSimulatedTime();

function readsOf(...answers: readonly Answer[]): { readonly reads: Reads; readonly sources: readonly FakeSource[]; readonly pollers: ReturnType<typeof pollerOf>[] } {
  const sources = answers.map((answer) => new FakeSource(answer));
  const pollers = sources.map((source) => pollerOf(source));
  return { reads: new Reads(pollers), sources, pollers };
}

/** How long it took, in simulated time of which so much passes. */
async function timeOf(wait: Promise<unknown>, passes = 30 * second): Promise<number> {
  const startedMs = performance.now();
  let tookMs = Number.NaN;
  void wait.then(() => (tookMs = performance.now() - startedMs));
  await vi.advanceTimersByTimeAsync(passes);
  return tookMs;
}

test.each<[what: string, answers: readonly Answer[], waitMs: number]>([
  ['ends with the last read', [after(300, good), after(900, good)], 900],
  ['goes on while reads end', [after(300, good), after(1_200, good), after(2_100, good), after(3_000, good)], 3_000],
  ['ends a second after the last of the others when one hangs', [after(300, good), after(1_200, good), hanging], 2_200],
  ['ends after a second when all hang', [hanging, hanging], 1_000],
  ['is over where there is nothing to be read', [], 0],
])('a wait %s', async (_, answers, waitMs) => {
  expect(await timeOf(readsOf(...answers).reads.settled())).toBe(waitMs);
});

test('a wait has an end however many reads go on to end', async () => {
  const { reads } = readsOf(...[1, 2, 3, 4, 5].map((times) => after(times * 900, good)));
  expect(await timeOf(reads.settled(2_000))).toBe(2_000);
});

test('a source whose own read has ended is not held up by the others', async () => {
  const { reads, pollers } = readsOf(after(300, good), hanging);
  const startedMs = performance.now();
  const ends: number[] = [];
  const all = pollers.map((poller) => reads.of(poller, 10 * second).then(() => ends.push(performance.now() - startedMs)));
  await vi.advanceTimersByTimeAsync(30 * second);
  await Promise.all(all);
  expect(ends).toEqual([300, 1_300]);
});

test('a read that outlived one wait is not waited for again, and one that comes after it is', async () => {
  const { reads, sources } = readsOf(hanging);
  expect(await timeOf(reads.settled(), 5 * second)).toBe(1_000);
  expect(await timeOf(reads.settled(), 5 * second)).toBe(0);
  // The read's own deadline, and the wait after a failure.
  await vi.advanceTimersByTimeAsync(2 * minute);
  expect(await timeOf(reads.settled(), 30 * second)).toBe(1_000);
  expect(sources[0]?.reads).toBe(2);
});

test('reads that outlived a wait are told when they end, those that end together at once', async () => {
  const { reads } = readsOf(good, after(3 * second, good), after(3_500, good), after(8 * second, good));
  expect(await timeOf(reads.settled(), 2 * second)).toBe(1_000);
  expect(await timeOf(reads.late(), 3 * second)).toBe(2_500);
  expect(await timeOf(reads.late(), 5 * second)).toBe(3_000);
  expect(await reads.late()).toBe(false);
});

test('a read that ended before anybody asked for late ones is told, unless another wait began after its end', async () => {
  const { reads } = readsOf(after(3 * second, good));
  expect(await timeOf(reads.settled(), 4 * second)).toBe(1_000);
  expect(await timeOf(reads.late(), 0)).toBe(0);
  const { reads: others } = readsOf(after(3 * second, good));
  expect(await timeOf(others.settled(), 4 * second)).toBe(1_000);
  await others.settled();
  expect(await others.late()).toBe(false);
});

test('a wait starts what is due, once', async () => {
  const { reads, sources, pollers } = readsOf(after(500, good), after(500, good));
  const all = Promise.all(pollers.flatMap((poller) => [reads.of(poller, second), reads.of(poller, second)]));
  await vi.advanceTimersByTimeAsync(second);
  await all;
  await reads.settled();
  expect(sources.map((source) => source.reads)).toEqual([1, 1]);
});
