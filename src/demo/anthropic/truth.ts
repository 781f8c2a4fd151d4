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
  const totals = new Totals();
  if (report === 'anthropic-claude-code') {
    for (const activity of organization.activities()) {
      if (activity.atMs >= fromMs && activity.shownAtMs <= atMs) addCode(totals, activity);
    }
    return totals.known();
  }
  const [shownAt, add] = {
    'anthropic-usage': [(use: Use) => use.shownAtMs, (use: Use) => addUsage(totals, use, dimensions)],
    'anthropic-cost': [(use: Use) => use.costShownAtMs, (use: Use) => addCost(totals, use)],
    'anthropic-analytics': [(use: Use) => use.analyticsShownAtMs, (use: Use) => addAnalytics(totals, use)],
  }[report] as [(use: Use) => number, (use: Use) => void];
  const { everyMs } = organization.analyticsRefresh;
  // The analytics API tells of its last export.
  const showsMs = report === 'anthropic-analytics' && Number.isFinite(atMs) ? atMs - (((atMs % everyMs) + everyMs) % everyMs) : atMs;
  for (const use of organization.uses()) if (use.atMs >= fromMs && shownAt(use) <= showsMs) add(use);
  return totals.known();
}

/** Sums by series. Keys are of one metric's shape, as its attributes always come in the same order. */
class Totals {
  readonly #totals = new Map<string, { metric: string; period: string; ids: Ids; kind: Ids; value: bigint }>();

  add(metric: string, period: string, ids: Ids, kind: Ids, value: number | bigint): void {
    if (value === 0 || value === 0n) return;
    const key = [metric, period, ...Object.values(ids), ...Object.values(kind)].join('\n');
    const total = this.#totals.get(key);
    if (total === undefined) this.#totals.set(key, { metric, period, ids, kind, value: BigInt(value) });
    else total.value += BigInt(value);
  }

  known(): Map<string, TrueTotal> {
    const totals = new Map<string, TrueTotal>();
    for (const { metric, period, ids, kind, value } of this.#totals.values()) {
      const attributes: Record<string, string> = {};
      for (const [name, text] of Object.entries({ ...ids, ...kind })) if (text !== null && text !== '') attributes[name] = text;
      if (value !== 0n) totals.set(seriesKey(metric, period, attributes), { metric, period, attributes, value });
    }
    return totals;
  }
}

/** Attributes; null is none. */
type Ids = Readonly<Record<string, string | null>>;

function addUsage(totals: Totals, use: Use, dimensions: readonly UseDimensionName[]): void {
  const ids: Record<string, string | null> = {};
  for (const dimension of dimensions) ids[dimension] = useDimensions[dimension](use);
  if ('api_key_id' in ids) ids['api_key_id'] ??= 'console';
  if ('workspace_id' in ids) ids['workspace_id'] ??= 'default';
  const month = monthOf(use.atMs);
  totals.add('claude.tokens', month, ids, { type: 'input', cache_ttl: null }, use.uncachedInput);
  totals.add('claude.tokens', month, ids, { type: 'output', cache_ttl: null }, use.output);
  totals.add('claude.tokens', month, ids, { type: 'cache_read', cache_ttl: null }, use.cacheRead);
  totals.add('claude.tokens', month, ids, { type: 'cache_creation', cache_ttl: '5m' }, use.cacheWrite5m);
  totals.add('claude.tokens', month, ids, { type: 'cache_creation', cache_ttl: '1h' }, use.cacheWrite1h);
  totals.add('claude.web_searches', month, ids, {}, use.webSearches);
}

function addCost(totals: Totals, { atMs, workspaceId, model, serviceTier, contextWindow, inferenceGeo, costs }: Use): void {
  const ofTokens = { model, service_tier: serviceTier, context_window: contextWindow, inference_geo: inferenceGeo };
  for (const { costType, tokenType, units } of costs) {
    const ids = { workspace_id: workspaceId ?? 'default', cost_type: costType, token_type: tokenType };
    totals.add('claude.cost', monthOf(atMs), ids, tokenType === null ? {} : ofTokens, units);
  }
}

function addAnalytics(totals: Totals, use: Use): void {
  const owner = { api_key_id: use.apiKeyId ?? 'console', workspace_id: use.workspaceId ?? 'default' };
  const kind = { model: use.model, service_tier: use.serviceTier, context_window: use.contextWindow };
  totals.add('claude.requests', monthOf(use.atMs), owner, kind, use.requests);
  for (const { isCredit, units } of use.costs) {
    if (isCredit !== true) totals.add('claude.api_key.cost', monthOf(use.atMs), owner, {}, units);
  }
}

function addCode(totals: Totals, activity: CodeActivity): void {
  const { atMs, actor, terminalType, customerType, tools, models } = activity;
  const day = new Date(atMs).toISOString().slice(0, 10);
  const add = (what: string, more: Ids, value: number | bigint): void =>
    totals.add(`claude.analytics.code.${what}`, day, who, more, value);
  const who = {
    actor_type: actor.type,
    ...(actor.type === 'user_actor' ? { actor_email: actor.email } : { api_key_name: actor.apiKeyName }),
    terminal_type: terminalType,
    customer_type: customerType,
  };
  add('sessions', {}, activity.sessions);
  add('lines', { type: 'added' }, activity.linesAdded);
  add('lines', { type: 'removed' }, activity.linesRemoved);
  add('commits', {}, activity.commits);
  add('pull_requests', {}, activity.pullRequests);
  for (const [tool, { accepted, rejected }] of Object.entries(tools)) {
    add('tool_decisions', { tool, decision: 'accepted' }, accepted);
    add('tool_decisions', { tool, decision: 'rejected' }, rejected);
  }
  for (const { model, input, output, cacheRead, cacheCreation, units } of models) {
    add('tokens', { model, type: 'input' }, input);
    add('tokens', { model, type: 'output' }, output);
    add('tokens', { model, type: 'cache_read' }, cacheRead);
    add('tokens', { model, type: 'cache_creation' }, cacheCreation);
    add('cost', { model }, units);
  }
}

function monthOf(atMs: number): string {
  const at = new Date(atMs);
  const month = at.getUTCMonth() + 1;
  return `${at.getUTCFullYear()}-${month < 10 ? '0' : ''}${month}`;
}
