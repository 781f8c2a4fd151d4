import { numberField, objectOf, textOf, valueOf } from '../fields.ts';
import { type Window, percentField, windowOf } from './windows.ts';

/** An amount in major units of its currency. */
export interface Amount {
  readonly value: number;
  /** ISO 4217, upper case. */
  readonly currency: string;
}

/** Pay-as-you-go credits: `extra_usage`, with `spend` as fallback. */
export interface ExtraUsage {
  readonly used?: Amount;
  readonly limit?: Amount;
  readonly window?: Window;
  readonly wrong: readonly string[];
}

/** A dollar pool: any object with a numeric `limit_dollars`. */
export interface Pool {
  readonly window: Window;
  readonly limitDollars: number;
  readonly usedDollars?: number;
  readonly remainingDollars?: number;
  readonly wrong: readonly string[];
}

type Fields = ReadonlyMap<string, unknown>;

/** An object that is a credit pool, else undefined. `name` is the key it stood under. */
export function poolOf(name: string, value: unknown): Pool | undefined {
  const fields = objectOf(value);
  if (fields === undefined) return undefined;
  const limitDollars = fields.get('limit_dollars');
  if (typeof limitDollars !== 'number' || !Number.isFinite(limitDollars)) return undefined;
  const wrong: string[] = [];
  const read = (key: string): number | undefined => {
    const amount = numberField(fields.get(key));
    if (amount.state === 'wrong') wrong.push(`${name}.${key}`);
    return valueOf(amount);
  };
  const usedDollars = read('used_dollars');
  const remainingDollars = read('remaining_dollars');
  const percent = percentField(fields.get('utilization'));
  if (percent.state === 'wrong') wrong.push(`${name}.utilization`);
  return {
    window: windowOf(name, percent, fields.get('resets_at')),
    limitDollars,
    ...(usedDollars !== undefined && { usedDollars }),
    ...(remainingDollars !== undefined && { remainingDollars }),
    wrong,
  };
}

/** What `extra_usage` and `spend` say together, also while the credits are switched off. */
export function extraUsageOf(extraUsage: unknown, spend: unknown): ExtraUsage {
  const wrong: string[] = [];
  const extra = section('extra_usage', extraUsage, wrong);
  const spent = section('spend', spend, wrong);
  const used = ownAmount(extra, 'used_credits', wrong) ?? moneyOf(spent, 'used', wrong);
  const limit = ownAmount(extra, 'monthly_limit', wrong) ?? limitOf(spent, wrong);
  const percent = percentOf(extra, spent, used, limit, wrong);
  return {
    ...(used !== undefined && { used }),
    ...(limit !== undefined && { limit }),
    ...(percent !== undefined && { window: { name: 'extra_usage', percent } }),
    wrong,
  };
}

function section(name: string, value: unknown, wrong: string[]): Fields | undefined {
  const fields = objectOf(value);
  if (fields === undefined && value !== undefined && value !== null) wrong.push(name);
  return fields;
}

/** Own utilization, else used of limit, else what `spend` says. */
function percentOf(
  extra: Fields | undefined,
  spend: Fields | undefined,
  used: Amount | undefined,
  limit: Amount | undefined,
  wrong: string[],
): number | undefined {
  const own = percentField(extra?.get('utilization'));
  if (own.state === 'wrong') wrong.push('extra_usage.utilization');
  if (own.state === 'read') return own.value;
  if (used !== undefined && limit !== undefined && limit.value > 0 && used.value >= 0 && used.currency === limit.currency) {
    return (used.value / limit.value) * 100;
  }
  const spent = percentField(spend?.get('percent'));
  if (spent.state === 'wrong') wrong.push('spend.percent');
  if (spent.state !== 'read') return undefined;
  // Without a limit the upstream reports 0 whatever was spent: a share of nothing, not a share of zero.
  return spent.value === 0 && limit === undefined ? undefined : spent.value;
}

/** An amount of `extra_usage`, in minor units by its `decimal_places`. */
function ownAmount(extra: Fields | undefined, key: string, wrong: string[]): Amount | undefined {
  return minorAmount(`extra_usage.${key}`, extra?.get(key), extra?.get('decimal_places'), extra?.get('currency'), wrong);
}

/** A Money of `spend`: `{amount_minor, currency, exponent}`. */
function moneyOf(spend: Fields | undefined, key: string, wrong: string[]): Amount | undefined {
  const money = section(`spend.${key}`, spend?.get(key), wrong);
  return minorAmount(`spend.${key}`, money?.get('amount_minor'), money?.get('exponent'), money?.get('currency'), wrong);
}

function limitOf(spend: Fields | undefined, wrong: string[]): Amount | undefined {
  return moneyOf(spend, 'limit', wrong) ?? moneyOf(objectOf(spend?.get('cap')), 'money', wrong);
}

function minorAmount(
  name: string,
  minor: unknown,
  exponent: unknown,
  currency: unknown,
  wrong: string[],
): Amount | undefined {
  const amount = numberField(minor);
  if (amount.state === 'absent') return undefined;
  const places = exponent ?? 2;
  const code = currency === undefined || currency === null ? 'USD' : textOf(currency)?.toUpperCase();
  if (
    amount.state === 'wrong' ||
    typeof places !== 'number' ||
    !Number.isInteger(places) ||
    places < 0 ||
    places > 6 ||
    code === undefined ||
    !/^[A-Z]{3}$/.test(code)
  ) {
    wrong.push(name);
    return undefined;
  }
  return { value: amount.value / 10 ** places, currency: code };
}
