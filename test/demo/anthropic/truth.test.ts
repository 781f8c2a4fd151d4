import { expect, test } from 'vitest';
import { simulatedLife } from '../../../src/demo/anthropic/life.ts';
import type { SimulatedOrganization } from '../../../src/demo/anthropic/organization.ts';
import { type TrueTotal, seriesKey, truth } from '../../../src/demo/anthropic/truth.ts';
import type { ReportId } from '../../../src/model/report.ts';
import { type Fields, type Json, at, rowsOf, textOf, units } from './reader.ts';

const dayMs = 86_400_000;
const fromMs = Date.UTC(2026, 10, 20);
const toMs = Date.UTC(2026, 11, 10);
const seeds = Array.from({ length: 6 }, (_, seed) => seed);
const lives = new Map(seeds.map((seed) => [seed, simulatedLife({ seed, fromMs, toMs })]));

/** What the pages of a report come to, by series: nothing here is shared with the truth but the series' names. */
type Sums = Map<string, bigint>;

function add(sums: Sums, metric: string, period: string, attributes: Record<string, Json | undefined>, value: bigint): void {
  const given = Object.entries(attributes).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const key = seriesKey(metric, period, Object.fromEntries(given));
  sums.set(key, (sums.get(key) ?? 0n) + value);
}

/** Buckets of both months, so that no range is longer than is allowed. */
const ranges = [
  [fromMs, Date.UTC(2026, 11, 1)],
  [Date.UTC(2026, 11, 1), toMs],
] as const;

function query(start: number, end: number, more: string, groupBy: readonly string[]): string {
  const groups = groupBy.map((name) => `&group_by[]=${name}`).join('');
  return `starting_at=${new Date(start).toISOString()}&ending_at=${new Date(end).toISOString()}&${more}${groups}`;
}

const count = (value: Json): bigint => BigInt(value as number);
const month = (row: Fields): string => textOf(row['starting_at']).slice(0, 7);
const usageGroups = ['model', 'api_key_id', 'workspace_id', 'service_tier', 'context_window'];

