import type { Expected } from './expected.ts';
import type { WrittenPoint } from './otlp-json.ts';

/** The point without its times. */
export function withoutTimes({ startMs, timeMs, ...point }: WrittenPoint): Expected {
  void [startMs, timeMs];
  return point;
}

/** Sorted by metric and attributes, which the protocol gives no order. */
export function inOrder(points: readonly Expected[]): Expected[] {
  const series = ({ metric, attributes }: Expected): string => metric + JSON.stringify(Object.entries(attributes).sort());
  return [...points].sort((a, b) => (series(a) < series(b) ? -1 : 1));
}

/** The points of one metric. */
export function of(points: readonly WrittenPoint[], metric: string): WrittenPoint[] {
  return points.filter((point) => point.metric === metric);
}
