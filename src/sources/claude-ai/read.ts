import { attributeSet } from '../../model/attributes.ts';
import type { GaugeName } from '../../model/gauge-names.ts';
import type { GaugePoint, Notice, Reading } from '../../model/reading.ts';
import { SourceError } from '../../model/source-error.ts';
import { cleanText } from '../../model/text.ts';
import { objectOf } from '../fields.ts';
import { type Amount, type Pool, extraUsageOf, poolsOf } from './money.ts';
import { type Window, isWindowKey, notRows, windowsOfKeys, windowsOfLimits } from './windows.ts';

/** Keys with a meaning of their own, windows and pools apart. */
const readKeys = new Set(['limits', 'extra_usage', 'spend', 'seven_day_breakdown']);

/** Keys that only a usage body has, and that say nothing unless they are pools. */
const usageKeys = new Set(['cinder_cove', 'iguana_necktie']);

/** Many times what any account has; the SDK keeps 2,000 series a metric for as long as it runs. */
const mostWindows = 1_000;

/**
 * The body of `GET /api/organizations/{org}/usage` as points (docs/design.md, claude.ai).
 * Percent on the wire, ratio in the points; a null is no point.
 * @throws {SourceError} `schema` when no part of it is known or readable, `too_large` with windows beyond all reason.
 */
export function readUsage(body: unknown, now: Date): Reading {
  const fields = objectOf(body);
  if (fields === undefined) throw new SourceError('schema', 'the usage answer is not an object');
  const pools = poolsOf(fields);
  const isRead = (key: string): boolean => isWindowKey(key) || readKeys.has(key) || pools.byKey.has(key);
  if (![...fields.keys()].some((key) => isRead(key) || usageKeys.has(key))) {
    throw new SourceError('schema', 'the usage answer has no key that is known');
  }

  const limits = fields.get('limits');
  const found = windowsOfLimits(limits) ?? windowsOfKeys(fields);
  const extra = extraUsageOf(fields.get('extra_usage'), fields.get('spend'));
  const highestPools = highestOfEachName([...pools.byKey.values()], (pool) => pool.window);
  const windows = highestOfEachName(
    [...found.windows, ...highestPools.map((pool) => pool.window), ...(extra.window === undefined ? [] : [extra.window])],
    (window) => window,
  );
  if (windows.length > mostWindows) {
    throw new SourceError('too_large', `the usage answer has more than ${mostWindows} windows`);
  }
  const gauges = [
    ...windows.flatMap((window) => windowPoints(window, now)),
    ...highestPools.flatMap((pool) => poolPoints(pool, now)),
    ...amountPoints('claude.extra_usage.used', extra.used),
    ...amountPoints('claude.extra_usage.limit', extra.limit),
  ];
  const failures = unreadable([...new Set([...notRows(limits), ...found.wrong, ...extra.wrong, ...pools.wrong])]);
  const [failure] = failures;
  if (failure !== undefined && gauges.length === 0) throw failure;
  return { at: now, gauges, failures, notices: [...new Set(found.notes)].map(debug).concat(unusedKeys(fields, isRead)) };
}

function unreadable(parts: readonly string[]): SourceError[] {
  if (parts.length === 0) return [];
  return [new SourceError('schema', `the usage answer has parts that cannot be read: ${cleanText(parts.join(', '))}`)];
}

/** One item a name; of two with the same name the one whose window is used more. */
function highestOfEachName<T>(items: readonly T[], windowOf: (item: T) => Window): T[] {
  const highest = new Map<string, T>();
  for (const item of items) {
    const window = windowOf(item);
    const other = highest.get(window.name);
    if (other === undefined || isHigher(window, windowOf(other))) highest.set(window.name, item);
  }
  return [...highest.values()];
}

/** Of two that are used alike the one that says when it resets. */
function isHigher({ utilization = -1, resetsAt }: Window, other: Window): boolean {
  const difference = utilization - (other.utilization ?? -1);
  return difference > 0 || (difference === 0 && resetsAt !== undefined && other.resetsAt === undefined);
}

function windowPoints(window: Window, now: Date): GaugePoint[] {
  const attributes = attributeSet({ metric_name: window.name });
  const ends = coming(window.resetsAt, now);
  // Also one that seems to be too far away: this machine may have slept since the read began.
  const until = ends === undefined ? {} : { validUntil: ends };
  const reset = window.lengthMs === undefined || (ends !== undefined && hasBegun(now, ends, 2 * window.lengthMs)) ? ends : undefined;
  const points: GaugePoint[] = [];
  if (window.utilization !== undefined) {
    points.push({ metric: 'claude.usage.utilization', value: window.utilization, attributes, ...until });
  }
  // Beyond the window after this one it is no reset to count down to.
  if (reset !== undefined) {
    const value = { kind: 'seconds_until', instant: reset } as const;
    points.push({ metric: 'claude.usage.seconds_to_reset', value, attributes, validUntil: reset });
    if (window.lengthMs !== undefined && hasBegun(now, reset, window.lengthMs)) {
      const elapsed = { kind: 'share_elapsed', end: reset, lengthMs: window.lengthMs } as const;
      points.push({ metric: 'claude.usage.elapsed', value: elapsed, attributes, validUntil: reset });
    }
  }
  if (window.active !== undefined) {
    points.push({ metric: 'claude.usage.limit_active', value: window.active ? 1 : 0, attributes, ...until });
  }
  return points;
}

/** A reset that is past is none. */
function coming(resetsAt: Date | undefined, now: Date): Date | undefined {
  return resetsAt !== undefined && resetsAt > now ? resetsAt : undefined;
}

/** Whether a window of this length that ends then is under way. Resets jitter around their minute, and clocks differ. */
function hasBegun(now: Date, end: Date, lengthMs: number): boolean {
  return end.getTime() - lengthMs <= now.getTime() + 60_000;
}

function poolPoints(pool: Pool, now: Date): GaugePoint[] {
  const attributes = attributeSet({ metric_name: pool.window.name });
  const expiry = coming(pool.window.resetsAt, now);
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

function unusedKeys(fields: ReadonlyMap<string, unknown>, isRead: (key: string) => boolean): Notice[] {
  const unused = [...fields].filter(([key, value]) => !isRead(key) && value !== null).map(([key]) => key);
  return unused.length === 0 ? [] : [debug(`usage keys not used: ${cleanText(unused.sort().join(', '))}`)];
}

function debug(text: string): Notice {
  return { level: 'debug', text };
}