const readers: Readonly<Record<ReportId, (organization: SimulatedOrganization, nowMs: number, limit: number) => Sums>> = {
  'anthropic-usage'(organization, nowMs, limit) {
    const sums: Sums = new Map();
    for (const [start, end] of ranges) {
      for (const bucket of rowsOf(organization, `usage_report/messages?${query(start, end, `bucket_width=1h&limit=${limit}`, usageGroups)}`, nowMs)) {
        for (const row of bucket['results'] as Fields[]) {
          const { model, service_tier, context_window } = row;
          const ids = { model, service_tier, context_window, api_key_id: row['api_key_id'] ?? 'console', workspace_id: row['workspace_id'] ?? 'default' };
          const tokens = (type: string, value: Json, ttl?: string): void =>
            add(sums, 'claude.tokens', month(bucket), { ...ids, type, cache_ttl: ttl }, count(value));
          tokens('input', at(row, 'uncached_input_tokens'));
          tokens('output', at(row, 'output_tokens'));
          tokens('cache_read', at(row, 'cache_read_input_tokens'));
          tokens('cache_creation', at(row, 'cache_creation', 'ephemeral_5m_input_tokens'), '5m');
          tokens('cache_creation', at(row, 'cache_creation', 'ephemeral_1h_input_tokens'), '1h');
          add(sums, 'claude.web_searches', month(bucket), ids, count(at(row, 'server_tool_use', 'web_search_requests')));
        }
      }
    }
    return sums;
  },
  'anthropic-cost'(organization, nowMs, limit) {
    const sums: Sums = new Map();
    for (const [start, end] of ranges) {
      for (const bucket of rowsOf(organization, `cost_report?${query(start, end, `limit=${Math.min(limit, 31)}`, ['workspace_id', 'description'])}`, nowMs)) {
        for (const row of bucket['results'] as Fields[]) {
          const { model, cost_type, token_type, service_tier, context_window, inference_geo } = row;
          const ids = { model, cost_type, token_type, service_tier, context_window, inference_geo, workspace_id: row['workspace_id'] ?? 'default' };
          add(sums, 'claude.cost', month(bucket), ids, units(at(row, 'amount')));
        }
      }
    }
    return sums;
  },
  'anthropic-analytics'(organization, nowMs, limit) {
    const sums: Sums = new Map();
    const owner = (row: Fields): { api_key_id: Json; workspace_id: Json } => {
      const workspace = at(row, 'group', 'workspace_id');
      return { api_key_id: at(row, 'group', 'api_key_id') ?? 'console', workspace_id: workspace === organization.defaultWorkspaceId ? 'default' : workspace };
    };
    const more = `time_bucket_width=1d&limit=${limit}&order_by=time&order=asc`;
    for (const [start, end] of ranges) {
      for (const row of rowsOf(organization, `analytics/usage?${query(start, end, more, usageGroups)}`, nowMs)) {
        const kind = { model: at(row, 'group', 'model'), service_tier: at(row, 'group', 'service_tier'), context_window: at(row, 'group', 'context_window') };
        add(sums, 'claude.requests', month(row), { ...owner(row), ...kind }, count(at(row, 'usage', 'requests')));
      }
      for (const row of rowsOf(organization, `analytics/cost?${query(start, end, more, ['api_key_id', 'workspace_id'])}`, nowMs)) {
        add(sums, 'claude.api_key.cost', month(row), owner(row), units(at(row, 'cost', 'amount')));
      }
    }
    return sums;
  },
  'anthropic-claude-code'(organization, nowMs, limit) {
    const sums: Sums = new Map();
    for (let startMs = fromMs; startMs < toMs; startMs += dayMs) {
      const day = new Date(startMs).toISOString().slice(0, 10);
      for (const row of rowsOf(organization, `usage_report/claude_code?starting_at=${day}&limit=${limit}`, nowMs)) {
        const ids = {
          actor_type: at(row, 'actor', 'type'),
          actor_email: at(row, 'actor', 'email_address'),
          api_key_name: at(row, 'actor', 'api_key_name'),
          terminal_type: row['terminal_type'],
          customer_type: row['customer_type'],
        };
        const counted = (what: string, more: Record<string, Json>, value: bigint): void =>
          add(sums, `claude.analytics.code.${what}`, day, { ...ids, ...more }, value);
        counted('sessions', {}, count(at(row, 'core_metrics', 'num_sessions')));
        counted('lines', { type: 'added' }, count(at(row, 'core_metrics', 'lines_of_code', 'added')));
        counted('lines', { type: 'removed' }, count(at(row, 'core_metrics', 'lines_of_code', 'removed')));
        counted('commits', {}, count(at(row, 'core_metrics', 'commits_by_claude_code')));
        counted('pull_requests', {}, count(at(row, 'core_metrics', 'pull_requests_by_claude_code')));
        for (const [tool, decisions] of Object.entries(row['tool_actions'] as Fields)) {
          for (const decision of ['accepted', 'rejected']) counted('tool_decisions', { tool, decision }, count(at(decisions, decision)));
        }
        for (const part of row['model_breakdown'] as Fields[]) {
          const model = at(part, 'model');
          for (const type of ['input', 'output', 'cache_read', 'cache_creation']) counted('tokens', { model, type }, count(at(part, 'tokens', type)));
          counted('cost', { model }, units(at(part, 'estimated_cost', 'amount')));
        }
      }
    }
    return sums;
  },
};

function valuesOf(totals: ReadonlyMap<string, TrueTotal>): Sums {
  return new Map([...totals].map(([key, { value }]) => [key, value]));
}

function withoutZeros(sums: Sums): Sums {
  return new Map([...sums].filter(([, value]) => value !== 0n));
}

function endOf(period: string): number {
  const start = new Date(period.length === 7 ? `${period}-01` : period);
  return period.length === 7 ? Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1, 1) : start.getTime() + dayMs;
}

const reports = Object.keys(readers) as ReportId[];

test.each(reports)('%s: once all is shown, its pages come to the truth, with pages of any size', (report) => {
  for (const [seed, organization] of lives) {
    const whole = valuesOf(truth(organization, report));
    expect(whole.size).toBeGreaterThan(10);
    const muchLater = toMs + 60 * dayMs;
    expect(withoutZeros(readers[report](organization, muchLater, 168)), `seed ${seed}`).toEqual(whole);
    if (seed === 0) expect(withoutZeros(readers[report](organization, muchLater, 3))).toEqual(whole);
  }
});

test.each(reports)('%s: at any instant its pages come to what is shown then', (report) => {
  for (const [seed, organization] of lives) {
    for (const day of [0.3, 4.71, 9.999, 12.5, 19.2]) {
      const nowMs = Math.floor(fromMs + day * dayMs);
      expect(withoutZeros(readers[report](organization, nowMs, 168)), `seed ${seed}, day ${day}`).toEqual(valuesOf(truth(organization, report, { atMs: nowMs })));
    }
  }
});

