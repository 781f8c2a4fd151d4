import { writeFileSync } from 'node:fs';
import { catalogue, durationBounds } from '../../../src/metrics/catalogue.ts';
import { prometheusName } from '../../../src/metrics/prometheus-name.ts';
import { reasons } from '../../../src/model/reasons.ts';
import { sourceIds } from '../../../src/model/reading.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Thirty days and some hours over a month's turn: what an agent pushed, up to this instant. */
export const historyStart = new Date('2026-11-05T00:00:00Z');
/** See {@link historyStart}. */
export const historyEnd = new Date('2026-12-05T14:30:00Z');

/** Prometheus takes a series for gone after five minutes. */
const sparseMs = 4 * minuteMs;
/** On the last day samples are closer; what has no history of its own begins there. */
const denseMs = 2 * minuteMs;
const denseFrom = historyEnd.getTime() - dayMs;

type Attributes = Readonly<Record<string, string>>;

/** One series: its value at an instant, in milliseconds since 1970; undefined where nothing is pushed. */
interface SimulatedSeries {
  readonly metric: string;
  readonly attributes: Attributes;
  readonly part?: 'bucket' | 'sum' | 'count';
  readonly value: (at: number) => number | undefined;
  /** Where the series begins, if not with the history. */
  readonly from?: number;
}

// What is used: a day's amount comes evenly over the day.

/** What a line of an organization's report gains each day, in its metric's own unit. */
interface Line {
  readonly metric: 'claude.tokens' | 'claude.web_searches' | 'claude.cost' | 'claude.requests' | 'claude.api_key.cost';
  readonly attributes: Attributes;
  readonly aDay: number;
}

const firstDay = Date.UTC(2026, 10, 1);

/** Days are not alike: one, two or three times the line's amount. */
function factor(day: number): number {
  return 1 + (day % 3);
}

/** What has been used of a line from the first of November to an instant. */
function usedUntil(aDay: number, at: number): number {
  const days = (at - firstDay) / dayMs;
  const whole = Math.floor(days);
  let sum = 0;
  for (let day = 0; day < whole; day += 1) sum += factor(day) * aDay;
  return sum + (days - whole) * factor(whole) * aDay;
}

const keys: readonly Attributes[] = [
  { api_key_id: 'apikey_1', api_key_name: 'pipeline', owner_name: 'Ada', owner_email: 'ada@example.com', workspace_id: 'wrkspc_1', workspace_name: 'Research' },
  { api_key_id: 'console', workspace_id: 'default' },
];
/** What each key uses, with what it costs a day. */
const models: Readonly<Record<string, readonly (readonly [model: string, dollars: number])[]>> = {
  apikey_1: [
    ['claude-opus-5', 8],
    ['claude-haiku-5', 2],
  ],
  console: [['claude-haiku-5', 1]],
};
const tokenTypes: readonly (readonly [Attributes, number])[] = [
  [{ type: 'input' }, 100_000],
  [{ type: 'output' }, 20_000],
  [{ type: 'cache_read' }, 300_000],
  [{ type: 'cache_creation', cache_ttl: '5m' }, 50_000],
];

const lines: readonly Line[] = keys.flatMap((key) => {
  const { api_key_id = '', workspace_id, workspace_name } = key;
  const workspace = { ...(workspace_id !== undefined && { workspace_id }), ...(workspace_name !== undefined && { workspace_name }) };
  return [
    ...(models[api_key_id] ?? []).flatMap(([model, dollars]) => [
      ...tokenTypes.map(([type, aDay]) => ({ metric: 'claude.tokens', attributes: { ...key, ...type, model }, aDay }) as const),
      { metric: 'claude.requests', attributes: { ...key, model }, aDay: 60 } as const,
      { metric: 'claude.cost', attributes: { ...workspace, model, cost_type: 'tokens', token_type: 'output_tokens' }, aDay: dollars } as const,
    ]),
    { metric: 'claude.web_searches', attributes: { ...key, model: 'claude-opus-5' }, aDay: 12 } as const,
    { metric: 'claude.api_key.cost', attributes: key, aDay: 10 } as const,
  ];
});

/** Dollars or tokens of the lines of a metric between two instants: the truth that queries are held to. */
export function usedBetween(metric: Line['metric'], from: Date, to: Date, having: Attributes = {}): number {
  const chosen = lines.filter((line) => line.metric === metric && Object.entries(having).every(([key, value]) => line.attributes[key] === value));
  return chosen.reduce((sum, { aDay }) => sum + usedUntil(aDay, to.getTime()) - usedUntil(aDay, from.getTime()), 0);
}

const months = [
  { period: '2026-11', from: Date.UTC(2026, 10, 1), to: Date.UTC(2026, 11, 1) },
  { period: '2026-12', from: Date.UTC(2026, 11, 1), to: Date.UTC(2027, 0, 1) },
];

