import { expect } from 'vitest';
import type { Expected } from './expected.ts';
import type { WrittenPoint } from './otlp-json.ts';

/** What makes a point one series: metric and attributes. */
export function seriesOf({ metric, attributes }: Pick<WrittenPoint, 'metric' | 'attributes'>): string {
  return metric + JSON.stringify(Object.entries(attributes).sort());
}

/** Sorted by series, which the protocol gives no order. */
export function inOrder<Point extends Pick<WrittenPoint, 'metric' | 'attributes'>>(points: readonly Point[]): Point[] {
  return [...points].sort((a, b) => (seriesOf(a) < seriesOf(b) ? -1 : 1));
}

/** Asserts that these are the points, all of them of one time, and no others. */
export function expectPoints(written: readonly WrittenPoint[], timeMs: number, expected: readonly Expected[], what?: string): void {
  const timed = expected.map((point) => ({ ...point, timeMs, startMs: expect.any(Number) as number }));
  expect(inOrder(written), what).toEqual(inOrder(timed));
}
