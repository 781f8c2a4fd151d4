import { describe, expect, test, vi } from 'vitest';
import type { Reading } from '../../src/model/reading.ts';
import { SourceError, toSourceError } from '../../src/model/source-error.ts';
import {
  type Answer,
  FakeSource,
  after,
  clock,
  expectDueIn,
  failing,
  good,
  hour,
  minute,
  point,
  pollerOf,
  reading,
  refreshFor,
  refusing,
  second,
  shown,
  useSimulatedTime,
} from './fake-source.ts';

useSimulatedTime();

describe('when a read is due', () => {
  test('all who ask while a read is in flight wait for that one', async () => {
    const source = new FakeSource(after(5 * second, good));
    const poller = pollerOf(source);
    const ended: number[] = [];
    for (let i = 0; i < 5; i++) void poller.refresh().then(() => ended.push(performance.now()));
    await vi.advanceTimersByTimeAsync(5 * second);
    expect(source.reads).toBe(1);
    expect(new Set(ended).size).toBe(1);
    expect(ended).toHaveLength(5);
  });

  test('after an answer, an interval from its start, less a tenth for cycles that come early', async () => {
    const source = new FakeSource(good);
    const poller = pollerOf(source);
    await poller.refresh();
    await expectDueIn(poller, source, 54 * second);
    source.answer = after(5 * second, good);
    await vi.advanceTimersByTimeAsync(54 * second);
    await refreshFor(poller, 5 * second);
    source.answer = good;
    await expectDueIn(poller, source, 49 * second);
  });

  test('cycles that jitter by some milliseconds read every time', async () => {
    const source = new FakeSource(good);
    const poller = pollerOf(source);
    for (const jitterMs of [0, 9, -9, 7, -7, 3, -12, 12]) {
      await poller.refresh();
      await vi.advanceTimersByTimeAsync(minute + jitterMs);
    }
    expect(source.reads).toBe(8);
  });

  test.each([
    { random: 0, waits: [30, 60, 120, 240, 450, 450, 450] },
    { random: 0.5, waits: [45, 90, 180, 360, 675, 675, 675] },
    { random: 0.999, waits: [59.97, 119.94, 239.88, 479.76, 899.55, 899.55, 899.55] },
  ])('after failures in a row the wait doubles to 15 minutes, of which it is half to whole: random $random', async ({ random, waits }) => {
    const source = new FakeSource(failing);
    const poller = pollerOf(source, { random: () => random });
    await poller.refresh();
    for (const wait of waits) await expectDueIn(poller, source, wait * second);
  });

  test('an answer ends the doubling', async () => {
    const source = new FakeSource(failing);
    const poller = pollerOf(source);
    await poller.refresh();
    await expectDueIn(poller, source, 45 * second);
    source.answer = good;
    await expectDueIn(poller, source, 90 * second);
    source.answer = failing;
    await expectDueIn(poller, source, 54 * second);
    await expectDueIn(poller, source, 45 * second);
  });

  test('the back-off never makes an interval longer than 15 minutes shorter than its half', async () => {
    const source = new (class extends FakeSource {
      override readonly intervalMs = hour;
    })(failing);
    const poller = pollerOf(source, { random: () => 0 });
    await poller.refresh();
    for (let i = 0; i < 3; i++) await expectDueIn(poller, source, hour / 2);
  });

  test.each([
    { retryAfterMs: 10 * minute, dueInMs: 10 * minute },
    { retryAfterMs: 16 * minute, dueInMs: 16 * minute },
    { retryAfterMs: 7 * 24 * hour, dueInMs: 7 * 24 * hour },
    // Shorter than its own wait, or no wish at all.
    { retryAfterMs: 10 * second, dueInMs: 45 * second },
    { retryAfterMs: 0, dueInMs: 45 * second },
  ])('a Retry-After of $retryAfterMs ms makes it due in $dueInMs ms', async ({ retryAfterMs, dueInMs }) => {
    const source = new FakeSource(refusing(retryAfterMs));
    const poller = pollerOf(source);
    await poller.refresh();
    await expectDueIn(poller, source, dueInMs);
  });

  test('a Retry-After counts from the answer, not from the question', async () => {
    const source = new FakeSource(after(5 * second, refusing(10 * minute)));
    const poller = pollerOf(source);
    await refreshFor(poller, 5 * second);
    source.answer = good;
    await expectDueIn(poller, source, 10 * minute);

    const failure = new SourceError('rate_limited', 'answered 429', { retryAfterMs: 10 * minute });
    const other = new FakeSource(after(5 * second, () => Promise.resolve(reading(['total'], [failure]))));
    const partly = pollerOf(other);
    await refreshFor(partly, 5 * second);
    other.answer = good;
    await expectDueIn(partly, other, 10 * minute);
  });

  test.each([
    { failure: new SourceError('upstream', 'answered 500'), dueInMs: 54 * second },
    { failure: new SourceError('rate_limited', 'answered 429', { retryAfterMs: 10 * second }), dueInMs: minute },
    { failure: new SourceError('rate_limited', 'answered 429', { retryAfterMs: 90 * second }), dueInMs: 90 * second },
  ])('a part that failed with $failure.retryAfterMs ms of Retry-After does not back off, but keeps to that', async ({ failure, dueInMs }) => {
    const source = new FakeSource(() => Promise.resolve(reading(['total'], [failure])));
    const poller = pollerOf(source);
    await poller.refresh();
    for (let i = 0; i < 3; i++) await expectDueIn(poller, source, dueInMs);
  });

  test.each([0, 0.5, 0.999].flatMap((random) => [10 * second, minute].map((cycleMs) => ({ random, cycleMs }))))(
    'a source that fails for good is read at most 12 times in any hour: random $random, a cycle each $cycleMs ms',
    async ({ random, cycleMs }) => {
      const source = new FakeSource(failing);
      const poller = pollerOf(source, { random: () => random });
      for (let ms = 0; ms < 24 * hour; ms += cycleMs) {
        await poller.refresh();
        await vi.advanceTimersByTimeAsync(cycleMs);
      }
      const hours = source.startedAtMs.map((from) => source.startedAtMs.filter((ms) => ms >= from && ms < from + hour).length);
      expect(Math.max(...hours)).toBeLessThanOrEqual(12);
      // It is not given up either: 15 minutes, and the cycle after.
      const gaps = source.startedAtMs.map((ms, i) => ms - (source.startedAtMs[i - 1] ?? ms));
      expect(Math.max(...gaps)).toBeLessThanOrEqual(15 * minute + cycleMs);
    },
    20_000,
  );
});

