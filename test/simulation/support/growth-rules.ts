import { type DataPoint, type MetricData, type ResourceMetrics, AggregationTemporality, DataPointType } from '@opentelemetry/sdk-metrics';
import { dayStart } from '../../../src/model/calendar.ts';
import { type Report, type ReportId, type TotalName, totalNames } from '../../../src/model/report.ts';
import { DeltaBackend, type SeenPoint, exported } from '../../totals/support/backends.ts';
import { holds, same } from '../../totals/support/broken.ts';
import { keyOf, periodAt } from '../../totals/support/expected.ts';

/** Sums of doubles are off by less than this. */
const tolerance = 1e-6;

/** One series of one period, and what it grew by since its report was first read. */
interface Grown {
  readonly report: ReportId;
  /** Of a report's days, what the last reading said. */
  readonly days: Map<number, bigint>;
  sum: bigint;
  /** What the first reading showed. */
  base: bigint;
  /** By the last reading, which is less than the highest where something was restated downwards. */
  least: bigint;
  most: bigint;
}

/**
 * What a backend of deltas may get of the totals: every use that came after the first reading, once, whatever happens; of what was
 * restated downwards between two readings as much as was sent by then.
 */
export class GrowthRules {
  readonly #known = new Set<ReportId>();
  readonly #series = new Map<string, Map<string, Grown>>();
  readonly #metrics = new Map<string, TotalName>();
  readonly #backend = new DeltaBackend();
  /** What had come when a report was read for the first time again, by ids. */
  readonly #before = new Map<string, number>();
  points = 0;

  /** A report was read whole. */
  take(report: Report): void {
    const [fromMs, toMs] = [report.from.getTime(), report.to.getTime()];
    const isFirst = !this.#known.has(report.id);
    this.#known.add(report.id);
    for (const series of this.#of(report.id)) {
      for (const [day, value] of series.days) {
        if (day < fromMs || day >= toMs) continue;
        series.sum -= value;
        series.days.delete(day);
      }
    }
    for (const { metric, bucketStart, attributes, value } of report.cells) {
      const day = dayStart(bucketStart.getTime());
      const series = this.#at(keyOf(metric, '', attributes), metric, periodAt(report.id, day).name, report.id);
      series.sum += value;
      series.days.set(day, (series.days.get(day) ?? 0n) + value);
    }
    for (const series of this.#of(report.id)) {
      if (isFirst) series.base = positive(series.sum);
      series.least = positive(positive(series.sum) - series.base);
      if (series.least > series.most) series.most = series.least;
    }
  }

  /** A point arrived. @throws {Broken} */
  see(point: SeenPoint): void {
    const { key, isDelta } = point;
    holds(isDelta, () => `${key} is a whole total`);
    this.points += 1;
    this.#backend.see(point);
    this.#checkMost(key);
  }

  /** The backend refused a point for good. */
  refuse(point: SeenPoint): void {
    this.#backend.refuse(point);
  }

  /** Another process goes on with these reports, from what the one before has kept; the others it reads for the first time. */
  restart(goesOn: ReadonlySet<ReportId>): void {
    for (const report of [...this.#known].filter((known) => !goesOn.has(known))) this.#known.delete(report);
    for (const [ids, periods] of this.#series) {
      for (const [period, series] of periods) {
        if (this.#known.has(series.report)) {
          series.days.clear();
          series.sum = 0n;
        } else {
          periods.delete(period);
          this.#before.set(ids, this.#everCame(ids));
        }
      }
    }
  }

  /** Nothing is under way any more: all of it has come. @throws {Broken} */
  checkAll(): void {
    for (const [ids, periods] of this.#series) {
      this.#checkMost(ids);
      const least = this.#shown(ids, [...periods.values()].reduce((sum, series) => sum + series.least, 0n));
      const came = this.#came(ids);
      holds(came >= least - tolerance, () => `${ids}: ${came} came of ${least}`);
    }
  }

  #checkMost(ids: string): void {
    const most = this.#shown(ids, [...(this.#series.get(ids)?.values() ?? [])].reduce((sum, series) => sum + series.most, 0n));
    const came = this.#came(ids);
    holds(came <= most + tolerance, () => `${ids}: ${came} came of ${most}`);
  }

  #shown(ids: string, value: bigint): number {
    const metric = this.#metrics.get(ids);
    return metric === undefined ? 0 : exported(metric, value);
  }

