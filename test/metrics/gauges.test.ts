import { expect, test } from 'vitest';
import { valueAt } from '../../src/metrics/gauges.ts';
import { attributeSet } from '../../src/model/attributes.ts';
import type { GaugePoint } from '../../src/model/reading.ts';

const noon = new Date('2026-11-21T12:00:00.000Z');
const later = (ms: number): Date => new Date(noon.getTime() + ms);
const point = (value: GaugePoint['value']): GaugePoint => ({ metric: 'claude.usage.elapsed', value, attributes: attributeSet({}) });

test('a number is itself', () => {
  expect(valueAt(point(0.42), noon)).toBe(0.42);
});

test.each([
  [90_000, 90],
  [1_999, 1],
  [999, 0],
  [0, 0],
  [-1, 0],
  [-3_600_000, 0],
])('an instant %i ms ahead is %i whole seconds away', (ms, seconds) => {
  expect(valueAt(point({ kind: 'seconds_until', instant: later(ms) }), noon)).toBe(seconds);
});

test.each([
  [10_000, 0],
  [7_500, 0.25],
  [0, 1],
  [-5_000, 1],
  [25_000, 0],
])('of a window of 10 s that ends in %i ms the share %d is gone', (ms, share) => {
  expect(valueAt(point({ kind: 'share_elapsed', end: later(ms), lengthMs: 10_000 }), noon)).toBe(share);
});