describe('a part that fails while others answer', () => {
  /** A source of two parts, of which one is as told; it counts how often that is asked for. */
  class PartlySource extends FakeSource {
    readonly askedAtMs: number[] = [];

    constructor(part: Answer) {
      super(async (context) => {
        const read = (): Promise<Reading> => (this.askedAtMs.push(performance.now()), part(context));
        try {
          const { gauges } = await (context.part?.('part', read) ?? read());
          return { ...reading(['total']), gauges: [point('total'), ...gauges] };
        } catch (thrown) {
          return reading(['total'], [toSourceError(thrown)]);
        }
      });
    }
  }

  test.each([0, 0.5, 0.999])('is asked for at most 12 times in any hour, and the others each time: random %d', async (random) => {
    const source = new PartlySource(failing);
    const poller = pollerOf(source, { random: () => random });
    for (let minutes = 0; minutes < 6 * 60; minutes++) {
      await poller.refresh();
      expect(poller.last?.failures).toMatchObject([{ reason: 'upstream', message: 'answered 500' }]);
      await vi.advanceTimersByTimeAsync(minute);
    }
    expect(source.reads).toBe(6 * 60);
    const hours = source.askedAtMs.map((from) => source.askedAtMs.filter((ms) => ms >= from && ms < from + hour).length);
    expect(Math.max(...hours)).toBeLessThanOrEqual(12);
    const gaps = source.askedAtMs.map((ms, i) => ms - (source.askedAtMs[i - 1] ?? ms));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(16 * minute);
  });

  test('is shown no longer than any point, and again as soon as it answers; then its waits begin anew', async () => {
    let part: Answer = () => Promise.resolve(reading(['daily']));
    const source = new PartlySource((context) => part(context));
    const poller = pollerOf(source);
    const after = async (ms: number): Promise<unknown> => {
      await vi.advanceTimersByTimeAsync(ms);
      await poller.refresh();
      return [shown(poller).sort(), source.askedAtMs.length];
    };
    expect(await after(0)).toEqual([['daily', 'total'], 1]);
    part = failing;
    expect(await after(minute)).toEqual([['daily', 'total'], 2]);
    expect(await after(minute)).toEqual([['daily', 'total'], 3]);
    expect(await after(minute)).toEqual([['total'], 3]);
    part = () => Promise.resolve(reading(['daily']));
    expect(await after(minute)).toEqual([['daily', 'total'], 4]);
    expect(poller.last?.outcome).toBe('success');
    part = failing;
    await after(minute);
    expect(await after(minute)).toEqual([['daily', 'total'], 6]);
  });

  test('is left alone for as long as it asked, and does not hold the others up once more', async () => {
    const source = new PartlySource(refusing(5 * minute));
    const poller = pollerOf(source, { random: () => 0.999 });
    const readAtMs = (): number[] => source.startedAtMs.map((ms) => (ms - (source.startedAtMs[0] ?? 0)) / minute);
    for (let minutes = 0; minutes <= 16; minutes++) {
      await poller.refresh();
      await vi.advanceTimersByTimeAsync(minute);
    }
    // Its own waits of one, two and four minutes are shorter; the one of eight is not.
    expect(readAtMs()).toEqual([0, 5, 10, 15]);
    expect(source.askedAtMs).toHaveLength(4);
    for (let minutes = 17; minutes <= 23; minutes++) {
      await poller.refresh();
      await vi.advanceTimersByTimeAsync(minute);
    }
    expect(readAtMs()).toEqual([0, 5, 10, 15, 20, 21, 22, 23]);
    expect(source.askedAtMs).toHaveLength(5);
  });
});

