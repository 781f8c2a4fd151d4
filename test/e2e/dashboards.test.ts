import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { catalogue } from '../../src/metrics/catalogue.ts';
import { type DashboardQuery, queriesOf, shippedDashboards, withVariables } from '../support/dashboards.ts';
import { type InstantSeries, type PrometheusOfThePast, type RawSeries, startOverSamples } from './support/prometheus.ts';
import { historyEnd, historyStart, usedBetween, writeHistory } from './support/simulated-history.ts';

const queries = [...shippedDashboards()].flatMap(([file, dashboard]) => queriesOf(file, dashboard));
const dayMs = 86_400_000;
const midnight = new Date('2026-12-05T00:00:00Z');
const firstOfMonth = new Date('2026-12-01T00:00:00Z');

const cleanups: (() => void | Promise<void>)[] = [];
let prometheus: PrometheusOfThePast;
let simulated: ReadonlySet<string>;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'history-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'history.txt');
  simulated = writeHistory(file);
  prometheus = await startOverSamples(file, (done) => cleanups.push(done));
}, 60_000);

afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

/** The seconds between two points, as Grafana chooses them for the time range of a dashboard. */
function stepOf({ interval }: DashboardQuery): number {
  const [, amount = '5', unit = 'm'] = /^(\d+)([mhd])$/.exec(interval ?? '') ?? [];
  return Number(amount) * { m: 60, h: 3600, d: 86_400 }[unit as 'm' | 'h' | 'd'];
}

function promql(query: DashboardQuery): string {
  const step = stepOf(query);
  return withVariables(query.expr, { account: '.+', __interval: `${step}s`, __rate_interval: `${step + 15}s`, __range: '30d' });
}

/** Days are asked for from midnight to midnight, all else for three days. */
async function overTime(query: DashboardQuery): Promise<RawSeries[]> {
  const step = stepOf(query);
  const [from, to] = step === 86_400 ? [new Date(historyStart.getTime() + dayMs), midnight] : [new Date(historyEnd.getTime() - 3 * dayMs), historyEnd];
  return prometheus.between(from, to, step, promql(query));
}

test('the simulated history has every metric of the catalogue', () => {
  expect(Object.keys(catalogue).filter((name) => !simulated.has(name))).toEqual([]);
});

test.each(queries)('$dashboard, $panel ($legend) shows something of a month', async (query) => {
  const values = query.range ? (await overTime(query)).flatMap(({ values: all }) => all) : (await prometheus.at(historyEnd, promql(query))).map(({ value }) => value);

  expect(values.filter((value) => Number.isFinite(value)).length).toBeGreaterThan(0);
});

/** The answer to one query of a panel, by its series' name. */
async function shown(panel: string, legend: string, instant: Date): Promise<InstantSeries[]> {
  const query = queries.find((one) => one.panel === panel && one.legend === legend);
  if (query === undefined) throw new Error(`no ${legend} in ${panel}`);
  return prometheus.at(instant, promql(query));
}

async function number(panel: string, legend: string, instant: Date): Promise<number> {
  const [only] = await shown(panel, legend, instant);
  if (only === undefined) throw new Error(`${panel} shows nothing`);
  return only.value;
}

/** An increase is stretched to the ends of its range, by up to 1.1 of the time between two samples at each. */
function about(value: number): number {
  return expect.toSatisfy((actual: number) => Math.abs(actual - value) <= 0.02 * value) as number;
}

