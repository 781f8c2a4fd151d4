import { type Amounts, textOf } from './charges.ts';
import type { WrittenPoint, WrittenRequest } from './otlp-json.ts';
import type { Labels } from './prometheus.ts';
import { microCentsOf, payerOf } from './scraped-totals.ts';

/** Metrics of the totals by name, with the name that charges have. */
const metrics: Readonly<Record<string, string>> = {
  'claude.tokens': 'claude_tokens_total',
  'claude.web_searches': 'claude_web_searches_total',
  'claude.cost': 'claude_cost_USD_total',
};

/** What the file of a Collector has of the totals. */
export interface DeltaTotals {
  /** Σ of each series' points; one that came again as it was counts once, as it does for a backend that knows points by their times. */
  readonly sums: Amounts;
  /** What a delta must not be: of another temporality, of a month, falling, or of a time that another one has counted. */
  readonly faults: readonly string[];
}

/** Adds up the points of the totals, whichever order their requests were written in. */
export function deltaTotals(requests: readonly WrittenRequest[]): DeltaTotals {
  const sums = new Map<string, bigint>();
  const faults: string[] = [];
  for (const [series, points] of totalsBySeries(requests)) {
    let before: WrittenPoint | undefined;
    for (const point of [...points].sort((a, b) => a.startMs - b.startMs || a.timeMs - b.timeMs)) {
      const where = `${series} from ${point.startMs} to ${point.timeMs}`;
      if (before?.startMs === point.startMs && before.timeMs === point.timeMs) {
        if (amountOf(before) !== amountOf(point)) faults.push(`${where} came again with another value`);
        continue;
      }
      if (point.temporality !== 'delta' || point.monotonic !== true) faults.push(`${where} is no monotonic delta`);
      if ('period' in point.attributes) faults.push(`${where} has a period`);
      if (amountOf(point) < 0n) faults.push(`${where} falls`);
      if (point.startMs >= point.timeMs || point.startMs < (before?.timeMs ?? 0)) faults.push(`${where} covers a time twice`);
      sums.set(series, (sums.get(series) ?? 0n) + amountOf(point));
      before = point;
    }
  }
  return { sums: withoutNothing(sums), faults };
}

/** The cost is added up by who pays it, after the points of each line of the bill were looked at. */
function totalsBySeries(requests: readonly WrittenRequest[]): [series: string, points: WrittenPoint[]][] {
  const bySeries = new Map<string, WrittenPoint[]>();
  for (const point of requests.flatMap(({ points }) => points)) {
    if (metrics[point.metric] === undefined) continue;
    const key = textOf({ __name__: point.metric, ...(point.attributes as Labels) });
    bySeries.set(key, [...(bySeries.get(key) ?? []), point]);
  }
  return [...bySeries.values()].map((points) => [chargedSeries(points), points]);
}

function chargedSeries([point]: readonly WrittenPoint[]): string {
  const { metric = '', attributes = {} } = point ?? {};
  const labels: Record<string, string> = { __name__: metrics[metric] ?? '', ...(attributes as Labels) };
  delete labels['account'];
  delete labels['period'];
  return textOf(isCost(metric) ? withoutPeriod(payerOf(labels)) : labels);
}

function amountOf({ metric, value }: WrittenPoint): bigint {
  if ('asInt' in value) return BigInt(value.asInt);
  if (isCost(metric) && 'asDouble' in value) return microCentsOf(value.asDouble);
  throw new Error(`${metric} is of another type`);
}

function isCost(metric: string): boolean {
  return metric === 'claude.cost';
}

/** Amounts of all months together, but for series that have none: a delta has no period, and nothing is sent of nothing. */
export function acrossPeriods(amounts: Amounts): Amounts {
  const sums = new Map<string, bigint>();
  for (const [series, amount] of amounts) {
    const labels = Object.fromEntries(JSON.parse(series) as [string, string][]);
    const key = textOf(withoutPeriod(labels));
    sums.set(key, (sums.get(key) ?? 0n) + amount);
  }
  return withoutNothing(sums);
}

function withoutPeriod(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => name !== 'period'));
}

function withoutNothing(amounts: Amounts): Amounts {
  return new Map([...amounts].filter(([, amount]) => amount !== 0n));
}