describe('a machine that was suspended, of which the wall clock alone tells', () => {
  test('reads at once, and once', async () => {
    const source = new FakeSource(good);
    const poller = pollerOf(source);
    await poller.refresh();
    await vi.advanceTimersByTimeAsync(10 * second);
    clock.stepMs += 8 * hour;
    await poller.refresh();
    expect(source.reads).toBe(2);
    await expectDueIn(poller, source, 54 * second);
  });

  test('shows nothing that is older than three intervals by then', async () => {
    const poller = pollerOf(new FakeSource(good));
    await poller.refresh();
    clock.stepMs += 2 * minute;
    expect(shown(poller)).toEqual(['total']);
    expect(poller.isFresh).toBe(true);
    await vi.advanceTimersByTimeAsync(50 * second);
    clock.stepMs += 10 * second;
    expect(shown(poller)).toEqual([]);
    expect(poller.isFresh).toBe(false);
  });

  test('counts the time in which a read was under way', async () => {
    const poller = pollerOf(new FakeSource(after(2 * second, (context) => ((clock.stepMs += 8 * hour), good(context)))));
    await refreshFor(poller, 2 * second);
    expect(shown(poller)).toEqual([]);
    expect(poller.isFresh).toBe(false);
  });
});

describe('a wall clock that is set ahead', () => {
  test.each([
    ['a back-off', failing, 45 * second],
    ['a Retry-After', refusing(10 * minute), 10 * minute],
    ['a Retry-After of a part', () => Promise.resolve(reading(['total'], [new SourceError('rate_limited', 'answered 429', { retryAfterMs: 10 * minute })])), 10 * minute],
  ])('does not shorten %s, however often', async (_what, answer, dueInMs) => {
    const source = new FakeSource(answer);
    const poller = pollerOf(source);
    await poller.refresh();
    for (let jumps = 0; jumps < 5; jumps++) {
      clock.stepMs += hour;
      await poller.refresh();
    }
    expect(source.reads).toBe(1);
    await expectDueIn(poller, source, dueInMs);
  });

  test('costs a read for as many small steps as make up an interval', async () => {
    const source = new FakeSource(good);
    const poller = pollerOf(source);
    for (let steps = 0; steps <= 54; steps++) {
      await poller.refresh();
      clock.stepMs += 11 * second;
    }
    expect(source.reads).toBe(1 + Math.floor(54 / 5));
  });

  test('and back again costs one read', async () => {
    const source = new FakeSource(good);
    const poller = pollerOf(source);
    await poller.refresh();
    for (let times = 0; times < 20; times++) {
      clock.stepMs = times % 2 === 0 ? hour : 0;
      await poller.refresh();
    }
    expect(source.reads).toBe(2);
  });

  test('by no more than clocks are slewed changes nothing', async () => {
    const source = new FakeSource(good);
    const poller = pollerOf(source);
    await poller.refresh();
    clock.stepMs = 10 * second;
    await expectDueIn(poller, source, 54 * second);
  });
});

describe('a wall clock that is set back', () => {
  test('changes nothing of when a read is due', async () => {
    const source = new FakeSource(good);
    const poller = pollerOf(source);
    await poller.refresh();
    clock.stepMs = -hour;
    await expectDueIn(poller, source, 54 * second);
    source.answer = failing;
    await expectDueIn(poller, source, 54 * second);
    clock.stepMs = -2 * hour;
    await expectDueIn(poller, source, 45 * second);
  });

  test('changes nothing of how long a point is shown, but for what ends at an instant', async () => {
    const source = new FakeSource(() => Promise.resolve(reading(['total', point('daily', new Date('2026-11-21T12:30:00Z'))])));
    const poller = pollerOf(source, { random: () => 0.999 });
    await poller.refresh();
    source.answer = failing;
    clock.stepMs = -hour;
    expect(shown(poller)).toEqual(['total', 'daily']);
    await vi.advanceTimersByTimeAsync(3 * minute - 1);
    expect(shown(poller)).toEqual(['total', 'daily']);
    await vi.advanceTimersByTimeAsync(1);
    expect(shown(poller)).toEqual([]);
  });
});

test.each([hour, -hour])('a wall clock that is put by %i ms gives no other duration', async (byMs) => {
  const poller = pollerOf(new FakeSource(after(2 * second, (context) => ((clock.stepMs = byMs), good(context)))));
  await refreshFor(poller, 2 * second);
  expect(poller.last?.durationMs).toBe(2 * second);
});