describe('an organization’s numbers are what was used', () => {
  const cost = (from: Date, to: Date): number => usedBetween('claude.cost', from, to);

  test('today and this month, exact', async () => {
    expect(await number('Today', 'today', historyEnd)).toBeCloseTo(cost(midnight, historyEnd), 6);
    expect(await number('This month so far', 'month', historyEnd)).toBeCloseTo(cost(firstOfMonth, historyEnd), 6);
  });

  // The old month still stands beside the new one.
  test.each(['2026-12-01T00:12:00Z', '2026-12-02T09:00:00Z', '2026-12-03T23:56:00Z'])('this month alone, around its turn: at %s', async (instant) => {
    const at = new Date(instant);
    expect(await number('This month so far', 'month', at)).toBeCloseTo(cost(firstOfMonth, at), 6);
    expect(await number('Forecast to the month’s end', 'as this month', at)).toBeGreaterThanOrEqual(cost(firstOfMonth, at));
  });

  test('the forecast goes on as the month, and as the last seven days', async () => {
    const soFar = cost(firstOfMonth, historyEnd);
    const daysGone = (historyEnd.getTime() - firstOfMonth.getTime()) / dayMs;
    const usualDay = cost(new Date(historyEnd.getTime() - 7 * dayMs), historyEnd) / 7;

    expect(await number('A usual day', 'usual day', historyEnd)).toEqual(about(usualDay));
    expect(await number('Forecast to the month’s end', 'as this month', historyEnd)).toBeCloseTo((soFar / daysGone) * 31, 6);
    expect(await number('Forecast to the month’s end', 'as the last 7 days', historyEnd)).toEqual(about(soFar + (31 - daysGone) * usualDay));
  });

  test('a bar a day, the same over the month’s turn', async () => {
    const query = queries.find(({ panel }) => panel === 'Cost by day and model');
    const series = query === undefined ? [] : await overTime(query);

    expect(series.map(({ labels }) => labels['model']).sort()).toEqual(['claude-haiku-5', 'claude-opus-5']);
    for (const { labels, values } of series) {
      const days = values.map((_, index) => new Date(historyStart.getTime() + (1 + index) * dayMs));
      const having = { model: labels['model'] ?? '' };
      // The last one is of a day that is not over.
      const expected = days.map((day) => usedBetween('claude.cost', day, new Date(Math.min(day.getTime() + dayMs, historyEnd.getTime())), having));
      expect(values).toEqual(expected.map(about));
      expect(values.length).toBe(30);
    }
  });

  test('months as they were billed', async () => {
    const billed = await shown('Months', '{{period}}', historyEnd);
    expect(billed.map(({ labels, value }) => [labels['period'], value])).toEqual([
      ['2026-11', expect.closeTo(cost(new Date('2026-11-01T00:00:00Z'), firstOfMonth), 6)],
      ['2026-12', expect.closeTo(cost(firstOfMonth, historyEnd), 6)],
    ]);
  });

  test('the share of the input that came from the cache', async () => {
    expect(await number('From the cache today', 'share', historyEnd)).toBeCloseTo(300 / 450, 6);
  });
});

describe('windows', () => {
  const window = '{{metric_name}} · {{account}}';

  test('the one nearest to its limit, the first to be full, the next reset', async () => {
    expect(await shown('Nearest to its limit', window, historyEnd)).toMatchObject([{ labels: { metric_name: 'five_hour' }, value: expect.closeTo(0.72, 2) as number }]);
    expect(await shown('Next reset', window, historyEnd)).toMatchObject([{ labels: { metric_name: 'five_hour' }, value: 1800 }]);
    // A pace of 1.2 fills seven days in 5.83, of which four weeks and 2.6 days are gone.
    const left = (7 / 1.2 - (((historyEnd.getTime() - historyStart.getTime()) / dayMs) % 7)) * 86_400;
    expect(await shown('First to be full at this pace', window, historyEnd)).toMatchObject([{ labels: { metric_name: 'seven_day' }, value: expect.closeTo(left, -1) as number }]);
  });

  test('of one that has just begun, whose pace says nothing yet, there is no forecast', async () => {
    // An hour into seven days, three hours into five.
    const early = new Date('2026-12-03T01:00:00Z');
    expect(await shown('Windows', 'Time gone', early)).toHaveLength(2);
    expect(await shown('First to be full at this pace', window, early)).toEqual([]);
    expect(await shown('Windows', 'Full in', early)).toEqual([]);
    expect((await shown('Windows', 'Pace', early)).map(({ labels }) => labels['metric_name'])).toEqual(['five_hour']);
  });

  test('one mark for each weekly reset', async () => {
    const query = queries.find(({ panel }) => panel === 'Weekly reset');
    const marks = await prometheus.between(new Date(historyEnd.getTime() - 14 * dayMs), historyEnd, 1800, withVariables(query?.expr ?? '', { account: '.+', __interval: '30m', __rate_interval: '31m', __range: '14d' }));
    expect(marks).toMatchObject([{ labels: { metric_name: 'seven_day' } }]);
    expect(marks.flatMap(({ values }) => values)).toHaveLength(2);
  });
});

test('a source that is down has its reason in the table, after its first failure too', async () => {
  const failed = await shown('Sources', 'Failed for it', historyEnd);
  expect(failed.sort((a, b) => a.value - b.value)).toMatchObject([
    { labels: { source: 'anthropic-limits', outcome: 'forbidden', account: 'acme' }, value: 1 },
    { labels: { source: 'openrouter', outcome: 'challenged', account: 'acme' } },
  ]);
  expect(await number('Sources down', 'down', historyEnd)).toBe(2);
});