function ofTheOrganization(): SimulatedSeries[] {
  const totals = lines.flatMap(({ metric, attributes, aDay }) =>
    months.map(({ period, from, to }) => ({
      metric,
      attributes: { ...attributes, period },
      from,
      value: (at: number) => (at < to + 3 * dayMs ? usedUntil(aDay, Math.min(at, to)) - usedUntil(aDay, from) : undefined),
    })),
  );
  const today = lines.flatMap(({ metric, attributes, aDay }) => {
    const current = `${metric}.current`;
    const value = (at: number): number => usedUntil(aDay, at) - usedUntil(aDay, at - (at % dayMs));
    return catalogue[current] === undefined ? [] : [{ metric: current, attributes, value, from: denseFrom }];
  });
  return [
    ...totals,
    ...today,
    ...claudeCode(),
    ...constant('claude.rate_limit', [{ group: 'opus', limiter: 'requests_per_minute' }], 4_000),
    ...constant('claude.organization.info', [{ 'organization.id': 'org-1', 'organization.name': 'Acme' }], 1),
  ];
}

/** Of Claude Code each day is a period of its own, sent until a day after its end. */
function claudeCode(): SimulatedSeries[] {
  const person = { actor_type: 'user_actor', actor_email: 'ada@example.com', terminal_type: 'vscode', customer_type: 'api' };
  const metrics: readonly (readonly [string, Attributes, number])[] = [
    ['sessions', {}, 4],
    ['lines', { type: 'added' }, 500],
    ['lines', { type: 'removed' }, 100],
    ['commits', {}, 3],
    ['pull_requests', {}, 1],
    ['tool_decisions', { tool: 'edit', decision: 'accepted' }, 30],
    ['tool_decisions', { tool: 'edit', decision: 'rejected' }, 10],
    ['tokens', { type: 'input', model: 'claude-opus-5' }, 90_000],
    ['cost', { model: 'claude-opus-5' }, 5],
  ];
  const days = [Date.UTC(2026, 11, 4), Date.UTC(2026, 11, 5)];
  return metrics.flatMap(([name, attributes, amount]) =>
    days.map((from) => ({
      metric: `claude.analytics.code.${name}`,
      attributes: { ...person, ...attributes, period: new Date(from).toISOString().slice(0, 10) },
      from,
      value: (at: number) => (at < from + 2 * dayMs ? amount * Math.min(1, (at - from) / dayMs) : undefined),
    })),
  );
}

/** A window that begins anew with the history and whenever it is over, at one pace throughout. */
function usageWindow(metric_name: string, lengthMs: number, pace: number): SimulatedSeries[] {
  const gone = (at: number): number => ((at - historyStart.getTime()) % lengthMs) / lengthMs;
  const one = (metric: string, value: (at: number) => number): SimulatedSeries => ({ metric: `claude.usage.${metric}`, attributes: { metric_name }, value });
  return [
    one('utilization', (at) => gone(at) * pace),
    one('elapsed', gone),
    one('seconds_to_reset', (at) => Math.round(((1 - gone(at)) * lengthMs) / 1000)),
    one('limit_active', () => (metric_name === 'seven_day' ? 1 : 0)),
  ];
}

function ofAnAccount(): SimulatedSeries[] {
  const pool = [{ metric_name: 'iguana_necktie' }];
  return [
    ...usageWindow('five_hour', 5 * hourMs, 0.8),
    ...usageWindow('seven_day', 7 * dayMs, 1.2),
    ...constant('claude.usage.utilization', [{ metric_name: 'extra_usage' }], 0.25),
    ...constant('claude.extra_usage.used', [{ currency: 'EUR' }], 5),
    ...constant('claude.extra_usage.limit', [{ currency: 'EUR' }], 20),
    ...constant('claude.credit_pool.used', pool, 50),
    ...constant('claude.credit_pool.limit', pool, 250),
    ...constant('claude.credit_pool.remaining', pool, 200),
    { metric: 'claude.session.seconds_to_expiry', attributes: {}, value: (at) => (historyEnd.getTime() + 5 * dayMs - at) / 1000 },
    ...constant('openrouter.credits.total', [{}], 100),
    ...constant('openrouter.credits.usage', [{}], 60),
    ...constant('openrouter.credits.remaining', [{}], 40),
    ...constant('openrouter.key.usage', ['total', 'daily', 'weekly', 'monthly'].map((window) => ({ window })), 12),
    ...constant('openrouter.key.limit', [{}], 50),
    ...constant('openrouter.key.limit_remaining', [{}], 38),
    ...constant('openrouter.key.seconds_to_reset', [{}], 86_400),
  ];
}

