import type { Attributes, HrTime } from '@opentelemetry/api';
import { millisToHrTime } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import { AggregationTemporality, type CollectionResult, type DataPoint, type MetricData, type MetricProducer } from '@opentelemetry/sdk-metrics';
import type { Ledger } from '../ledger/ledger.ts';
import { type AttributeSet, attributeSet } from '../model/attributes.ts';
import { type Period, dayStart } from '../model/calendar.ts';
import type { Clock } from '../model/clock.ts';
import { toDollars } from '../model/money.ts';
import type { Names } from '../model/names.ts';
import { type ReportId, type TotalName, reportIds } from '../model/report.ts';
import { currentSpecs, ledgerSpecs, totalSpecs } from './catalogue.ts';
import { CutMetrics } from './cut-metrics.ts';
import { joinNames } from './join-names.ts';
import { counterMetric, gaugeMetric, sumMetric, totalValue } from './total-metrics.ts';

/** What a {@link TotalsProducer} is made of. */
export interface TotalsOptions {
  readonly ledger: Ledger;
  readonly account: string;
  readonly resource: Resource;
  readonly clock: Clock;
  readonly names: () => Names;
  /** Whether the first read of the names has ended, well or not: until then there are no totals, as a series named later would stand twice. */
  readonly isNamed: () => boolean;
  /** Whether people's names and e-mail addresses become attributes. */
  readonly owners: boolean;
  /** Whether anybody is told the totals themselves, and not only what they grow by. */
  readonly cumulative: boolean;
  /** Where the first cut begins, and the one before it if no backend has taken it yet. */
  readonly cuts: { readonly fromMs: number; readonly pending?: CutMetrics };
  /** Resolves when the reports that are due were read, or have been waited for long enough; never rejects. */
  readonly refreshed: () => Promise<void>;
  /** Walks through the ledger while nobody else does. */
  readonly walk: <T>(steps: () => Iterator<unknown, T>) => Promise<T>;
  /** Reports whose last reading is recent enough to speak of today. */
  readonly isFresh: (report: ReportId) => boolean;
}

/** Where scrapers are told something else than backends: each sees a first zero in its own time. */
export interface ScrapedTotals {
  /** What stands in place of a point that is pushed. */
  readonly points: Map<DataPoint<unknown>, DataPoint<number>>;
  /** Series that are scraped as their first zero. */
  readonly zeros: Set<object>;
}

/** The totals' scope; without a version, which would start every series anew. */
export const totalsScope = { name: 'claude-usage-metrics' };

/** So many points are made in one step. */
const stepSize = 250;

/**
 * The totals of the ledger as points with a start time of their own: the first instant of their period. The SDK's
 * counters cannot do that; they would start anew with each process, and drop what is over 2,000 series.
 */
export class TotalsProducer implements MetricProducer {
  readonly #options: TotalsOptions;
  readonly #startedAt: Date;
  /** Attributes as exported, by series and by ids: joined once, anew when the names change. */
  #ofSeries = new Map<object, Attributes>();
  #ofIds = new Map<AttributeSet, Attributes>();
  #joinedWith: Names | undefined;
  #zeros = new Map<DataPoint<unknown>, object>();
  #scraped: ScrapedTotals = { points: new Map(), zeros: new Set() };
  #cut: CutMetrics | undefined;
  #cutEndMs: number;

  constructor(options: TotalsOptions) {
    this.#options = options;
    this.#startedAt = options.clock.now();
    this.#cut = options.cuts.pending;
    this.#cutEndMs = options.cuts.fromMs;
  }

  /** Series that were to be pushed as their first zero at the last collection, by their points. */
  get zeros(): ReadonlyMap<DataPoint<unknown>, object> {
    return this.#zeros;
  }

  /** What is another thing to scrapers at the last collection. */
  get scraped(): ScrapedTotals {
    return this.#scraped;
  }

  /** The cut that is on its way. */
  get cut(): CutMetrics | undefined {
    return this.#cut;
  }

  /** Where the next cut begins. */
  get cutEndMs(): number {
    return this.#cutEndMs;
  }

