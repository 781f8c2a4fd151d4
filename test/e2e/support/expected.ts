import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import type { Instants } from './account.ts';
import type { Histogram, WrittenPoint } from './otlp-json.ts';

/** A point without its times. */
export type Expected = Omit<WrittenPoint, 'startMs' | 'timeMs'>;

type Attributes = Readonly<Record<string, string>>;

const account = { account: 'default' };

function gauge(metric: string, unit: string, attributes: Attributes, value: WrittenPoint['value']): Expected {
  return { metric, unit, kind: 'gauge', attributes, value };
}

function double(value: number): WrittenPoint['value'] {
  return { asDouble: value };
}

function integer(value: number): WrittenPoint['value'] {
  return { asInt: String(value) };
}

function near(value: number): WrittenPoint['value'] {
  return { asDouble: expect.closeTo(value, 5) as number };
}

/** Whole seconds; the point's time is in milliseconds, so that a second may end between it and the observation. */
function secondsUntil(instant: Date, timeMs: number): WrittenPoint['value'] {
  const seconds = Math.floor((instant.getTime() - timeMs) / 1000);
  return { asInt: expect.toBeOneOf([String(seconds), String(seconds - 1)]) as string };
}

/** Every point that claude.ai's answers of {@link Account} are owed, at this time. */
export function claudePoints(instants: Instants, timeMs: number): Expected[] {
  const { sessionReset, weekReset, poolExpiry, cookieExpiry } = instants;
  const session = { ...account, metric_name: 'five_hour' };
  const week = { ...account, metric_name: 'seven_day' };
  const scoped = { ...account, metric_name: 'seven_day_fable_5' };
  const pool = { ...account, metric_name: 'cinder_cove' };
  const euros = { ...account, currency: 'EUR' };
  return [
    gauge('claude.usage.utilization', '1', session, double(0.42)),
    gauge('claude.usage.utilization', '1', week, double(1.07)),
    gauge('claude.usage.utilization', '1', scoped, double(0)),
    gauge('claude.usage.utilization', '1', pool, double(0.25)),
    gauge('claude.usage.utilization', '1', { ...account, metric_name: 'extra_usage' }, double(0.38)),
    gauge('claude.usage.seconds_to_reset', 's', session, secondsUntil(sessionReset, timeMs)),
    gauge('claude.usage.seconds_to_reset', 's', week, secondsUntil(weekReset, timeMs)),
    gauge('claude.usage.seconds_to_reset', 's', pool, secondsUntil(poolExpiry, timeMs)),
    // 90 minutes of 5 hours and 42 hours of 7 days were left when the account started.
    gauge('claude.usage.elapsed', '1', session, near(1 - (sessionReset.getTime() - timeMs) / 18_000_000)),
    gauge('claude.usage.elapsed', '1', week, near(1 - (weekReset.getTime() - timeMs) / 604_800_000)),
    gauge('claude.usage.limit_active', '', session, integer(0)),
    gauge('claude.usage.limit_active', '', week, integer(1)),
    gauge('claude.usage.limit_active', '', scoped, integer(0)),
    gauge('claude.extra_usage.used', '{currency}', euros, double(7.63)),
    gauge('claude.extra_usage.limit', '{currency}', euros, double(20)),
    gauge('claude.credit_pool.used', 'USD', pool, double(62.5)),
    gauge('claude.credit_pool.limit', 'USD', pool, double(250)),
    gauge('claude.credit_pool.remaining', 'USD', pool, double(187.5)),
    gauge('claude.session.seconds_to_expiry', 's', account, secondsUntil(cookieExpiry, timeMs)),
  ];
}

