import { attributeSet } from '../../model/attributes.ts';
import type { GaugeName } from '../../model/gauge-names.ts';
import type { GaugePoint, Notice, Reading } from '../../model/reading.ts';
import { SourceError } from '../../model/source-error.ts';
import { cleanText, slug } from '../../model/text.ts';
import { objectOf } from '../fields.ts';
import { type Amount, type Pool, extraUsageOf, poolOf } from './money.ts';
import { type Window, isWindowKey, windowsOfKeys, windowsOfLimits } from './windows.ts';

/** Keys that say something on their own, windows apart; a body with none of either is not a usage body. */
const otherKnownKeys = new Set(['limits', 'extra_usage', 'spend', 'seven_day_breakdown', 'cinder_cove', 'iguana_necktie']);

/**
 * The body of `GET /api/organizations/{org}/usage` as points (docs/design.md, claude.ai).
 * Percent on the wire, ratio in the points; a null is no point.
 * @throws {SourceError} `schema` when no part of it is known or readable.
 */
export function readUsage(body: unknown, now: Date): Reading {
  const fields = objectOf(body);
  if (fields === undefined) throw new SourceError('schema', 'the usage answer is not an object');
  const pools = poolsOf(fields);
  const poolKeys = new Set(pools.map((pool) => pool.window.name));
  const isKnown = (key: string): boolean => isWindowKey(key) || otherKnownKeys.has(key) || poolKeys.has(slug(key));
  if (![...fields.keys()].some(isKnown)) throw new SourceError('schema', 'the usage answer has no key that is known');

  const extra = extraUsageOf(fields.get('extra_usage'), fields.get('spend'));
  const limits = fields.get('limits');
  const found = windowsOfLimits(limits) ?? windowsOfKeys(fields);
  const wrong = [...found.wrong, ...extra.wrong, ...pools.flatMap((pool) => pool.wrong)];
  if (limits !== undefined && limits !== null && !Array.isArray(limits)) wrong.push('limits');

  const windows = highestOfEachName([
    ...found.windows,
    ...pools.map((pool) => pool.window),
    ...(extra.window === undefined ? [] : [extra.window]),
  ]);
  const gauges = [
    ...windows.flatMap((window) => windowPoints(window, now)),
    ...pools.flatMap((pool) => poolPoints(pool, now)),
    ...amountPoints('claude.extra_usage.used', extra.used),
    ...amountPoints('claude.extra_usage.limit', extra.limit),
  ];
  const failures = wrong.length === 0 ? [] : [unreadable(wrong)];
  const [failure] = failures;
  if (failure !== undefined && gauges.length === 0) throw failure;
  return { at: now, gauges, failures, notices: [...found.notes.map(debug), ...unknownKeys(fields, isKnown)] };
}

function unreadable(parts: readonly string[]): SourceError {
  return new SourceError('schema', `the usage answer has parts that cannot be read: ${cleanText(parts.join(', '))}`);
}

function poolsOf(fields: ReadonlyMap<string, unknown>): Pool[] {
  return [...fields].map(([key, value]) => poolOf(slug(key), value)).filter((pool) => pool !== undefined);
}

/** One window a name; of two the one with the higher percent. */
function highestOfEachName(windows: readonly Window[]): Window[] {
  const highest = new Map<string, Window>();
  for (const window of windows) {
    const other = highest.get(window.name);
    if (other === undefined || (window.percent ?? -1) > (other.percent ?? -1)) highest.set(window.name, window);
  }
  return [...highest.values()];
}

function windowPoints(window: Window, now: Date): GaugePoint[] {
  const attributes = attributeSet({ metric_name: window.name });
  const reset = comingReset(window, now);
  const until = reset === undefined ? {} : { validUntil: reset };
  const points: GaugePoint[] = [];
  if (window.percent !== undefined) {
    points.push({ metric: 'claude.usage.utilization', value: window.percent / 100, attributes, ...until });
  }
  if (reset !== undefined) {
    const value = { kind: 'seconds_until', instant: reset } as const;
    points.push({ metric: 'claude.usage.seconds_to_reset', value, attributes, validUntil: reset });
    if (window.lengthMs !== undefined && beganBy(now, reset, window.lengthMs)) {
      const elapsed = { kind: 'share_elapsed', end: reset, lengthMs: window.lengthMs } as const;
      points.push({ metric: 'claude.usage.elapsed', value: elapsed, attributes, validUntil: reset });
    }
  }
  if (window.active !== undefined) {
    points.push({ metric: 'claude.usage.limit_active', value: window.active ? 1 : 0, attributes, ...until });
  }
  return points;
}

/** A reset already past says nothing of when the value ends: the utilization stands, the countdown does not. */
function comingReset(window: Window, now: Date): Date | undefined {
  return window.resetsAt !== undefined && window.resetsAt > now ? window.resetsAt : undefined;
}

/** Resets jitter by up to a second around the minute; a window that would begin later than that has another length. */
function beganBy(now: Date, end: Date, lengthMs: number): boolean {
  return end.getTime() - lengthMs <= now.getTime() + 60_000;
}

function poolPoints(pool: Pool, now: Date): GaugePoint[] {
  const attributes = attributeSet({ metric_name: pool.window.name });
  const expiry = comingReset(pool.window, now);
  const until = expiry === undefined ? {} : { validUntil: expiry };
  const amounts: [GaugeName, number | undefined][] = [
    ['claude.credit_pool.used', pool.usedDollars],
    ['claude.credit_pool.limit', pool.limitDollars],
    ['claude.credit_pool.remaining', pool.remainingDollars],
  ];
  return amounts.flatMap(([metric, value]) => (value === undefined ? [] : [{ metric, value, attributes, ...until }]));
}

function amountPoints(metric: GaugeName, amount: Amount | undefined): GaugePoint[] {
  if (amount === undefined) return [];
  return [{ metric, value: amount.value, attributes: attributeSet({ currency: amount.currency }) }];
}

function unknownKeys(fields: ReadonlyMap<string, unknown>, isKnown: (key: string) => boolean): Notice[] {
  const unknown = [...fields].filter(([key, value]) => !isKnown(key) && value !== null).map(([key]) => key);
  return unknown.length === 0 ? [] : [debug(`usage keys not used: ${cleanText(unknown.sort().join(', '))}`)];
}

function debug(text: string): Notice {
  return { level: 'debug', text };
}
