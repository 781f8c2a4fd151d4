import { slug } from '../../model/text.ts';
import { nonNegative, numberField, objectOf, textOf, valueOf } from '../fields.ts';
import { type Window, shareField, windowOfKey } from './windows.ts';

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
  readonly limitDollars?: number;
  readonly usedDollars?: number;
  /** Below zero when the pool is overdrawn. */
  readonly remainingDollars?: number;
}

/** The pools of a body by the keys they stood under, and what in them could not be read. */
export interface Pools {
  readonly byKey: ReadonlyMap<string, Pool>;
  readonly wrong: readonly string[];
}

type Fields = ReadonlyMap<string, unknown>;

/** Every object of the body that is a credit pool, by rule: most of their keys are code names that come and go. */
export function poolsOf(body: Fields): Pools {
  const wrong: string[] = [];
  const byKey = new Map<string, Pool>();
  for (const [key, value] of body) {
    const fields = objectOf(value);
    const limit = numberField(fields?.get('limit_dollars'));
    if (fields === undefined || limit.state === 'absent') continue;
    if (limit.state === 'wrong' || key === '') wrong.push(`${slug(key)}.limit_dollars`);
    else byKey.set(key, poolOf(slug(key), fields, wrong));
  }
  return { byKey, wrong };
}

function poolOf(name: string, fields: Fields, wrong: string[]): Pool {
  const limit = nonNegative(numberField(fields.get('limit_dollars')));
  const used = nonNegative(numberField(fields.get('used_dollars')));
  const remaining = numberField(fields.get('remaining_dollars'));
  if (limit.state === 'wrong') wrong.push(`${name}.limit_dollars`);
  if (used.state === 'wrong') wrong.push(`${name}.used_dollars`);
  if (remaining.state === 'wrong') wrong.push(`${name}.remaining_dollars`);
  const limitDollars = valueOf(limit);
  const usedDollars = valueOf(used);
  const remainingDollars = valueOf(remaining);
  return {
    window: windowOfKey(name, fields, wrong),
    ...(limitDollars !== undefined && { limitDollars }),
    ...(usedDollars !== undefined && { usedDollars }),
    ...(remainingDollars !== undefined && { remainingDollars }),
  };
}

/** What `extra_usage` and `spend` say together, also while the credits are switched off. */
export function extraUsageOf(extraUsage: unknown, spend: unknown): ExtraUsage {
  const wrong: string[] = [];
  const extra = section('extra_usage', extraUsage, wrong);
  const spent = section('spend', spend, wrong);
  const cap = section('spend.cap', spent?.get('cap'), wrong);
  const used = ownAmount(extra, spent, 'used_credits', wrong) ?? moneyOf('spend.used', spent?.get('used'), wrong);
  const limit =
    ownAmount(extra, spent, 'monthly_limit', wrong) ??
    moneyOf('spend.limit', spent?.get('limit'), wrong) ??
    moneyOf('spend.cap.money', cap?.get('money'), wrong);
  const utilization =
    shareField('extra_usage.utilization', extra?.get('utilization'), wrong) ??
    shareOf(used, limit) ??
    spentShare(spent, limit, cap, wrong);
  return {
    ...(used !== undefined && { used }),
    ...(limit !== undefined && { limit }),
    ...(utilization !== undefined && { window: { name: 'extra_usage', utilization } }),
    wrong,
  };
}

function section(name: string, value: unknown, wrong: string[]): Fields | undefined {
  const fields = objectOf(value);
  if (fields === undefined && value !== undefined && value !== null) wrong.push(name);
  return fields;
}

function shareOf(used: Amount | undefined, limit: Amount | undefined): number | undefined {
  if (used === undefined || used.currency !== limit?.currency) return undefined;
  const share = used.value / limit.value;
  return Number.isFinite(share) ? share : undefined;
}

/** Without a limit the upstream reports 0 whatever was spent: a share of nothing, not a share of zero. */
function spentShare(spend: Fields | undefined, limit: Amount | undefined, cap: Fields | undefined, wrong: string[]): number | undefined {
  const share = shareField('spend.percent', spend?.get('percent'), wrong);
  if (share !== 0) return share;
  const credits = valueOf(numberField(objectOf(cap?.get('credits'))?.get('amount_minor'))) ?? 0;
  return (limit?.value ?? 0) > 0 || credits > 0 ? 0 : undefined;
}

/**
 * An amount of `extra_usage`, in minor units by its `decimal_places`. Currency and places are null until credits were
 * first used, and missing in older bodies: then they are those of `spend`, where that is of the same currency.
 */
function ownAmount(extra: Fields | undefined, spend: Fields | undefined, key: string, wrong: string[]): Amount | undefined {
  const money = objectOf(spend?.get('used')) ?? objectOf(spend?.get('limit'));
  const currency = extra?.get('currency') ?? money?.get('currency');
  const sameCurrency = textOf(currency)?.toUpperCase() === textOf(money?.get('currency'))?.toUpperCase();
  const places = extra?.get('decimal_places') ?? (sameCurrency ? money?.get('exponent') : undefined);
  return minorAmount(`extra_usage.${key}`, extra?.get(key), places, currency, wrong);
}

/** A Money of `spend`: `{amount_minor, currency, exponent}`. Without a currency it is not money but credits. */
function moneyOf(name: string, value: unknown, wrong: string[]): Amount | undefined {
  const money = section(name, value, wrong);
  const amount = minorAmount(name, money?.get('amount_minor'), money?.get('exponent'), money?.get('currency'), wrong);
  return textOf(money?.get('currency')) === undefined ? undefined : amount;
}

/** Most decimal places that a currency has is four (ISO 4217); more than this is no exponent. */
const mostDecimalPlaces = 6;

function minorAmount(name: string, minor: unknown, exponent: unknown, currency: unknown, wrong: string[]): Amount | undefined {
  const amount = nonNegative(numberField(minor));
  if (amount.state === 'absent') return undefined;
  const places = valueOf(numberField(exponent ?? 2));
  const code = textOf(currency ?? 'USD');
  const known = places !== undefined && Number.isInteger(places) && places >= 0 && places <= mostDecimalPlaces;
  if (amount.state === 'wrong' || !known || code === undefined || !/^[A-Za-z]{3}$/.test(code)) {
    wrong.push(name);
    return undefined;
  }
  return { value: amount.value / 10 ** places, currency: code.toUpperCase() };
}