  /** Never rejects: that would cancel the whole export. */
  async collect(): Promise<CollectionResult> {
    const { resource, refreshed, clock, walk } = this.#options;
    const at = clock.now();
    try {
      await refreshed();
      const metrics = await walk(() => this.#metrics(at));
      return { resourceMetrics: { resource, scopeMetrics: metrics.length === 0 ? [] : [{ scope: totalsScope, metrics }] }, errors: [] };
    } catch (error) {
      return { resourceMetrics: { resource, scopeMetrics: [] }, errors: [error] };
    }
  }

  /** What the totals grew by. A cut that is still on its way goes again as it is; only when there is none, another one is made. */
  async growth(): Promise<MetricData[]> {
    if ((this.#cut?.size ?? 0) === 0 && this.#options.isNamed()) {
      const endMs = this.#options.clock.now().getTime();
      const grown = await this.#options.walk(() => this.#options.ledger.cut());
      // A clock that was set back makes the stretch a short one; what grew is the same.
      const startMs = Math.min(this.#cutEndMs, endMs - 1);
      const points = grown.map(({ metric, attributes, value }) => ({ metric, attributes: this.#named(attributes), value }));
      this.#cut = new CutMetrics({ startMs, endMs, points });
      this.#cutEndMs = endMs;
    }
    return this.#cut?.metrics() ?? [];
  }

  *#metrics(at: Date): Generator<unknown, MetricData[]> {
    this.#zeros = new Map();
    this.#scraped = { points: new Map(), zeros: new Set() };
    if (!this.#options.isNamed()) return [...this.#ledger(at), ...this.#revisions(at)];
    this.#forgetOldNames();
    const totals = this.#options.cumulative ? yield* this.#totals(at) : [];
    return [...totals, ...(yield* this.#current(at)), ...this.#ledger(at), ...this.#revisions(at)];
  }

  *#totals(at: Date): Generator<unknown, MetricData[]> {
    const endTime = millisToHrTime(at.getTime());
    const points = new Map<TotalName, DataPoint<number>[]>();
    const joined = new Map<object, Attributes>();
    // One for all points of a period.
    const startTimes = new Map<Period, HrTime>();
    let walked = 0;
    for (const total of this.#options.ledger.totals()) {
      const attributes = this.#ofSeries.get(total.series) ?? { ...this.#named(total.attributes), period: total.period.name };
      joined.set(total.series, attributes);
      let startTime = startTimes.get(total.period);
      if (startTime === undefined) startTimes.set(total.period, (startTime = millisToHrTime(total.period.startMs)));
      const point = { startTime, endTime, attributes, value: totalValue(total.metric, total.value) };
      grouped(points, total.metric).push(point);
      if (total.zeroFor.pushed) this.#zeros.set(point, total.series);
      if (total.zeroFor.scraped) this.#scraped.zeros.add(total.series);
      if (total.scraped !== total.value) this.#scraped.points.set(point, { ...point, value: totalValue(total.metric, total.scraped) });
      if (++walked % stepSize === 0) yield;
    }
    // Series that are no longer published are forgotten.
    this.#ofSeries = joined;
    return [...points].map(([metric, dataPoints]) => sumMetric(metric, AggregationTemporality.CUMULATIVE, dataPoints));
  }

  /** What was used since 00:00 UTC, while the readings are recent enough to say so. */
  *#current(at: Date): Generator<unknown, MetricData[]> {
    const { ledger, isFresh } = this.#options;
    const endTime = millisToHrTime(at.getTime());
    const startTime = millisToHrTime(dayStart(at.getTime()));
    const points = new Map<keyof typeof currentSpecs, DataPoint<number>[]>();
    const joined = new Map<AttributeSet, Attributes>();
    let walked = 0;
    for (const report of reportIds) {
      if (!isFresh(report)) continue;
      for (const day of ledger.day(report, at)) {
        const name = `${day.metric}.current`;
        if (!isCurrentName(name)) continue;
        const attributes = this.#ofIds.get(day.attributes) ?? this.#named(day.attributes);
        joined.set(day.attributes, attributes);
        grouped(points, name).push({ startTime, endTime, attributes, value: totalValue(day.metric, day.value) });
        if (++walked % stepSize === 0) yield;
      }
    }
    this.#ofIds = joined;
    return [...points].map(([name, dataPoints]) => gaugeMetric(name, currentSpecs[name], dataPoints));
  }

  /** What the ledger says of itself. */
  #ledger(at: Date): MetricData[] {
    const endTime = millisToHrTime(at.getTime());
    const { account, ledger } = this.#options;
    const series: DataPoint<number>[] = [];
    const debts = { '{token}': new Map<ReportId, bigint>(), USD: new Map<ReportId, bigint>() };
    for (const { report, metric, debt, count } of ledger.state()) {
      const { unit } = totalSpecs[metric];
      if (unit === '{token}' || unit === 'USD') debts[unit].set(report, (debts[unit].get(report) ?? 0n) + debt);
      const attributes = attributeSet({ account, report, metric });
      if (count > 0) series.push({ startTime: endTime, endTime, attributes, value: count });
    }
    const points = (ofReports: ReadonlyMap<ReportId, bigint>, valueOf: (debt: bigint) => number): DataPoint<number>[] =>
      [...ofReports].map(([report, debt]) => ({ startTime: endTime, endTime, attributes: attributeSet({ account, report }), value: valueOf(debt) }));
    const [tokens, cost] = [points(debts['{token}'], Number), points(debts.USD, toDollars)];
    return [
      gaugeMetric('claude_usage_metrics.ledger.debt.tokens', ledgerSpecs['claude_usage_metrics.ledger.debt.tokens'], tokens),
      gaugeMetric('claude_usage_metrics.ledger.debt.cost', ledgerSpecs['claude_usage_metrics.ledger.debt.cost'], cost),
      gaugeMetric('claude_usage_metrics.ledger.series', ledgerSpecs['claude_usage_metrics.ledger.series'], series),
    ].filter(({ dataPoints }) => dataPoints.length > 0);
  }

  /** Restatements of what was read, from zero on, as all of the agent's own counters. */
  #revisions(at: Date): MetricData[] {
    const { ledger, account } = this.#options;
    const [startTime, endTime] = [millisToHrTime(this.#startedAt.getTime()), millisToHrTime(at.getTime())];
    const points = ledger.sentReports().flatMap(({ report }) =>
      Object.entries(ledger.revisions(report)).map(([direction, value]: [string, number]) => {
        return { startTime, endTime, attributes: attributeSet({ account, report, direction }), value };
      }),
    );
    const name = 'claude_usage_metrics.ledger.revisions';
    return points.length === 0 ? [] : [counterMetric(name, ledgerSpecs[name], points)];
  }

  #forgetOldNames(): void {
    const names = this.#options.names();
    if (this.#joinedWith === names) return;
    this.#ofSeries = new Map();
    this.#ofIds = new Map();
    this.#joinedWith = names;
  }

  #named(ids: AttributeSet): AttributeSet {
    const { names, owners, account } = this.#options;
    return joinNames(ids, account, names(), owners);
  }
}

function isCurrentName(name: string): name is keyof typeof currentSpecs {
  return name in currentSpecs;
}

function grouped<Key>(points: Map<Key, DataPoint<number>[]>, key: Key): DataPoint<number>[] {
  let list = points.get(key);
  if (list === undefined) points.set(key, (list = []));
  return list;
}

