import type { ReportId } from '../../model/report.ts';
import type { CodeActivity, Use } from './events.ts';
import { type UseDimensionName, useDimensions } from './dimensions.ts';
import type { SimulatedOrganization } from './organization.ts';

/** What a series comes to in its period. */
export interface TrueTotal {
  readonly metric: string;
  /** `2026-11`, or for Claude Code `2026-11-21`. */
  readonly period: string;
  /** Ids only. */
  readonly attributes: Readonly<Record<string, string>>;
  /** A count, or money in the model's units. Never 0: what was taken back in full has no total. */
  readonly value: bigint;
}

/** Which truth is asked for. */
export interface TruthOptions {
  /** What the report shows at an instant; absent: all that it will ever show. */
  readonly atMs?: number;
  /** What usage is grouped by. */
  readonly dimensions?: readonly UseDimensionName[];
  /** Only what happened from here on. */
  readonly fromMs?: number;
}

/** What the usage report is grouped by where nothing else is set. */
const usualDimensions: readonly UseDimensionName[] = ['model', 'api_key_id', 'workspace_id', 'service_tier', 'context_window'];

/** Names a series: the same for the same metric, period and attributes in any order. */
export function seriesKey(metric: string, period: string, attributes: Readonly<Record<string, string>>): string {
  return JSON.stringify([metric, period, ...Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1))]);
}

/**
 * What every series of a report comes to, by {@link seriesKey}: summed over the events themselves, past buckets, pages and
 * bodies.
 */
export function truth(organization: SimulatedOrganization, report: ReportId, options: TruthOptions = {}): Map<string, TrueTotal> {
  const { atMs = Number.POSITIVE_INFINITY, dimensions = usualDimensions, fromMs = Number.NEGATIVE_INFINITY } = options;
  const { everyMs } = organization.analyticsRefresh;
  // The analytics API tells of its last export.
  const showsMs = report === 'anthropic-analytics' && Number.isFinite(atMs) ? Math.floor(atMs / everyMs) * everyMs : atMs;
  const { series, parts } = booked(organization, report, dimensions);
  const sums = series.map(() => 0n);
  for (const part of parts) {
    if (part.shownAtMs > showsMs) break;
    if (part.atMs >= fromMs) sums[part.series] = (sums[part.series] ?? 0n) + part.value;
  }
  const totals = new Map<string, TrueTotal>();
  series.forEach(({ key, ...named }, index) => {
    const value = sums[index] ?? 0n;
    if (value !== 0n) totals.set(key, { ...named, value });
  });
  return totals;
}

/** What an event adds to a series. */
interface Part {
  readonly atMs: number;
  readonly shownAtMs: number;
  /** Index of the series. */
  readonly series: number;
  readonly value: bigint;
}

interface Book {
  /** Events that it was made from. */
  readonly events: number;
  readonly series: readonly (Omit<TrueTotal, 'value'> & { readonly key: string })[];
  /** In the order they are shown. */
  readonly parts: readonly Part[];
}

/** Books by organization, so that its truth at many instants is not worked out anew each time. */
const books = new WeakMap<SimulatedOrganization, Map<string, Book>>();

function booked(organization: SimulatedOrganization, report: ReportId, dimensions: readonly UseDimensionName[]): Book {
  const kept = books.get(organization) ?? new Map<string, Book>();
  books.set(organization, kept);
  const name = `${report} ${dimensions.join()}`;
  const events = organization.eventCount;
  let book = kept.get(name);
  if (book?.events !== events) kept.set(name, (book = bookOf(organization, report, dimensions, events)));
  return book;
}

function bookOf(organization: SimulatedOrganization, report: ReportId, dimensions: readonly UseDimensionName[], events: number): Book {
  const totals = new Totals();
  if (report === 'anthropic-claude-code') {
    for (const activity of organization.activities()) addCode(totals.of(activity.atMs, activity.shownAtMs), activity);
  } else {
    for (const use of organization.uses()) {
      if (report === 'anthropic-usage') addUsage(totals.of(use.atMs, use.shownAtMs), use, dimensions);
      else if (report === 'anthropic-cost') addCost(totals.of(use.atMs, use.costShownAtMs), use);
      else addAnalytics(totals.of(use.atMs, use.analyticsShownAtMs), use);
    }
  }
  return { events, series: totals.series, parts: totals.parts.sort((a, b) => a.shownAtMs - b.shownAtMs || 0) };
}

/** Adds to a series what one event is of it. */
type Add = (metric: string, period: string, ids: Ids, kind: Ids, value: number | bigint) => void;

class Totals {
  readonly series: (Omit<TrueTotal, 'value'> & { readonly key: string })[] = [];
  readonly parts: Part[] = [];
  readonly #indices = new Map<string, number>();

