
import { ValueType } from '@opentelemetry/api';
import { millisToHrTime } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  type CollectionResult,
  type DataPoint,
  DataPointType,
  type GaugeMetricData,
  type MetricProducer,
  type SumMetricData,
} from '@opentelemetry/sdk-metrics';
import type { DayPoint, Ledger, Snapshot, TotalPoint } from '../ledger/ledger.ts';
import { type AttributeSet, attributeSet } from '../model/attributes.ts';
import { dayStart } from '../model/calendar.ts';
import type { Clock } from '../model/clock.ts';
import { toDollars } from '../model/money.ts';
import type { Names } from '../model/names.ts';
import { type ReportId, type TotalName, reportIds } from '../model/report.ts';
import { type MetricSpec, currentSpecs, ledgerSpecs, totalSpecs } from './catalogue.ts';
import { joinNames } from './join-names.ts';

/** What a {@link TotalsProducer} is made of. */
export interface TotalsOptions {
  readonly ledger: Ledger;
  readonly account: string;
  readonly clock: Clock;
  readonly resource: Resource;
  /** Names as known now. */
  readonly names: () => Names;
  /** Whether people's names and e-mail addresses become attributes. */
  readonly owners: boolean;
  /** Resolves when the reports that are due were read, or have been waited for long enough; never rejects. */
  readonly refreshed: () => Promise<void>;
  /** Reports whose last reading is recent enough to speak of today. */
  readonly isFresh: (report: ReportId) => boolean;
  /** Told of each snapshot, so that its delivery can be acknowledged. */
  readonly onSnapshot: (snapshot: Snapshot) => void;
}

const scope = { name: 'claude-usage-metrics' };
type LedgerStates = ReturnType<Ledger['state']>;
type Descriptor = SumMetricData['descriptor'];

/**
 * The totals of the ledger as points with a start time of their own: the first instant of their period. The SDK's
 * counters cannot do that; they would start anew with each process, and drop what is over 2,000 series.
 */
export class TotalsProducer implements MetricProducer {
  readonly #options: TotalsOptions;
  #joined = new Map<AttributeSet, AttributeSet>();
  #joinedWith: Names | undefined;
  readonly #startedAt: Date;

  constructor(options: TotalsOptions) {
    this.#options = options;
    this.#startedAt = options.clock.now();
  }