test.each(reports)('%s: its truth changes after the fact, both ways, and is at rest half a day before its period is final', (report) => {
  let [rises, falls] = [0, 0];
  for (const organization of lives.values()) {
    const first = valuesOf(truth(organization, report, { atMs: toMs }));
    const last = valuesOf(truth(organization, report));
    for (const key of new Set([...first.keys(), ...last.keys()])) {
      const change = (last.get(key) ?? 0n) - (first.get(key) ?? 0n);
      if (change > 0n) rises += 1;
      if (change < 0n) falls += 1;
    }
    const finalMs = { 'anthropic-usage': 3, 'anthropic-cost': 3, 'anthropic-analytics': 31, 'anthropic-claude-code': 1 }[report] * dayMs;
    const whole = truth(organization, report);
    for (const period of new Set([...whole.values()].map((total) => total.period))) {
      const atMs = endOf(period) + finalMs - dayMs / 2;
      const of = (totals: ReadonlyMap<string, TrueTotal>): Sums => valuesOf(new Map([...totals].filter(([, total]) => total.period === period)));
      expect(of(truth(organization, report, { atMs })), period).toEqual(of(whole));
    }
  }
  expect(rises).toBeGreaterThan(0);
  if (report !== 'anthropic-claude-code') expect(falls).toBeGreaterThan(0);
});

test('the same seed gives the same life, another seed another one', () => {
  const again = valuesOf(truth(simulatedLife({ seed: 0, fromMs, toMs }), 'anthropic-cost'));
  expect(again).toEqual(valuesOf(truth(simulatedLife({ seed: 0, fromMs, toMs }), 'anthropic-cost')));
  expect(again).not.toEqual(valuesOf(truth(simulatedLife({ seed: 1, fromMs, toMs }), 'anthropic-cost')));
});

test('whatever is restated, no count of any minute is ever negative, in any report', () => {
  const negative = (value: Json): boolean =>
    typeof value === 'number' ? value < 0 : value !== null && typeof value === 'object' && Object.values(value).some((inner: Json) => negative(inner));
  const groups = [...usageGroups.slice(1), 'speed'];
  for (const organization of lives.values()) {
    for (let startMs = fromMs; startMs < toMs; startMs += dayMs) {
      // While the day's restatements come in, and when all have.
      const nowMs = startMs + (startMs % (2 * dayMs) === 0 ? 2.2 : 60) * dayMs;
      const minutes = query(startMs, startMs + dayMs, 'bucket_width=1m&limit=1440', groups);
      const flatMinutes = query(startMs, startMs + dayMs, 'time_bucket_width=1m&limit=1000&order_by=time', groups);
      const served = [
        ...rowsOf(organization, `usage_report/messages?${minutes}`, nowMs),
        ...rowsOf(organization, `analytics/usage?${flatMinutes}`, nowMs),
        ...rowsOf(organization, `usage_report/claude_code?starting_at=${new Date(startMs).toISOString().slice(0, 10)}`, nowMs),
      ];
      expect(served.filter(negative)).toEqual([]);
    }
  }
});

test('a life has every turn that an organization takes', () => {
  const [organization] = lives.values();
  if (organization === undefined) throw new Error('no life');
  const uses = [...organization.uses()];
  const parts = uses.flatMap(({ costs }) => costs);
  expect(uses.some(({ apiKeyId, accountId }) => apiKeyId === null && accountId !== null)).toBe(true);
  expect(uses.some(({ workspaceId }) => workspaceId === null)).toBe(true);
  expect(new Set(uses.map(({ serviceTier }) => serviceTier))).toEqual(new Set(['standard', 'batch', 'priority']));
  expect(uses.some(({ atMs, shownAtMs }) => shownAtMs > atMs + dayMs)).toBe(true);
  expect(uses.some(({ uncachedInput }) => uncachedInput < 0)).toBe(true);
  expect(parts.some(({ isCredit, units: amount }) => isCredit === true && amount < 0n)).toBe(true);
  expect(new Set(parts.map(({ costType }) => costType))).toEqual(new Set(['tokens', 'web_search', 'code_execution']));
  // Fractions of a cent that no double sums exactly.
  expect(parts.some(({ units: amount }) => amount % 10n ** 13n !== 0n)).toBe(true);
  const identity = (description: string): string => description.replace(', Fast Mode', '');
  expect(parts.some(({ description }) => description !== identity(description) && parts.some((part) => part.description === identity(description)))).toBe(true);
  const { keys, users, workspaces } = organization;
  expect(keys.some(({ createdBy }) => createdBy === null)).toBe(true);
  expect(keys.some(({ createdAtMs }) => createdAtMs !== undefined && createdAtMs > fromMs)).toBe(true);
  expect([keys, users, workspaces].every((list) => list.some(({ renamed }) => renamed !== undefined))).toBe(true);
  expect(users.some(({ deletedAtMs }) => deletedAtMs !== undefined)).toBe(true);
  expect(workspaces.some(({ archivedAt }) => archivedAt !== null)).toBe(true);
});
