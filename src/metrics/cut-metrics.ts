import type { DataPoint, SumMetricData } from '@opentelemetry/sdk-metrics';
import { AggregationTemporality } from '@opentelemetry/sdk-metrics';
import { millisToHrTime } from '@opentelemetry/core';
import type { TotalName } from '../model/report.ts';
import type { CutPoint, PendingCut } from '../model/sent-totals.ts';
import { sumMetric, totalValue } from './total-metrics.ts';

/** A cut as metrics: the same points, object by object, at each collection until they are settled. */
export class CutMetrics {
  readonly #startMs: number;
  readonly #endMs: number;
  readonly #points = new Map<DataPoint<unknown>, CutPoint>();

  constructor({ startMs, endMs, points }: PendingCut) {
    this.#startMs = startMs;
    this.#endMs = endMs;
    const [startTime, endTime] = [millisToHrTime(startMs), millisToHrTime(endMs)];
    for (const point of points) {
      const { metric, attributes, value } = point;
      this.#points.set({ startTime, endTime, attributes, value: totalValue(metric, value) }, point);
    }
  }

  /** How many points are not settled yet. */
  get size(): number {
    return this.#points.size;
  }

  /** What is not settled yet; undefined when all is. */
  get pending(): PendingCut | undefined {
    if (this.#points.size === 0) return undefined;
    return { startMs: this.#startMs, endMs: this.#endMs, points: [...this.#points.values()] };
  }

  /** The points that are not settled yet. */
  metrics(): SumMetricData[] {
    const byMetric = new Map<TotalName, DataPoint<number>[]>();
    for (const [dataPoint, { metric }] of this.#points) {
      const list = byMetric.get(metric) ?? [];
      byMetric.set(metric, list);
      list.push(dataPoint as DataPoint<number>);
    }
    return [...byMetric].map(([metric, dataPoints]) => sumMetric(metric, AggregationTemporality.DELTA, dataPoints));
  }

  /** A backend has taken this point, or refused it for good. */
  settle(dataPoint: DataPoint<unknown>): void {
    this.#points.delete(dataPoint);
  }
}