/** OpenRouter cannot be read, limits cannot since half an hour, all else can; a push was lost. */
function ofTheAgent(): SimulatedSeries[] {
  const minutes = (at: number): number => Math.floor((at - denseFrom) / minuteMs);
  const counting = (metric: string, attributes: Attributes, aMinute: number): SimulatedSeries => ({ metric, attributes, value: (at) => minutes(at) * aMinute });
  const ofSources = sourceIds.flatMap((source): SimulatedSeries[] => {
    const down = source === 'openrouter';
    const since = source === 'anthropic-limits' ? historyEnd.getTime() - hourMs / 2 : Infinity;
    // A counter arrives with its first failure.
    const first: SimulatedSeries = { metric: 'claude_usage_metrics.source.reads', attributes: { source, outcome: 'forbidden' }, from: since, value: () => 1 };
    const others = since < Infinity ? reasons.filter((reason) => reason !== 'forbidden') : reasons;
    const outcomes = ['success', ...others].map((outcome) => counting('claude_usage_metrics.source.reads', { source, outcome }, outcome === (down ? 'challenged' : 'success') ? 1 : 0));
    return [
      { metric: 'claude_usage_metrics.source.up', attributes: { source }, value: (at) => (down || at >= since ? 0 : 1) },
      first,
      { metric: 'claude_usage_metrics.source.last_success_timestamp', attributes: { source }, value: (at) => (down ? denseFrom : at - minuteMs) / 1000 },
      ...outcomes,
      counting('claude_usage_metrics.source.requests', { source, 'http.response.status_code': down ? '403' : '200' }, 1),
      ...histogram('claude_usage_metrics.source.duration', { source }, minutes),
    ];
  });
  const reports = [{ report: 'anthropic-usage' }, { report: 'anthropic-cost' }];
  const all: SimulatedSeries[] = [
    ...ofSources,
    ...constant('claude_usage_metrics.build.info', [{ version: '1.2.3' }], 1),
    { metric: 'claude_usage_metrics.source.report.refreshed_timestamp', attributes: { source: 'anthropic-analytics' }, value: (at) => (at - 3 * hourMs) / 1000 },
    ...histogram('claude_usage_metrics.collect.duration', {}, minutes),
    counting('claude_usage_metrics.export.points', { outcome: 'acknowledged' }, 100),
    counting('claude_usage_metrics.export.points', { outcome: 'rejected' }, 0),
    { metric: 'claude_usage_metrics.export.points', attributes: { outcome: 'lost' }, value: (at) => (at < historyEnd.getTime() - hourMs ? 0 : 100) },
    counting('claude_usage_metrics.export.points.produced', {}, 100),
    ...constant('claude_usage_metrics.export.points.in_flight', [{}], 0),
    ...['acknowledged', 'rejected', 'lost'].map((outcome) => counting('claude_usage_metrics.export.spans', { outcome }, outcome === 'acknowledged' ? 10 : 0)),
    ...constant('claude_usage_metrics.ledger.debt.tokens', [{ report: 'anthropic-usage' }], 7),
    ...constant('claude_usage_metrics.ledger.debt.cost', [{ report: 'anthropic-cost' }], 0.5),
    ...constant('claude_usage_metrics.ledger.series', reports.map((report) => ({ ...report, metric: 'claude.tokens' })), 16),
    counting('claude_usage_metrics.ledger.revisions', { report: 'anthropic-usage', direction: 'up' }, 0.01),
  ];
  return all.map((one) => ({ from: denseFrom, ...one }));
}

/** Every read takes two seconds. */
function histogram(metric: string, attributes: Attributes, count: (at: number) => number): SimulatedSeries[] {
  const bounds = [...durationBounds.map((bound) => ({ le: String(bound), has: bound >= 2 })), { le: '+Inf', has: true }];
  return [
    ...bounds.map(({ le, has }) => ({ metric, attributes: { ...attributes, le }, part: 'bucket', value: (at: number) => (has ? count(at) : 0) }) as const),
    { metric, attributes, part: 'sum', value: (at) => count(at) * 2 },
    { metric, attributes, part: 'count', value: count },
  ];
}

function constant(metric: string, sets: readonly Attributes[], value: number): SimulatedSeries[] {
  return sets.map((attributes) => ({ metric, attributes, value: () => value, from: denseFrom }));
}

/** Writes the history in OpenMetrics' text format, and tells every metric that is in it, by OTLP name. */
export function writeHistory(file: string): ReadonlySet<string> {
  const all = [...ofTheOrganization(), ...ofAnAccount(), ...ofTheAgent()];
  writeFileSync(file, `${all.flatMap(linesOf).join('\n')}\n# EOF\n`);
  return new Set(all.map(({ metric }) => metric));
}

function linesOf({ metric, attributes, part, value, from = historyStart.getTime() }: SimulatedSeries): string[] {
  const spec = catalogue[metric];
  if (spec === undefined) throw new Error(`${metric} is not in the catalogue`);
  const account: Attributes = spec.attributes.includes('account') ? { account: 'acme' } : {};
  const all = { job: 'claude-usage-metrics', instance: '6f0b4b52', ...account, ...attributes };
  const labels = Object.entries(all).map(([key, text]) => {
    if (!['job', 'instance', 'le', ...spec.attributes].includes(key)) throw new Error(`${metric} has no attribute ${key}`);
    return `${key.replaceAll('.', '_')}="${text}"`;
  });
  const name = `${prometheusName({ name: metric, ...spec })}${part === undefined ? '' : `_${part}`}{${labels.join(',')}}`;
  const written: string[] = [];
  const end = historyEnd.getTime();
  for (let at = Math.max(from, historyStart.getTime()); at <= end; at += at < denseFrom ? sparseMs : denseMs) {
    const number = value(at);
    if (number !== undefined) written.push(`${name} ${number} ${at / 1000}`);
  }
  return written;
}
