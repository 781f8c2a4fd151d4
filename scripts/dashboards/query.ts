import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { type agentSpecs, catalogue, type currentSpecs, type gaugeSpecs, type ledgerSpecs, type totalSpecs } from '../../src/metrics/catalogue.ts';
import { prometheusName } from '../../src/metrics/prometheus-name.ts';

/** A metric of the catalogue by its OTLP name: a metric that is renamed there no longer compiles here. */
export type MetricName = keyof typeof gaugeSpecs | keyof typeof totalSpecs | keyof typeof currentSpecs | keyof typeof ledgerSpecs | keyof typeof agentSpecs;

/** A label's value, or an operator before it: `{ type: 'input' }` is `type="input"`, `{ type: '=~a|b' }` a pattern. */
export type Matchers = Readonly<Record<string, string>>;

/**
 * A metric's series in PromQL, of the accounts that are chosen.
 * @param part behind the name of a histogram: `bucket`, `sum` or `count`.
 * @throws {Error} for a label that the metric does not have.
 */
export function series(name: MetricName, matchers: Matchers = {}, part?: 'bucket' | 'sum' | 'count'): string {
  const spec = catalogue[name];
  if (spec === undefined) throw new Error(`${name} is not in the catalogue`);
  const labels = spec.attributes.map(labelName);
  const written = Object.entries(matchers).map(([label, value]) => {
    if (!labels.includes(label)) throw new Error(`${name} has no label ${label}`);
    const [, operator = '=', text = ''] = /^(=~|!=|!~)?(.*)$/.exec(value) ?? [];
    return `${label}${operator}"${text}"`;
  });
  const account = labels.includes('account') ? ['account=~"$account"'] : [];
  const all = [...account, ...written].join(',');
  const full = nameOf(name) + (part === undefined ? '' : `_${part}`);
  return all === '' ? full : `${full}{${all}}`;
}

/** What Prometheus calls a metric. */
export function nameOf(name: MetricName): string {
  const spec = catalogue[name];
  if (spec === undefined) throw new Error(`${name} is not in the catalogue`);
  return prometheusName({ name, ...spec });
}

/** An attribute's key as Prometheus writes it. */
export function labelName(attribute: string): string {
  return attribute.replaceAll('.', '_');
}

/** `sum by (labels) (of)`; without labels the sum of all. */
export function sum(of: string, ...by: readonly string[]): string {
  return aggregated('sum', of, by);
}

/** Of series that differ in the agent's own labels alone, one. */
export function max(of: string, ...by: readonly string[]): string {
  return aggregated('max', of, by);
}

function aggregated(operation: 'sum' | 'max', of: string, by: readonly string[]): string {
  return by.length === 0 ? `${operation}(${of})` : `${operation} by (${by.join(', ')}) (${of})`;
}

const givenNames = ['api_key_name', 'owner_email', 'owner_name', 'workspace_name'];

/**
 * A metric's series, one for each set of ids: for some minutes after something was renamed the series of the old name stands
 * beside that of the new one, and a sum would have both.
 * @param kept the names that rows are made of: under two names there are two rows then, each of them right.
 */
export function onceEach(name: MetricName, matchers: Matchers = {}, kept: readonly string[] = []): string {
  const names = givenNames.filter((label) => !kept.includes(label) && catalogue[name]?.attributes.includes(label));
  return `max without (${names.join(', ')}) (${series(name, matchers)})`;
}

/**
 * Keeps of a total's series those of the present month, at each instant: around a month's turn the last one's still stand
 * beside them. The month's name is made from the clock, as PromQL compares no labels.
 */
export function thisMonth(total: string): string {
  return `${total} * on (period) group_left () label_replace(count_values("yearmonth", year() * 100 + month()), "period", "$1-$2", "yearmonth", "(....)(..)")`;
}

/** Days of the present month that are gone, and that are left, with fractions. */
export const daysGone = '(day_of_month() - 1 + hour() / 24 + minute() / 1440)';
/** See {@link daysGone}. */
export const daysLeft = `(days_in_month() - ${daysGone})`;

const thresholdsFile = new URL('../../deploy/prometheus/thresholds.yml', import.meta.url);

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly labels: { readonly threshold: string }; readonly expr: string }[] }[];
}

/**
 * A number that alerts compare with, for colours that say the same.
 * @throws {Error} when deploy/prometheus/thresholds.yml does not have it.
 */
export function threshold(name: string): number {
  const { groups } = parse(readFileSync(thresholdsFile, 'utf8')) as Rules;
  const rule = groups.flatMap(({ rules }) => rules).find(({ labels }) => labels.threshold === name);
  const [, number] = /^vector\(([\d.]+)\)$/.exec(rule?.expr ?? '') ?? [];
  if (number === undefined) throw new Error(`thresholds.yml has no number for ${name}`);
  return Number(number);
}

const window = ['account', 'metric_name'] as const;
/** Used share of each window. */
export const used = max(series('claude.usage.utilization'), ...window);
/** Share of each window's time that is gone. */
export const elapsed = max(series('claude.usage.elapsed'), ...window);
/** In a window's first minutes a share of next to nothing would make any use a fast pace: none is shown where the alerts know none. */
const oldEnough = `and ${elapsed} > ${threshold('pace_elapsed')}`;
/** Used share over elapsed share: what the window will be at its reset, if use goes on as it did. */
export const pace = `${used} / ${elapsed} ${oldEnough}`;
/** Seconds to each window's reset. */
export const secondsToReset = max(series('claude.usage.seconds_to_reset'), ...window);
/** Seconds until a window is full at its pace so far, where that is before its reset. */
export const secondsToFull = `((${secondsToReset} * (${elapsed} / (1 - ${elapsed})) * ((1 - ${used}) / ${used})) > 0) < ${secondsToReset} ${oldEnough}`;