  /** Parts of an event that happened and is shown then. */
  of(atMs: number, shownAtMs: number): Add {
    return (metric, period, ids, kind, value) => {
      if (value === 0 || value === 0n) return;
      this.parts.push({ atMs, shownAtMs, series: this.#series(metric, period, ids, kind), value: BigInt(value) });
    };
  }

  #series(metric: string, period: string, ids: Ids, kind: Ids): number {
    const shape = [metric, period, ...Object.values(ids), ...Object.values(kind)].join('\n');
    let index = this.#indices.get(shape);
    if (index === undefined) {
      const attributes: Record<string, string> = {};
      for (const [name, text] of Object.entries({ ...ids, ...kind })) if (text !== null) attributes[name] = text;
      index = this.series.push({ key: seriesKey(metric, period, attributes), metric, period, attributes }) - 1;
      this.#indices.set(shape, index);
    }
    return index;
  }
}

/** Attributes; null is none. */
type Ids = Readonly<Record<string, string | null>>;

function addUsage(add: Add, use: Use, dimensions: readonly UseDimensionName[]): void {
  const ids: Record<string, string | null> = {};
  for (const dimension of dimensions) ids[dimension] = useDimensions[dimension](use);
  if ('api_key_id' in ids) ids['api_key_id'] ??= 'console';
  if ('workspace_id' in ids) ids['workspace_id'] ??= 'default';
  const month = monthOf(use.atMs);
  add('claude.tokens', month, ids, { type: 'input', cache_ttl: null }, use.uncachedInput);
  add('claude.tokens', month, ids, { type: 'output', cache_ttl: null }, use.output);
  add('claude.tokens', month, ids, { type: 'cache_read', cache_ttl: null }, use.cacheRead);
  add('claude.tokens', month, ids, { type: 'cache_creation', cache_ttl: '5m' }, use.cacheWrite5m);
  add('claude.tokens', month, ids, { type: 'cache_creation', cache_ttl: '1h' }, use.cacheWrite1h);
  add('claude.web_searches', month, ids, {}, use.webSearches);
}

function addCost(add: Add, { atMs, workspaceId, model, serviceTier, contextWindow, inferenceGeo, costs }: Use): void {
  const ofTokens = { model, service_tier: serviceTier, context_window: contextWindow, inference_geo: inferenceGeo };
  for (const { costType, tokenType, units } of costs) {
    const ids = { workspace_id: workspaceId ?? 'default', cost_type: costType, token_type: tokenType };
    add('claude.cost', monthOf(atMs), ids, tokenType === null ? {} : ofTokens, units);
  }
}

function addAnalytics(add: Add, use: Use): void {
  const owner = { api_key_id: use.apiKeyId ?? 'console', workspace_id: use.workspaceId ?? 'default' };
  const kind = { model: use.model, service_tier: use.serviceTier, context_window: use.contextWindow };
  add('claude.requests', monthOf(use.atMs), owner, kind, use.requests);
  for (const { isCredit, units } of use.costs) {
    if (isCredit !== true) add('claude.api_key.cost', monthOf(use.atMs), owner, {}, units);
  }
}

function addCode(add: Add, activity: CodeActivity): void {
  const { atMs, actor, terminalType, customerType, tools, models } = activity;
  const day = new Date(atMs).toISOString().slice(0, 10);
  const count = (what: string, more: Ids, value: number | bigint): void =>
    add(`claude.analytics.code.${what}`, day, who, more, value);
  const who = {
    actor_type: actor.type,
    ...(actor.type === 'user_actor' ? { actor_email: actor.email } : { api_key_name: actor.apiKeyName }),
    terminal_type: terminalType,
    customer_type: customerType,
  };
  count('sessions', {}, activity.sessions);
  count('lines', { type: 'added' }, activity.linesAdded);
  count('lines', { type: 'removed' }, activity.linesRemoved);
  count('commits', {}, activity.commits);
  count('pull_requests', {}, activity.pullRequests);
  for (const [tool, { accepted, rejected }] of Object.entries(tools)) {
    count('tool_decisions', { tool, decision: 'accepted' }, accepted);
    count('tool_decisions', { tool, decision: 'rejected' }, rejected);
  }
  for (const { model, input, output, cacheRead, cacheCreation, units } of models) {
    count('tokens', { model, type: 'input' }, input);
    count('tokens', { model, type: 'output' }, output);
    count('tokens', { model, type: 'cache_read' }, cacheRead);
    count('tokens', { model, type: 'cache_creation' }, cacheCreation);
    count('cost', { model }, units);
  }
}

function monthOf(atMs: number): string {
  const at = new Date(atMs);
  const month = at.getUTCMonth() + 1;
  return `${at.getUTCFullYear()}-${month < 10 ? '0' : ''}${month}`;
}
