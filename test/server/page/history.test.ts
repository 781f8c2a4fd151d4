import { expect, test } from 'vitest';
import { History, slots } from '../../../src/server/page/history.ts';

const startMs = Date.parse('2026-11-10T00:00:00Z');
const minute = 60_000;
const hour = 60 * minute;

function at(ms: number): Date {
  return new Date(startMs + ms);
}

function values(entries: Readonly<Record<string, number>>): ReadonlyMap<string, number> {
  return new Map(Object.entries(entries));
}

/** Values that are known, with how many slots ago they were. */
function known(history: History, name: string, ms: number): [slotsAgo: number, value: number][] {
  return (history.line(name, at(ms)) ?? []).flatMap((value, index, line) =>
    value === undefined ? [] : [[line.length - 1 - index, value] as [number, number]],
  );
}

test('a line is the last value of every five minutes, with gaps where nothing was known', () => {
  const history = new History();
  history.add(at(0), values({ a: 0.1 }));
  history.add(at(2 * minute), values({ a: 0.2 }));
  history.add(at(6 * minute), values({ a: 0.3 }));
  history.add(at(11 * minute), values({}));
  history.add(at(16 * minute), values({ a: 0.5 }));
  expect(known(history, 'a', 17 * minute)).toEqual([[3, 0.2], [2, 0.3], [0, 0.5]]);
  expect(history.line('a', at(17 * minute))).toHaveLength(slots);
  expect(history.line('b', at(17 * minute))).toBeUndefined();
});

test('what is older than a day is gone, and a series with it', () => {
  const history = new History();
  for (let ms = 0; ms < 30 * hour; ms += minute) history.add(at(ms), values({ a: ms / hour }));
  const line = known(history, 'a', 30 * hour - minute);
  expect(line).toHaveLength(slots);
  expect(Math.min(...line.map(([, value]) => value))).toBeGreaterThan(5.9);
  history.add(at(60 * hour), values({ b: 1 }));
  expect(history.line('a', at(60 * hour))).toBeUndefined();
  expect(history.size).toBe(1);
});

test('a gap of more than a day leaves nothing of the days before', () => {
  const history = new History();
  history.add(at(0), values({ a: 1, b: 1 }));
  history.add(at(23 * hour), values({ b: 2 }));
  history.add(at(46 * hour), values({ b: 3 }));
  expect(known(history, 'b', 46 * hour)).toEqual([[23 * 12, 2], [0, 3]]);
});

test('a clock that is set back writes over what then lies ahead', () => {
  const history = new History();
  history.add(at(0), values({ a: 1 }));
  history.add(at(2 * hour), values({ a: 2 }));
  history.add(at(hour), values({ a: 3 }));
  expect(known(history, 'a', 2 * hour)).toEqual([[24, 1], [12, 3]]);
  history.add(at(-48 * hour), values({ a: 4 }));
  expect(known(history, 'a', -48 * hour)).toEqual([[0, 4]]);
});

test('however many series come, no more than 256 are kept: those that go on before new ones, new ones before those that ended', () => {
  const history = new History();
  const many = (prefix: string, value: number): ReadonlyMap<string, number> =>
    new Map(Array.from({ length: 1000 }, (_, index) => [`${prefix}${index}`, value]));
  history.add(at(0), many('a', 1));
  expect(history.size).toBe(256);
  history.add(at(minute), new Map([...many('a', 2), ...many('b', 2)]));
  expect(history.size).toBe(256);
  expect(history.line('b0', at(minute))).toBeUndefined();
  expect(known(history, 'a0', minute)).toEqual([[0, 2]]);
  history.add(at(hour), many('c', 3));
  expect(history.size).toBe(256);
  expect(known(history, 'c0', hour)).toEqual([[0, 3]]);
  expect(history.line('a0', at(hour))).toBeUndefined();
});

test('what is no number leaves a gap', () => {
  const history = new History();
  history.add(at(0), values({ a: 1 }));
  history.add(at(5 * minute), values({ a: Number.NaN }));
  history.add(at(10 * minute), values({ a: Number.POSITIVE_INFINITY }));
  expect(known(history, 'a', 10 * minute)).toEqual([[2, 1]]);
});