/** Every point that OpenRouter's answers of {@link Account} are owed, at this time. */
export function openRouterPoints(timeMs: number): Expected[] {
  const time = new Date(timeMs);
  const nextMonth = new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth() + 1));
  return [
    gauge('openrouter.key.usage', 'USD', { ...account, window: 'total' }, double(25.5)),
    gauge('openrouter.key.usage', 'USD', { ...account, window: 'daily' }, double(1.25)),
    gauge('openrouter.key.usage', 'USD', { ...account, window: 'weekly' }, double(6.75)),
    gauge('openrouter.key.usage', 'USD', { ...account, window: 'monthly' }, double(18.5)),
    gauge('openrouter.key.limit', 'USD', account, double(100)),
    gauge('openrouter.key.limit_remaining', 'USD', account, double(81.5)),
    gauge('openrouter.key.seconds_to_reset', 's', account, secondsUntil(nextMonth, timeMs)),
    gauge('openrouter.credits.total', 'USD', account, double(100.5)),
    gauge('openrouter.credits.usage', 'USD', account, double(25.75)),
    gauge('openrouter.credits.remaining', 'USD', account, double(74.75)),
  ];
}

const outcomes = [
  'success',
  'credential_missing',
  'credential_expired',
  'forbidden',
  'challenged',
  'rate_limited',
  'timeout',
  'dns',
  'tls',
  'network',
  'upstream',
  'too_large',
  'schema',
  'internal',
];

/** How a source's only read ended, for the agent's own points. */
export interface Read {
  readonly source: string;
  readonly outcome: string;
  /** Requests by status code. */
  readonly requests: Readonly<Record<string, number>>;
}

/** Every point that the agent says of itself in its first push. */
export function agentPoints(version: string, reads: readonly Read[], timeMs: number): Expected[] {
  // The Collector leaves out what is false.
  const sum = (metric: string, unit: string, attributes: Attributes, value: number, monotonic = true): Expected => ({
    metric,
    unit,
    kind: 'sum',
    temporality: 'cumulative',
    ...(monotonic && { monotonic }),
    attributes,
    value: integer(value),
  });
  return [
    gauge('claude_usage_metrics.build.info', '', { version }, integer(1)),
    ...['acknowledged', 'rejected', 'lost'].map((outcome) =>
      sum('claude_usage_metrics.export.points', '{point}', { outcome }, 0),
    ),
    sum('claude_usage_metrics.export.points.produced', '{point}', {}, 0),
    sum('claude_usage_metrics.export.points.in_flight', '{point}', {}, 0, false),
    ...reads.flatMap(({ source, outcome: ended, requests }) => {
      const own = { ...account, source };
      const up = ended === 'success';
      return [
        gauge('claude_usage_metrics.source.up', '', own, integer(up ? 1 : 0)),
        ...(up ? [gauge('claude_usage_metrics.source.last_success_timestamp', 's', own, withinSecondsBefore(timeMs))] : []),
        ...outcomes.map((outcome) =>
          sum('claude_usage_metrics.source.reads', '{read}', { ...own, outcome }, outcome === ended ? 1 : 0),
        ),
        ...Object.entries(requests).map(([status, count]) =>
          sum('claude_usage_metrics.source.requests', '{request}', { ...own, 'http.response.status_code': status }, count),
        ),
        oneDuration(own),
      ];
    }),
  ];
}

function withinSecondsBefore(timeMs: number): WrittenPoint['value'] {
  const seconds = timeMs / 1000;
  return { asDouble: expect.toSatisfy((value: number) => value <= seconds && value > seconds - 60) as number };
}

/** A histogram of the durations of the one read there was; what it took is not known, so the rest is held against that. */
function oneDuration(attributes: Attributes): Expected {
  const explicitBounds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60];
  const isOne = (written: Histogram): boolean => {
    const { sum } = written;
    const counts = [...explicitBounds, Infinity].map((upper, at, bounds) => (sum <= upper && sum > (bounds[at - 1] ?? 0) ? '1' : '0'));
    return isDeepStrictEqual(written, { count: '1', sum, min: sum, max: sum, bucketCounts: counts, explicitBounds });
  };
  return {
    metric: 'claude_usage_metrics.source.duration',
    unit: 's',
    kind: 'histogram',
    temporality: 'cumulative',
    attributes,
    value: { histogram: expect.toSatisfy(isOne) as Histogram },
  };
}
