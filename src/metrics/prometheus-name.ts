import type { MetricSpec } from './catalogue.ts';

/** What a metric's Prometheus name depends on. */
export interface NamedMetric {
  /** The OTLP name. */
  readonly name: string;
  /** UCUM, as in the catalogue. */
  readonly unit: string;
  readonly kind: MetricSpec['kind'];
}

/** Units that Prometheus spells out; any other is kept as it is written. */
const units: Readonly<Record<string, string>> = {
  d: 'days',
  h: 'hours',
  min: 'minutes',
  s: 'seconds',
  ms: 'milliseconds',
  us: 'microseconds',
  ns: 'nanoseconds',
  By: 'bytes',
  KiBy: 'kibibytes',
  MiBy: 'mebibytes',
  GiBy: 'gibibytes',
  TiBy: 'tibibytes',
  KBy: 'kilobytes',
  MBy: 'megabytes',
  GBy: 'gigabytes',
  TBy: 'terabytes',
  m: 'meters',
  V: 'volts',
  A: 'amperes',
  J: 'joules',
  W: 'watts',
  g: 'grams',
  Cel: 'celsius',
  Hz: 'hertz',
  '1': '',
  '%': 'percent',
};

/** The same after a slash. */
const perUnits: Readonly<Record<string, string>> = {
  s: 'second',
  m: 'minute',
  h: 'hour',
  d: 'day',
  w: 'week',
  mo: 'month',
  y: 'year',
};

/**
 * Name of a metric in Prometheus, pushed or scraped alike: translation strategy UnderscoreEscapingWithSuffixes, the default
 * (https://prometheus.io/docs/guides/opentelemetry/, github.com/prometheus/otlptranslator). Histograms get `_bucket`, `_sum`
 * and `_count` behind it.
 */
export function prometheusName({ name, unit, kind }: NamedMetric): string {
  const words = name.split(/[^A-Za-z0-9:]+/).filter((word) => word !== '');
  for (const word of unitWords(unit)) {
    // A unit that the name already has, anywhere in it, is not repeated.
    if (!words.includes(word)) words.push(word);
  }
  const suffix = kind === 'counter' ? 'total' : kind === 'gauge' && unit === '1' ? 'ratio' : undefined;
  const all = suffix === undefined ? words : [...words.filter((word) => word !== suffix), suffix];
  const joined = all.join('_');
  return /^\d/.test(joined) ? `_${joined}` : joined;
}

/** `km/h` is two words, `km` and `per_hour`; an annotation in braces is none. */
function unitWords(unit: string): string[] {
  const slash = unit.indexOf('/');
  const main = spelled(slash < 0 ? unit : unit.slice(0, slash), units);
  const per = slash < 0 ? '' : spelled(unit.slice(slash + 1), perUnits).replace(/_$/, '');
  const words = per === '' ? [main] : [main.replace(/_$/, ''), `per_${per}`];
  return words.filter((word) => word !== '');
}

function spelled(unit: string, table: Readonly<Record<string, string>>): string {
  const text = unit.trim();
  if (/[{}]/.test(text)) return '';
  const known = Object.hasOwn(table, text) ? table[text] : undefined;
  return (known ?? text).replace(/[^A-Za-z0-9:]+/g, '_').replace(/^_/, '');
}

const labels = new Map<string, string | undefined>();

/** Attribute keys come from our catalogue and the user's resource: few. */
const mostLabels = 1_000;

/**
 * Name of a label in Prometheus by the same strategy: all but ASCII letters, digits and underscores becomes an underscore.
 * Undefined where nothing else is left, which Prometheus refuses. Two keys may get the same name.
 */
export function prometheusLabel(key: string): string | undefined {
  if (labels.has(key)) return labels.get(key);
  const clean = key.replace(/[^A-Za-z0-9_]/gu, '_');
  const label = /^_*$/.test(clean) ? undefined : /^\d/.test(clean) ? `key_${clean}` : clean;
  if (labels.size < mostLabels) labels.set(key, label);
  return label;
}
