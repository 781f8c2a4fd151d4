import { attributeSet } from '../../model/attributes.ts';
import type { GaugeName } from '../../model/gauge-names.ts';
import type { GaugePoint } from '../../model/reading.ts';
import { SourceError } from '../../model/source-error.ts';
import { nonNegative, numberField, objectOf } from '../fields.ts';
import { nextReset } from './reset.ts';

/** Points of one answer, and the parts of it that could not be read. */
export interface Part {
  readonly gauges: readonly GaugePoint[];
  readonly failures: readonly SourceError[];
}

/** What `/key` says: points, and which kind of key it is (undefined where it does not say). */
export interface KeyPart extends Part {
  readonly isManagementKey: boolean | undefined;
}

const none = attributeSet({});
/** Field and `window` attribute of each spend; a window's value ends with its window. */
const usageWindows = [
  ['usage', 'total'],
  ['usage_daily', 'daily'],
  ['usage_weekly', 'weekly'],
  ['usage_monthly', 'monthly'],
] as const;

/**
 * The body of `GET /key` (https://openrouter.ai/docs/api-reference/limits): spend by window, cap, what is left of it.
 * @throws {SourceError} `schema` when no part of it is known or readable.
 */
export function readKey(body: unknown, now: Date): KeyPart {
  const key = section(body, '/key');
  const found = new Points('/key');
  const isManagementKey = managementKey(key);
  for (const [field, window] of usageWindows) {
    const end = nextReset(window, now);
    const options = { required: true, ...(end !== undefined && { validUntil: end }) };
    found.add('openrouter.key.usage', attributeSet({ window }), field, key.get(field), options);
  }
  const reset = nextReset(key.get('limit_reset'), now);
  const until = reset === undefined ? {} : { validUntil: reset };
  found.add('openrouter.key.limit', none, 'limit', key.get('limit'));
  found.add('openrouter.key.limit_remaining', none, 'limit_remaining', key.get('limit_remaining'), { ...until, negative: true });
  const part = found.part();
  if (reset === undefined || numberField(key.get('limit')).state !== 'read') return { ...part, isManagementKey };
  const countdown: GaugePoint = {
    metric: 'openrouter.key.seconds_to_reset',
    value: { kind: 'seconds_until', instant: reset },
    attributes: none,
    validUntil: reset,
  };
  return { gauges: [...part.gauges, countdown], failures: part.failures, isManagementKey };
}

/**
 * The body of `GET /credits`: bought, spent, and what is left, which may be negative.
 * @returns undefined when the account withholds them: `{0, 0}` for a key that is not known to be a management key.
 * @throws {SourceError} `schema` when either number is missing: no half of a balance is a balance.
 */
export function readCredits(body: unknown, isManagementKey: boolean | undefined): Part | undefined {
  const credits = section(body, '/credits');
  const total = nonNegative(numberField(credits.get('total_credits')));
  const usage = nonNegative(numberField(credits.get('total_usage')));
  if (total.state !== 'read' || usage.state !== 'read') {
    throw new SourceError('schema', 'openrouter.ai /credits lacks total_credits or total_usage, or has one below zero');
  }
  if (total.value === 0 && usage.value === 0 && isManagementKey !== true) return undefined;
  const remaining = total.value - usage.value;
  if (!Number.isFinite(remaining)) throw new SourceError('schema', 'openrouter.ai /credits has amounts beyond any number');
  return {
    gauges: [
      { metric: 'openrouter.credits.total', value: total.value, attributes: none },
      { metric: 'openrouter.credits.usage', value: usage.value, attributes: none },
      { metric: 'openrouter.credits.remaining', value: remaining, attributes: none },
    ],
    failures: [],
  };
}

function section(body: unknown, path: string): ReadonlyMap<string, unknown> {
  const fields = objectOf(objectOf(body)?.get('data'));
  if (fields === undefined) throw new SourceError('schema', `openrouter.ai ${path} has no data`);
  return fields;
}

function managementKey(key: ReadonlyMap<string, unknown>): boolean | undefined {
  const said = key.get('is_management_key') ?? key.get('is_provisioning_key');
  return typeof said === 'boolean' ? said : undefined;
}

/** Collects the points of one body and what of it could not be read. */
class Points {
  readonly #path: string;
  readonly #gauges: GaugePoint[] = [];
  readonly #wrong: string[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  add(
    metric: GaugeName,
    attributes: GaugePoint['attributes'],
    name: string,
    value: unknown,
    options: { readonly required?: boolean; readonly validUntil?: Date; readonly negative?: boolean } = {},
  ): void {
    const field = options.negative === true ? numberField(value) : nonNegative(numberField(value));
    if (field.state === 'read') {
      const until = options.validUntil === undefined ? {} : { validUntil: options.validUntil };
      this.#gauges.push({ metric, value: field.value, attributes, ...until });
    } else if (field.state === 'wrong' || options.required === true) this.#wrong.push(name);
  }

  part(): Part {
    if (this.#wrong.length === 0) return { gauges: this.#gauges, failures: [] };
    const failure = new SourceError('schema', `openrouter.ai ${this.#path} has parts that cannot be read: ${this.#wrong.join(', ')}`);
    if (this.#gauges.length === 0) throw failure;
    return { gauges: this.#gauges, failures: [failure] };
  }
}
