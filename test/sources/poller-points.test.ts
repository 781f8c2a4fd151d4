import { describe, expect, test, vi } from 'vitest';
import { SourceError } from '../../src/model/source-error.ts';
import {
  FakeSource,
  type Answer,
  after,
  clock,
  failing,
  good,
  minute,
  point,
  pollerOf,
  reading,
  refreshFor,
  second,
  shown,
  start,
  useSimulatedTime,
} from './fake-source.ts';

useSimulatedTime();

describe('what is shown', () => {
  test('a point ends with its own validity', async () => {
    const midnight = new Date('2026-11-21T12:00:30Z');
    const poller = pollerOf(new FakeSource(() => Promise.resolve(reading(['total', point('daily', midnight)]))));
    await poller.refresh();
    await vi.advanceTimersByTimeAsync(30 * second - 1);
    expect(shown(poller)).toEqual(['total', 'daily']);
    await vi.advanceTimersByTimeAsync(1);
    // An observation for an instant before, but after the fact.
    expect(shown(poller, start)).toEqual(['total']);
    expect(shown(poller)).toEqual(['total']);
  });

  test('a point is not true of an instant at its end, though that is still to come', async () => {
    const midnight = new Date('2026-11-21T12:00:30Z');
    const poller = pollerOf(new FakeSource(() => Promise.resolve(reading([point('daily', midnight)]))));
    await poller.refresh();
    expect(shown(poller, midnight)).toEqual([]);
    expect(shown(poller)).toEqual(['daily']);
  });

  test('a point is gone three intervals after the read that had it began', async () => {
    const source = new FakeSource(after(10 * second, good));
    const poller = pollerOf(source);
    await refreshFor(poller, 10 * second);
    source.answer = failing;
    for (let i = 0; i < 5; i++) {
      await poller.refresh();
      expect(shown(poller)).toEqual(['total']);
      await vi.advanceTimersByTimeAsync(33 * second);
    }
    await vi.advanceTimersByTimeAsync(5 * second - 1);
    expect(shown(poller)).toEqual(['total']);
    await vi.advanceTimersByTimeAsync(1);
    expect(shown(poller)).toEqual([]);
    expect(poller.last?.outcome).toBe('upstream');
  });

  test('a success replaces everything that was known', async () => {
    const source = new FakeSource(() => Promise.resolve(reading(['total', 'daily'])));
    const poller = pollerOf(source);
    await poller.refresh();
    source.answer = () => Promise.resolve(reading(['weekly']));
    await vi.advanceTimersByTimeAsync(minute);
    await poller.refresh();
    expect(shown(poller)).toEqual(['weekly']);
  });

  test('a partial reading replaces what it has, and the rest ages on', async () => {
    const source = new FakeSource(() => Promise.resolve(reading(['total', 'daily'])));
    const poller = pollerOf(source);
    await poller.refresh();
    const fresh = { ...point('total'), value: 2 };
    source.answer = () => Promise.resolve(reading([fresh], [new SourceError('schema', 'daily cannot be read')]));
    for (let i = 0; i < 2; i++) {
      await vi.advanceTimersByTimeAsync(minute);
      await poller.refresh();
      expect(poller.points(clock.now())).toEqual([fresh, point('daily')]);
    }
    await vi.advanceTimersByTimeAsync(minute);
    await poller.refresh();
    expect(poller.points(clock.now())).toEqual([fresh]);
  });

  test('a failure leaves what is still true', async () => {
    const source = new FakeSource(good);
    const poller = pollerOf(source);
    await poller.refresh();
    source.answer = failing;
    await vi.advanceTimersByTimeAsync(minute);
    await poller.refresh();
    expect(shown(poller)).toEqual(['total']);
  });
});

describe('what is said of a read', () => {
  test('the last success is of a whole reading only', async () => {
    const source = new FakeSource(failing);
    const poller = pollerOf(source);
    expect(poller.last).toBeUndefined();
    await poller.refresh();
    expect(poller.lastSuccessAt).toBeUndefined();
    source.answer = () => Promise.resolve(reading(['total'], [new SourceError('schema', 'a part')]));
    await vi.advanceTimersByTimeAsync(minute);
    await poller.refresh();
    expect(poller.last?.outcome).toBe('schema');
    expect(poller.lastSuccessAt).toBeUndefined();
    source.answer = after(2 * second, good);
    await vi.advanceTimersByTimeAsync(minute);
    await refreshFor(poller, 2 * second);
    expect(poller.last?.outcome).toBe('success');
    expect(poller.lastSuccessAt).toEqual(new Date(start.getTime() + 2 * minute + 2 * second));
    source.answer = failing;
    await vi.advanceTimersByTimeAsync(minute);
    await poller.refresh();
    expect(poller.lastSuccessAt).toEqual(new Date(start.getTime() + 2 * minute + 2 * second));
  });

  test('each read is told once, before those who wait for it go on', async () => {
    const told: string[] = [];
    const poller = pollerOf(new FakeSource(after(3 * second, good)), {
      onRead: ({ outcome, durationMs, failures }) => told.push(`${outcome} ${durationMs} ${failures.length}`),
    });
    const first = poller.refresh().then(() => told.push('first'));
    const second_ = poller.refresh().then(() => told.push('second'));
    await vi.advanceTimersByTimeAsync(3 * second);
    await Promise.all([first, second_]);
    expect(told[0]).toBe('success 3000 0');
    expect(told.slice(1).sort()).toEqual(['first', 'second']);
  });

  test.each<[string, Answer, string]>([
    ['throws at once', () => { throw new TypeError('no such thing'); }, 'unexpected TypeError'],
    ['throws a SourceError at once', () => { throw new SourceError('dns', 'no such host'); }, 'no such host'],
    ['rejects with text', rejecting('text'), 'unexpected string'],
    ['rejects with nothing', rejecting(null), 'unexpected object'],
  ])('a source that %s is a failed read, and no rejection', async (_name, answer, message) => {
    const poller = pollerOf(new FakeSource(answer));
    await expect(poller.refresh()).resolves.toBeUndefined();
    expect(poller.last).toMatchObject({ outcome: message === 'no such host' ? 'dns' : 'internal', failures: [{ message }] });
    await vi.advanceTimersByTimeAsync(minute);
    await expect(poller.refresh()).resolves.toBeUndefined();
  });
});

/** Rejects with any value at all. */
function rejecting(value: unknown): Answer {
  return (context) => {
    const aborted = AbortSignal.abort(value);
    return Promise.resolve().then(() => (aborted.throwIfAborted(), good(context)));
  };
}
