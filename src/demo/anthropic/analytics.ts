import { dayMs } from '../../model/calendar.ts';
import { badRequest, centsText, notFound, rfc3339 } from './answers.ts';
import { type Group, bucketsOfWidth, grouped, widths } from './buckets.ts';
import { type UseDimensionName, filterOf, useDimensionNames, useDimensions } from './dimensions.ts';
import type { CostPart, Use } from './events.ts';
import type { SimulatedOrganization } from './organization.ts';
import { groupingOf, instantOf, nonEmpty, startOf } from './query.ts';
import { type FlatPage, rowPage } from './row-pages.ts';
import { hasCounts, sum, tokensOf } from './usage-report.ts';

/** Beta header that both reports need. */
export const analyticsBeta = 'analytics-usage-cost-2026-08-24';

const filters = {
  'models[]': 'model',
  'api_key_ids[]': 'api_key_id',
  'service_tiers[]': 'service_tier',
  'context_windows[]': 'context_window',
  'inference_geos[]': 'inference_geo',
  'speeds[]': 'speed',
} as const;

/** Those that the simulated organization has something to say of; the others are always null. */
const groupable = useDimensionNames.filter((name) => name !== 'account_id' && name !== 'service_account_id');

/** Dimensions that fan a cost row out and do not count, neither towards five nor towards the page's limit. */
const costKinds = ['cost_type', 'token_type'];

const otherDimensions = [
  'actor', 'actor_type', 'agent_id', 'claude_tag_category', 'claude_tag_user_id', 'deployment_id', 'environment_id', 'organization_id', 'product',
  'rbac_group_id', 'session_id', 'slack_channel_id', 'user_profile_id',
];

const longestMs = 31 * dayMs;
const oldestMs = Date.UTC(2026, 0, 1);

/** A page of the analytics API, and until when its figures are complete. */
export interface AnalyticsPage extends FlatPage {
  readonly data_refreshed_at: string | null;
}

/** A line of a use's bill, or a use without one. */
interface Line {
  readonly atMs: number;
  readonly use: Use;
  readonly part?: CostPart;
}

interface Kind {
  readonly path: string;
  readonly extra: readonly string[];
  readonly orders: Readonly<Record<string, (lines: readonly Line[]) => number>>;
  readonly usualOrder: string;
  readonly linesOf: (use: Use) => readonly Line[];
  /** The figures of one combination; several where its cost is told apart by kind. */
  readonly measured: (lines: readonly Line[], by: readonly string[]) => readonly { readonly group: object; readonly measure: object }[];
}

const usageKind: Kind = {
  path: 'analytics/usage',
  extra: [],
  orders: {
    total_tokens: (lines) => totalTokens(usesOf(lines)),
    output_tokens: (lines) => sum(lines, ({ use }) => use.output),
    uncached_input_tokens: (lines) => sum(lines, ({ use }) => use.uncachedInput),
    requests: (lines) => sum(lines, ({ use }) => use.requests),
  },
  usualOrder: 'total_tokens',
  linesOf: (use) => (hasCounts(use) ? [{ atMs: use.atMs, use }] : []),
  measured(lines) {
    const uses = usesOf(lines);
    const usage = { ...tokensOf(uses), total_tokens: totalTokens(uses), requests: sum(uses, ({ requests }) => requests) };
    return [{ group: {}, measure: { usage } }];
  },
};

const costKind: Kind = {
  path: 'analytics/cost',
  extra: costKinds,
  orders: { amount: (lines) => Number(unitsOf(lines)), list_amount: (lines) => Number(unitsOf(lines)) },
  usualOrder: 'amount',
  linesOf: (use) => use.costs.filter(({ isCredit }) => isCredit !== true).map((part) => ({ atMs: use.atMs, use, part })),
  measured(lines, by) {
    const kinds = costKinds.filter((name) => by.includes(name));
    if (kinds.length === 0) {
      const requests = sum([...new Set(usesOf(lines))], (use) => use.requests);
      return [{ group: {}, measure: { cost: { ...amounts(lines), requests } } }];
    }
    const fanned = grouped(lines, () => 0, ({ part }) => kinds.map((name) => (name === 'cost_type' ? part?.costType : part?.tokenType) ?? null));
    return fanned.map(({ ids, events }) => ({
      group: Object.fromEntries(kinds.map((name, i) => [name, ids[i] ?? null])),
      measure: { cost: { ...amounts(events), requests: null } },
    }));
  },
};

/** A page of `analytics/usage` as it is at an instant. @throws {Refused} */
export function analyticsUsage(organization: SimulatedOrganization, query: URLSearchParams, betas: readonly string[], nowMs: number): AnalyticsPage {
  return analyticsPage(usageKind, organization, query, betas, nowMs);
}

/** A page of `analytics/cost` as it is at an instant. @throws {Refused} */
export function analyticsCost(organization: SimulatedOrganization, query: URLSearchParams, betas: readonly string[], nowMs: number): AnalyticsPage {
  return analyticsPage(costKind, organization, query, betas, nowMs);
}

/** Until when the figures served at an instant are complete, but for what arrives late. */
export function refreshedAtMs({ analyticsRefresh: { everyMs, lagMs } }: SimulatedOrganization, nowMs: number): number {
  return Math.floor(nowMs / everyMs) * everyMs - lagMs;
}