  /** Never rejects: that would cancel the whole export. */
  async collect(): Promise<CollectionResult> {
    const { ledger, resource, refreshed, clock } = this.#options;
    const at = clock.now();
    try {
      await refreshed();
      const totals = this.#totals(at);
      const states = ledger.state();
      const metrics = [...totals, ...this.#current(at), ...this.#ledger(at, states), ...this.#revisions(at, states)];
      return { resourceMetrics: { resource, scopeMetrics: metrics.length === 0 ? [] : [{ scope, metrics }] }, errors: [] };
    } catch (error) {
      return { resourceMetrics: { resource, scopeMetrics: [] }, errors: [error] };
    }
  }

  #totals(at: Date): SumMetricData[] {
    const { ledger, onSnapshot } = this.#options;
    const snapshot = ledger.snapshot();
    onSnapshot(snapshot);
    const endTime = millisToHrTime(at.getTime());
    const points = new Map<TotalName, DataPoint<number>[]>();
    for (const total of snapshot.totals) {
      const startTime = millisToHrTime(total.period.startMs);
      const attributes = { ...this.#named(total), period: total.period.name };
      grouped(points, total.metric).push({ startTime, endTime, attributes, value: valueOf(total.metric, total.value) });
    }
    return [...points].map(([metric, dataPoints]) => sum(metric, totalSpecs[metric], dataPoints));
  }

  /** What was used since 00:00 UTC, while the readings are recent enough to say so. */
  #current(at: Date): GaugeMetricData[] {
    const { ledger, isFresh } = this.#options;
    const endTime = millisToHrTime(at.getTime());
    const startTime = millisToHrTime(dayStart(at.getTime()));
    const points = new Map<keyof typeof currentSpecs, DataPoint<number>[]>();
    for (const report of reportIds) {
      if (!isFresh(report)) continue;
      for (const day of ledger.day(report, at)) {
        const name = `${day.metric}.current`;
        if (!isCurrentName(name)) continue;
        grouped(points, name).push({ startTime, endTime, attributes: this.#named(day), value: valueOf(day.metric, day.value) });
      }
    }
    return [...points].map(([name, dataPoints]) => gauge(name, currentSpecs[name], dataPoints));
  }

  /** What the ledger says of itself. */
  #ledger(at: Date, states: LedgerStates): GaugeMetricData[] {
    const endTime = millisToHrTime(at.getTime());
    const { account } = this.#options;
    const tokens: DataPoint<number>[] = [];
    const cost: DataPoint<number>[] = [];
    const series: DataPoint<number>[] = [];
    for (const { report, metric, debt, count } of states) {
      const attributes = attributeSet({ account, report });
      const point = (value: number): DataPoint<number> => ({ startTime: endTime, endTime, attributes, value });
      if (metric === 'claude.tokens') tokens.push(point(Number(debt)));
      if (metric === 'claude.cost') cost.push(point(toDollars(debt)));
      if (count > 0) series.push({ ...point(count), attributes: attributeSet({ account, report, metric }) });
    }
    return [
      gauge('claude_usage_metrics.ledger.debt.tokens', ledgerSpecs['claude_usage_metrics.ledger.debt.tokens'], tokens),
      gauge('claude_usage_metrics.ledger.debt.cost', ledgerSpecs['claude_usage_metrics.ledger.debt.cost'], cost),
      gauge('claude_usage_metrics.ledger.series', ledgerSpecs['claude_usage_metrics.ledger.series'], series),
    ].filter(({ dataPoints }) => dataPoints.length > 0);
  }

  /** Restatements of what was read, from zero on, as all of the agent's own counters. */
  #revisions(at: Date, states: LedgerStates): SumMetricData[] {
    const { ledger, account } = this.#options;
    const [startTime, endTime] = [millisToHrTime(this.#startedAt.getTime()), millisToHrTime(at.getTime())];
    const points = [...new Set(states.map(({ report }) => report))].flatMap((report) =>
      Object.entries(ledger.revisions(report)).map(([direction, value]: [string, number]) => {
        return { startTime, endTime, attributes: attributeSet({ account, report, direction }), value };
      }),
    );
    const name = 'claude_usage_metrics.ledger.revisions';
    return points.length === 0 ? [] : [sum(name, ledgerSpecs[name], points)];
  }

  /** Joined once for each set of ids, anew when the names change. */
  #named({ attributes }: TotalPoint | DayPoint): AttributeSet {
    const { names, owners, account } = this.#options;
    const now = names();
    if (this.#joinedWith !== now) {
      this.#joined = new Map();
      this.#joinedWith = now;
    }
    let joined = this.#joined.get(attributes);
    if (joined === undefined) {
      joined = joinNames(attributeSet({ ...attributes, account }), now, owners);
      this.#joined.set(attributes, joined);
    }
    return joined;
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

function valueOf(metric: TotalName, value: bigint): number {
  return totalSpecs[metric].unit === 'USD' ? toDollars(value) : Number(value);
}

function sum(name: string, spec: MetricSpec, dataPoints: DataPoint<number>[]): SumMetricData {
  return {
    descriptor: descriptor(name, spec),
    dataPointType: DataPointType.SUM,
    isMonotonic: true,
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPoints,
  };
}

function gauge(name: string, spec: MetricSpec, dataPoints: DataPoint<number>[]): GaugeMetricData {
  return {
    descriptor: descriptor(name, spec),
    dataPointType: DataPointType.GAUGE,
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPoints,
  };
}

function descriptor(name: string, { description, unit, valueType }: MetricSpec): Descriptor {
  return { name, description, unit, valueType: valueType === 'int' ? ValueType.INT : ValueType.DOUBLE };
}

