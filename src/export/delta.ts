import type { HrTime } from '@opentelemetry/api';
import { hrTimeToMilliseconds, millisToHrTime } from '@opentelemetry/core';
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  type HistogramMetricData,
  type MetricData,
  type ResourceMetrics,
  type SumMetricData,
} from '@opentelemetry/sdk-metrics';
import { totalNames } from '../model/report.ts';
import type { RequestResult } from './outcome.ts';

type CumulativeMetric = SumMetricData | HistogramMetricData;

const totals: ReadonlySet<string> = new Set(totalNames);

/**
 * Makes deltas of cumulative counters and histograms. A cut of their growth, once made, is sent unchanged until a backend has
 * taken it or refused it for good; later growth waits for the next cut. The SDK's own deltas are gone with a push that fails.
 * Gauges pass, and so do totals, whose growth the ledger cuts, which knows what was sent before this process: with `lowmemory`
 * they are to stay what they are.
 */
export class DeltaStage {
  readonly #cutTo = new Map<string, { readonly endTime: HrTime; readonly value: number | Histogram }>();
  /** Points that are not settled yet, with the metric that each belongs to. */
  #pending = new Map<DataPoint<unknown>, CumulativeMetric>();

  /** The same collection with each counter's growth in place of its total; without those that have not grown. */
  cut({ resource, scopeMetrics }: ResourceMetrics): ResourceMetrics {
    const makesCut = this.#pending.size === 0;
    const kept = scopeMetrics.map(({ scope, metrics }) => {
      const others: MetricData[] = [];
      for (const metric of metrics) {
        if (!isCutHere(metric)) others.push(metric);
        else if (makesCut) this.#cutMetric(scope.name, metric);
      }
      return { scope, metrics: others };
    });
    const [first, ...rest] = kept;
    if (first === undefined) return { resource, scopeMetrics: [] };
    return { resource, scopeMetrics: [{ ...first, metrics: [...first.metrics, ...this.#growth()] }, ...rest] };
  }

  /** What became of a cut's points. */
  settle(requests: readonly RequestResult[]): void {
    if (this.#pending.size === 0) return;
    for (const { metrics, settled } of requests) {
      if (settled === 'lost') continue;
      for (const { metrics: ofScope } of metrics.scopeMetrics) {
        for (const { dataPoints } of ofScope) for (const dataPoint of dataPoints) this.#pending.delete(dataPoint);
      }
    }
  }

  #growth(): MetricData[] {
    const points = new Map<CumulativeMetric, DataPoint<unknown>[]>();
    for (const [dataPoint, metric] of this.#pending) {
      const list = points.get(metric) ?? [];
      points.set(metric, list);
      list.push(dataPoint);
    }
    return [...points].map(([metric, dataPoints]) => {
      return { ...metric, aggregationTemporality: AggregationTemporality.DELTA, dataPoints } as MetricData;
    });
  }

  #cutMetric(scope: string, metric: CumulativeMetric): void {
    for (const point of metric.dataPoints as DataPoint<number | Histogram>[]) {
      const key = JSON.stringify([scope, metric.descriptor.name, Object.entries(point.attributes).sort()]);
      const last = this.#cutTo.get(key);
      const value = growthOf(last?.value, point.value);
      if (value === undefined) continue;
      // The SDK may go on counting in its own object.
      this.#cutTo.set(key, { endTime: point.endTime, value: structuredClone(point.value) });
      this.#pending.set({ ...point, startTime: before(point.endTime, last?.endTime ?? point.startTime), value }, metric);
    }
  }
}

function isCutHere(metric: MetricData): metric is CumulativeMetric {
  const { dataPointType, aggregationTemporality } = metric;
  if (aggregationTemporality !== AggregationTemporality.CUMULATIVE || totals.has(metric.descriptor.name)) return false;
  return dataPointType === DataPointType.HISTOGRAM || (dataPointType === DataPointType.SUM && metric.isMonotonic);
}

/** A clock that was set back makes the stretch a short one; what grew is the same. */
function before(endTime: HrTime, startTime: HrTime): HrTime {
  const [seconds, nanoseconds] = endTime;
  if (startTime[0] < seconds || (startTime[0] === seconds && startTime[1] < nanoseconds)) return startTime;
  return millisToHrTime(hrTimeToMilliseconds(endTime) - 1);
}

/** Undefined where nothing grew. */
function growthOf(before: number | Histogram | undefined, now: number | Histogram): number | Histogram | undefined {
  if (typeof now === 'number') {
    const growth = now - (typeof before === 'number' ? before : 0);
    return growth > 0 ? growth : undefined;
  }
  const known = typeof before === 'object' ? before : undefined;
  const count = now.count - (known?.count ?? 0);
  if (count <= 0) return undefined;
  const counts = now.buckets.counts.map((bucket, index) => bucket - (known?.buckets.counts[index] ?? 0));
  // Lowest and highest of a stretch cannot be told from those of the whole time.
  return { buckets: { boundaries: now.buckets.boundaries, counts }, sum: (now.sum ?? 0) - (known?.sum ?? 0), count };
}
