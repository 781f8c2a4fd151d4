import type { Attributes } from '@opentelemetry/api';
import { DataPointType, type MetricData, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { ShownPoint } from '../../metrics/picture.ts';
import { type Parties, PartyTally } from './parties.ts';
import { type Sums, plus } from './sums.ts';

/** What a cycle’s snapshot says that the page shows: small, however many series the snapshot has. */
export interface Digest {
  /** When the snapshot was taken. */
  readonly at: Date;
  /** Gauges of claude.ai and OpenRouter, by account. */
  readonly gauges: ReadonlyMap<string, readonly ShownPoint[]>;
  /** Names of windows that were left out, as there are too many. */
  readonly moreWindows: number;
  /** An organization’s use, by account. */
  readonly use: ReadonlyMap<string, OrganizationUse>;
}

/** Sums of an organization’s use; what the snapshot does not have is absent. Today and month by model. */
export interface OrganizationUse {
  /** Since 00:00 UTC of the snapshot’s day. */
  readonly today: ReadonlyMap<string, Sums>;
  /** Since the first of the snapshot’s UTC month. */
  readonly month: ReadonlyMap<string, Sums>;
  /** Cost by workspace. */
  readonly workspaces: Parties;
  /** Tokens by API key; the month’s cost where the Analytics API tells it. */
  readonly keys: Parties;
  /** What Claude Code did since 00:00 UTC. */
  readonly code: Readonly<Partial<Record<CodeFigure, number>>>;
}

/** What is counted of Claude Code: sessions, lines that it added, commits, pull requests, dollars. */
export type CodeFigure = 'sessions' | 'lines' | 'commits' | 'pull_requests' | 'cost';

const shownGauges = /^(?:claude\.(?:usage|extra_usage|credit_pool|session)|openrouter)\./;

/** Windows of all accounts together; a body of hostile size may name thousands. */
const mostWindows = 400;

/** Names of models, of all accounts together; use of those that come later is that of {@link otherModels}. */
const mostModels = 400;

/** Stands for use of which the report names no model. */
export const noModel = '';

/** Stands for the models beyond the most that are told apart. */
export const otherModels = '\0';

/** Walks once through a snapshot. Works for either temporality’s source: the snapshot is cumulative. */
export function digestOf({ scopeMetrics }: ResourceMetrics, at: Date): Digest {
  const day = at.toISOString().slice(0, 10);
  const month = day.slice(0, 7);
  const gauges = new Map<string, ShownPoint[]>();
  const use = new Map<string, Tally>();
  const windows = new Set<string>();
  const dropped = new Set<string>();
  const models = new Set<string>();

  const takeGauges = (metric: MetricData): void => {
    for (const { attributes, value } of metric.dataPoints) {
      const { account, metric_name: window } = attributes;
      if (typeof value !== 'number' || typeof account !== 'string') continue;
      const key = typeof window === 'string' ? `${account}\0${window}` : undefined;
      if (key !== undefined && !windows.has(key)) {
        if (windows.size >= mostWindows) {
          dropped.add(key);
          continue;
        }
        windows.add(key);
      }
      list(gauges, account).push({ metric: metric.descriptor.name, attributes: attributes as Record<string, string>, value });
    }
  };
  const tallyOf = (account: string): Tally => {
    let own = use.get(account);
    if (own === undefined) use.set(account, (own = newTally()));
    return own;
  };
  const takeUse = (metric: MetricData, field: 'tokens' | 'cost', span: 'today' | 'month'): void => {
    for (const { attributes, value } of metric.dataPoints) {
      const { account, model, type, period } = attributes;
      if (typeof value !== 'number' || typeof account !== 'string') continue;
      if (span === 'month' && period !== month) continue;
      const own = tallyOf(account);
      if (field === 'tokens') takeKey(own, attributes, span, field, value);
      else takeWorkspace(own, attributes, span, field, value);
      const name = typeof model === 'string' ? model : noModel;
      if (!models.has(name) && models.size < mostModels) models.add(name);
      const key = models.has(name) ? name : otherModels;
      let sums = own[span].get(key);
      if (sums === undefined) own[span].set(key, (sums = {}));
      plus(sums, field, value);
      if (field === 'tokens' && type !== 'output') plus(sums, 'inputTokens', value);
      if (type === 'cache_read') plus(sums, 'cachedTokens', value);
    }
  };

  const takeKeyCost = (metric: MetricData): void => {
    for (const { attributes, value } of metric.dataPoints) {
      const { account, period } = attributes;
      if (typeof value === 'number' && typeof account === 'string' && period === month) takeKey(tallyOf(account), attributes, 'month', 'cost', value);
    }
  };
  const takeCode = (metric: MetricData, figure: CodeFigure): void => {
    for (const { attributes, value } of metric.dataPoints) {
      const { account, period, type } = attributes;
      if (typeof value !== 'number' || typeof account !== 'string' || period !== day || type === 'removed') continue;
      const { code } = tallyOf(account);
      code[figure] = (code[figure] ?? 0) + value;
    }
  };

  for (const { metrics } of scopeMetrics) {
    for (const metric of metrics) {
      const { name } = metric.descriptor;
      const figure = codeFigures.get(name);
      if (name === 'claude.tokens.current') takeUse(metric, 'tokens', 'today');
      else if (name === 'claude.cost.current') takeUse(metric, 'cost', 'today');
      else if (name === 'claude.tokens') takeUse(metric, 'tokens', 'month');
      else if (name === 'claude.cost') takeUse(metric, 'cost', 'month');
      else if (name === 'claude.api_key.cost') takeKeyCost(metric);
      else if (figure !== undefined) takeCode(metric, figure);
      else if (metric.dataPointType === DataPointType.GAUGE && shownGauges.test(name)) takeGauges(metric);
    }
  }
  const ranked = [...use].map(([account, { workspaces, keys, ...own }]) => [account, { ...own, workspaces: workspaces.ranked(), keys: keys.ranked() }] as const);
  return { at, gauges, moreWindows: dropped.size, use: new Map(ranked) };
}

/** An organization’s use while the snapshot is walked through. */
interface Tally {
  readonly today: Map<string, Sums>;
  readonly month: Map<string, Sums>;
  readonly workspaces: PartyTally;
  readonly keys: PartyTally;
  readonly code: Partial<Record<CodeFigure, number>>;
}

function newTally(): Tally {
  return { today: new Map(), month: new Map(), workspaces: new PartyTally('cost'), keys: new PartyTally('tokens'), code: {} };
}

const codeFigures: ReadonlyMap<string, CodeFigure> = new Map(
  (['sessions', 'lines', 'commits', 'pull_requests', 'cost'] as const).map((figure) => [`claude.analytics.code.${figure}`, figure]),
);

function takeKey({ keys }: Tally, attributes: Attributes, span: 'today' | 'month', field: 'tokens' | 'cost', value: number): void {
  const { api_key_id: id, api_key_name: name, owner_name: owner } = attributes;
  if (typeof id === 'string') keys.add(id, textOf(name), textOf(owner), span, field, value);
}

function takeWorkspace({ workspaces }: Tally, attributes: Attributes, span: 'today' | 'month', field: 'tokens' | 'cost', value: number): void {
  const { workspace_id: id, workspace_name: name } = attributes;
  if (typeof id === 'string') workspaces.add(id, textOf(name), undefined, span, field, value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function list(lists: Map<string, ShownPoint[]>, key: string): ShownPoint[] {
  let found = lists.get(key);
  if (found === undefined) lists.set(key, (found = []));
  return found;
}
