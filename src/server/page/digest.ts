import { DataPointType, type MetricData, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { ShownPoint } from '../../metrics/picture.ts';

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

/** Sums of an organization’s use by model; what the snapshot does not have is absent. */
export interface OrganizationUse {
  /** Since 00:00 UTC of the snapshot’s day. */
  readonly today: ReadonlyMap<string, Sums>;
  /** Since the first of the snapshot’s UTC month. */
  readonly month: ReadonlyMap<string, Sums>;
}

/** What a model used. */
export interface Sums {
  /** Of every type. */
  tokens?: number;
  /** Those of them that were read from the cache. */
  cachedTokens?: number;
  /** In dollars. */
  cost?: number;
}

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
  const month = at.toISOString().slice(0, 7);
  const gauges = new Map<string, ShownPoint[]>();
  const use = new Map<string, { today: Map<string, Sums>; month: Map<string, Sums> }>();
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
  const takeUse = (metric: MetricData, field: 'tokens' | 'cost', span: 'today' | 'month'): void => {
    for (const { attributes, value } of metric.dataPoints) {
      const { account, model, type, period } = attributes;
      if (typeof value !== 'number' || typeof account !== 'string') continue;
      if (span === 'month' && period !== month) continue;
      const name = typeof model === 'string' ? model : noModel;
      if (!models.has(name) && models.size < mostModels) models.add(name);
      let own = use.get(account);
      if (own === undefined) use.set(account, (own = { today: new Map(), month: new Map() }));
      const key = models.has(name) ? name : otherModels;
      let sums = own[span].get(key);
      if (sums === undefined) own[span].set(key, (sums = {}));
      sums[field] = (sums[field] ?? 0) + value;
      if (type === 'cache_read') sums.cachedTokens = (sums.cachedTokens ?? 0) + value;
    }
  };

  for (const { metrics } of scopeMetrics) {
    for (const metric of metrics) {
      const { name } = metric.descriptor;
      if (name === 'claude.tokens.current') takeUse(metric, 'tokens', 'today');
      else if (name === 'claude.cost.current') takeUse(metric, 'cost', 'today');
      else if (name === 'claude.tokens') takeUse(metric, 'tokens', 'month');
      else if (name === 'claude.cost') takeUse(metric, 'cost', 'month');
      else if (metric.dataPointType === DataPointType.GAUGE && shownGauges.test(name)) takeGauges(metric);
    }
  }
  return { at, gauges, moreWindows: dropped.size, use };
}

function list(lists: Map<string, ShownPoint[]>, key: string): ShownPoint[] {
  let found = lists.get(key);
  if (found === undefined) lists.set(key, (found = []));
  return found;
}