  #came(ids: string): number {
    return this.#everCame(ids) - (this.#before.get(ids) ?? 0);
  }

  #everCame(ids: string): number {
    return (this.#backend.sums.get(ids) ?? 0) + (this.#backend.refused.get(ids) ?? 0);
  }

  *#of(report: ReportId): Generator<Grown> {
    for (const periods of this.#series.values()) for (const series of periods.values()) if (series.report === report) yield series;
  }

  #at(ids: string, metric: TotalName, period: string, report: ReportId): Grown {
    let periods = this.#series.get(ids);
    if (periods === undefined) this.#series.set(ids, (periods = new Map<string, Grown>()));
    this.#metrics.set(ids, metric);
    let series = periods.get(period);
    if (series === undefined) periods.set(period, (series = { report, days: new Map<number, bigint>(), sum: 0n, base: 0n, least: 0n, most: 0n }));
    return series;
  }
}

/** A counter is never negative, nor does it fall. */
function positive(value: bigint): bigint {
  return value > 0n ? value : 0n;
}

/** One point of the agent's own counters and histograms. */
interface OwnPoint {
  readonly key: string;
  /** Of a histogram, how often something was counted. */
  readonly value: number;
  readonly dataPoint: DataPoint<unknown>;
  readonly isDelta: boolean;
}

/** What a backend may get of one process's own counters as deltas: all that they count, once. */
export class OwnGrowthRules {
  readonly #backend = new DeltaBackend();
  #counted = new Map<string, number>();

  /** A collection: what was counted so far. */
  collected(metrics: ResourceMetrics): void {
    this.#counted = new Map([...ownCounters(metrics)].map(({ key, value }) => [key, value]));
  }

  see(metrics: ResourceMetrics): void {
    for (const point of ownCounters(metrics)) {
      holds(point.isDelta, () => `${point.key} is no delta`);
      this.#backend.see(seen(point));
      holds(this.#came(point.key) <= (this.#counted.get(point.key) ?? 0), () => `${point.key}: ${this.#came(point.key)} came of ${this.#counted.get(point.key) ?? 0}`);
    }
  }

  refuse(metrics: ResourceMetrics): void {
    for (const point of ownCounters(metrics)) this.#backend.refuse(seen(point));
  }

  /** Nothing is under way any more: all of it has come. */
  checkAll(): void {
    for (const [key, value] of this.#counted) same(this.#came(key), value, () => `what came of ${key}`);
  }

  #came(key: string): number {
    return (this.#backend.sums.get(key) ?? 0) + (this.#backend.refused.get(key) ?? 0);
  }
}

function seen({ key, value, dataPoint, isDelta }: OwnPoint): SeenPoint {
  // The backend asks for the name of none.
  return { metric: 'claude.tokens', key, value, dataPoint, isDelta };
}

function* ownCounters({ scopeMetrics }: ResourceMetrics): Generator<OwnPoint> {
  for (const { metrics } of scopeMetrics) {
    for (const metric of metrics) {
      if (!isCounter(metric) || totalNames.some((name) => name === metric.descriptor.name)) continue;
      for (const dataPoint of metric.dataPoints as DataPoint<number | { readonly count: number }>[]) {
        const { attributes, value } = dataPoint;
        const key = JSON.stringify([metric.descriptor.name, Object.entries(attributes).sort()]);
        const isDelta = metric.aggregationTemporality === AggregationTemporality.DELTA;
        yield { key, value: typeof value === 'number' ? value : value.count, dataPoint, isDelta };
      }
    }
  }
}

function isCounter(metric: MetricData): boolean {
  return metric.dataPointType === DataPointType.HISTOGRAM || (metric.dataPointType === DataPointType.SUM && metric.isMonotonic);
}