function analyticsPage(kind: Kind, organization: SimulatedOrganization, query: URLSearchParams, betas: readonly string[], nowMs: number): AnalyticsPage {
  if (!betas.includes(analyticsBeta)) throw notFound();
  const by = groupingOf(query, [...groupable, ...otherDimensions, ...kind.extra], kind.extra);
  const names = groupable.filter((name) => by.includes(name));
  const range = rangeOf(query, nowMs);
  const order = orderOf(kind, query);
  const passes = filterOf(query, filters);
  const rows = (asOfMs: number): readonly (readonly unknown[])[] => {
    const lines = [...organization.useDays(range.fromMs, range.toMs)]
      .flatMap((day) => day.made(kind.path, analyticsShownAt, exportedMs(organization, asOfMs), (shown) => shown.flatMap(kind.linesOf)))
      .filter(({ atMs, use }) => atMs >= range.fromMs && atMs < range.toMs && passes(use));
    const groups = grouped(lines, range.bucketOf, ({ use }) => names.map((name) => idOf(organization, use, name)));
    return order(groups).map(({ bucketMs, ids, events }) =>
      kind.measured(events, by).map(({ group, measure }) => ({
        starting_at: rfc3339(bucketMs),
        ending_at: rfc3339(range.endOf(bucketMs)),
        group: { ...nullGroup, ...nulls(kind.extra), ...Object.fromEntries(names.map((name, i) => [name, ids[i] ?? null])), ...group },
        ...measure,
      })),
    );
  };
  const { page, asOfMs } = rowPage({ path: kind.path, usual: 20, most: 1000, rows }, query, nowMs);
  const refreshedMs = refreshedAtMs(organization, asOfMs);
  return { ...page, data_refreshed_at: page.data.length === 0 && refreshedMs <= range.fromMs ? null : rfc3339(refreshedMs) };
}

const analyticsShownAt = (use: Use): number => use.analyticsShownAtMs;

/** When the figures served at an instant were exported. */
function exportedMs({ analyticsRefresh: { everyMs } }: SimulatedOrganization, nowMs: number): number {
  return Math.floor(nowMs / everyMs) * everyMs;
}

interface Range {
  readonly fromMs: number;
  readonly toMs: number;
  readonly bucketOf: (atMs: number) => number;
  readonly endOf: (bucketMs: number) => number;
}

function rangeOf(query: URLSearchParams, nowMs: number): Range {
  const startMs = startOf(query);
  if (startMs < Math.max(oldestMs, nowMs - 365 * dayMs)) throw badRequest('starting_at: must be within the last 365 days and not before 2026-01-01');
  const width = query.get('time_bucket_width');
  const widthMs = widths[width ?? '1h'];
  if (widthMs === undefined) throw badRequest("time_bucket_width: Input should be '1m', '1h' or '1d'");
  const endMs = instantOf(query, 'ending_at');
  if (width !== null && endMs === undefined) throw badRequest('ending_at: required when time_bucket_width is set');
  const floor = bucketsOfWidth(widthMs);
  const [fromMs, toMs] = nonEmpty(floor(startMs), floor(endMs ?? Math.min(nowMs, startMs + longestMs)));
  if (toMs - fromMs > (width === '1m' ? dayMs : longestMs)) throw badRequest('Invalid date range: the range is too long');
  if (width === null) return { fromMs, toMs, bucketOf: () => fromMs, endOf: () => toMs };
  return { fromMs, toMs, bucketOf: floor, endOf: (bucketMs) => bucketMs + widthMs };
}

/** Rows in the order a query asks for. @throws {Refused} for an order that there is not. */
function orderOf(kind: Kind, query: URLSearchParams): (groups: readonly Group<Line>[]) => readonly Group<Line>[] {
  const by = query.get('order_by') ?? kind.usualOrder;
  const sign = (query.get('order') ?? 'desc') === 'asc' ? 1 : -1;
  const measure = kind.orders[by];
  if (by !== 'time' && measure === undefined) throw badRequest(`order_by: Input should be ${[...Object.keys(kind.orders), 'time'].map((one) => `'${one}'`).join(', ')}`);
  const rank = (group: Group<Line>): number => (measure === undefined ? group.bucketMs : measure(group.events));
  return (groups) =>
    groups
      .map((group) => ({ group, rank: rank(group) }))
      .sort((a, b) => sign * (a.rank - b.rank))
      .map(({ group }) => group);
}

/** Unlike elsewhere the default workspace has an id here. */
function idOf(organization: SimulatedOrganization, use: Use, name: UseDimensionName): string | null {
  const id = useDimensions[name](use);
  return name === 'workspace_id' ? (id ?? organization.defaultWorkspaceId) : id;
}

const nullGroup = nulls([...groupable, ...otherDimensions]);

function nulls(names: readonly string[]): Readonly<Record<string, null>> {
  return Object.fromEntries(names.map((name) => [name, null]));
}

function usesOf(lines: readonly Line[]): readonly Use[] {
  return lines.map(({ use }) => use);
}

function unitsOf(lines: readonly Line[]): bigint {
  return lines.reduce((total, { part }) => total + (part?.units ?? 0n), 0n);
}

/** The list price is a quarter above what is paid. */
function amounts(lines: readonly Line[]): object {
  const units = unitsOf(lines);
  return { amount: centsText(units), list_amount: centsText((units * 5n) / 4n), currency: 'USD' };
}

function totalTokens(uses: readonly Use[]): number {
  return sum(uses, ({ uncachedInput, output, cacheRead, cacheWrite5m, cacheWrite1h }) => uncachedInput + output + cacheRead + cacheWrite5m + cacheWrite1h);
}
