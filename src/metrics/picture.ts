/** A value of a series, as of the instant it was taken. */
export interface ShownPoint {
  readonly metric: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Money in major units; what is not known is absent. */
export interface Amounts {
  /** ISO 4217. */
  readonly currency: string;
  readonly used?: number;
  readonly limit?: number;
  readonly remaining?: number;
}

/** Something of which a share is used: a window, a pool, a balance, a cap. What is not known is absent. */
export interface Quota {
  readonly name: string;
  /** Used share; above 1 when it is overdrawn. */
  readonly used?: number;
  /** Share of its time that is gone. */
  readonly elapsed?: number;
  readonly secondsToReset?: number;
  /** Whether the vendor calls it the limit that binds. */
  readonly binding?: boolean;
  readonly amounts?: Amounts;
}

/** What points say of an account, arranged for people. */
export interface Picture {
  readonly quotas: readonly Quota[];
  /** Spend of the OpenRouter key in USD: total, daily, weekly, monthly. */
  readonly spent: Readonly<Record<string, number>>;
  readonly secondsToSessionExpiry?: number;
}

/** Arranges points: windows first, the session’s before the week’s, then credits and what else there is by name. */
export function pictureOf(points: readonly ShownPoint[]): Picture {
  const value = (metric: string): number | undefined => points.find((point) => point.metric === metric)?.value;
  const sessionExpiry = value('claude.session.seconds_to_expiry');
  return {
    quotas: [...windows(points), ...credits(value), ...cap(value)],
    spent: Object.fromEntries(
      points
        .filter(({ metric }) => metric === 'openrouter.key.usage')
        .map((point) => [point.attributes['window'] ?? '', point.value]),
    ),
    ...(sessionExpiry !== undefined && { secondsToSessionExpiry: sessionExpiry }),
  };
}

function windows(points: readonly ShownPoint[]): Quota[] {
  const named = new Map<string, Map<string, number>>();
  let currency: string | undefined;
  for (const { metric, attributes, value } of points) {
    const isExtraUsage = metric.startsWith('claude.extra_usage.');
    const name = isExtraUsage ? 'extra_usage' : attributes['metric_name'];
    if (name === undefined) continue;
    if (isExtraUsage) currency = attributes['currency'];
    const values = named.get(name) ?? new Map<string, number>();
    named.set(name, values.set(metric, value));
  }
  return [...named]
    .map(([name, values]) => quotaOf(name, values, currency))
    .sort(inOrder);
}

/** The order people look for quotas in: session, week, the week by model, extra usage, the rest by name. */
export function inOrder(a: Quota, b: Quota): number {
  return rank(a.name) - rank(b.name) || a.name.localeCompare(b.name, 'en', { numeric: true });
}

function quotaOf(name: string, values: ReadonlyMap<string, number>, extraUsageCurrency: string | undefined): Quota {
  const isExtraUsage = name === 'extra_usage';
  const kind = isExtraUsage ? 'claude.extra_usage' : 'claude.credit_pool';
  const currency = (isExtraUsage ? extraUsageCurrency : undefined) ?? 'USD';
  const amounts = defined({
    used: values.get(`${kind}.used`),
    limit: values.get(`${kind}.limit`),
    remaining: values.get(`${kind}.remaining`),
  });
  const used = values.get('claude.usage.utilization');
  const secondsToReset = values.get('claude.usage.seconds_to_reset');
  const binding = values.get('claude.usage.limit_active');
  const hasAmounts = Object.keys(amounts).length > 0;
  return {
    name,
    ...defined({ used, secondsToReset, elapsed: values.get('claude.usage.elapsed') }),
    ...(binding !== undefined && { binding: binding === 1 }),
    ...(hasAmounts && { amounts: { ...amounts, currency } }),
  };
}

function rank(name: string): number {
  if (name === 'five_hour') return 0;
  if (name === 'seven_day') return 1;
  if (name.startsWith('seven_day_')) return 2;
  return name === 'extra_usage' ? 3 : 4;
}

type ValueOf = (metric: string) => number | undefined;

function credits(value: ValueOf): Quota[] {
  const limit = value('openrouter.credits.total');
  const used = value('openrouter.credits.usage');
  const remaining = value('openrouter.credits.remaining');
  if (limit === undefined && used === undefined && remaining === undefined) return [];
  // No share: of all that was ever bought, most is spent sooner or later.
  return [{ name: 'credits', amounts: { currency: 'USD', ...defined({ used, limit, remaining }) } }];
}

function cap(value: ValueOf): Quota[] {
  const limit = value('openrouter.key.limit');
  if (limit === undefined) return [];
  const remaining = value('openrouter.key.limit_remaining');
  const used = remaining === undefined ? undefined : limit - remaining;
  const secondsToReset = value('openrouter.key.seconds_to_reset');
  const share = used === undefined || limit <= 0 ? undefined : used / limit;
  const amounts = { currency: 'USD', limit, ...defined({ used, remaining }) };
  return [{ name: 'key limit', ...defined({ used: share, secondsToReset }), amounts }];
}

/** The fields that have a value. */
function defined<K extends string>(fields: Record<K, number | undefined>): Partial<Record<K, number>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<Record<K, number>>;
}
