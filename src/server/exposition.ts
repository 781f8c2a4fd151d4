import type { Attributes } from '@opentelemetry/api';
import type { Histogram } from '@opentelemetry/sdk-metrics';
import { prometheusLabel } from '../metrics/prometheus-name.ts';
import type { Family, FamilyPoint } from './families.ts';

/** Prometheus' text format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/), or OpenMetrics 1.0 (https://prometheus.io/docs/specs/om/open_metrics_spec/). */
export type Format = 'text' | 'openmetrics';

/** A piece is about this long, so that its making holds up nothing and few of them fill a socket. */
const pieceLength = 64 * 1024;

/** The text of families, piece by piece; `# EOF` ends that of OpenMetrics. */
export function* exposition(families: Iterable<Family>, format: Format): Generator<string> {
  let piece = '';
  for (const family of families) {
    piece += heading(family, format);
    for (const point of family.points) {
      piece += lines(family, point, format);
      if (piece.length < pieceLength) continue;
      yield piece;
      piece = '';
    }
  }
  yield format === 'openmetrics' ? `${piece}# EOF\n` : piece;
}

function heading({ name, type, help }: Family, format: Format): string {
  if (format === 'text') {
    return `# HELP ${name} ${help.replace(/[\\\n]/g, escaped)}\n# TYPE ${name} ${type === 'info' ? 'gauge' : type}\n`;
  }
  // There the family's name is without the suffix, and what has a counter's type without its suffix is of no known type.
  const suffix = type === 'counter' ? '_total' : type === 'info' ? '_info' : '';
  const stem = name.endsWith(suffix) ? name.slice(0, name.length - suffix.length) : name;
  return `# HELP ${stem} ${help.replace(special, escaped)}\n# TYPE ${stem} ${name.endsWith(suffix) ? type : 'unknown'}\n`;
}

function lines({ name }: Family, { attributes, value }: FamilyPoint, format: Format): string {
  const labels = labelsOf(attributes);
  if (typeof value === 'number') return Number.isNaN(value) ? '' : `${name}${braced(labels)} ${numberText(value)}\n`;
  return histogramLines(name, labels, value, format);
}

function histogramLines(name: string, labels: string, { buckets, sum, count }: Histogram, format: Format): string {
  const before = labels === '' ? '' : `${labels},`;
  let text = '';
  let upTo = 0;
  for (const [index, bound] of buckets.boundaries.entries()) {
    upTo += buckets.counts[index] ?? 0;
    // OpenMetrics has bounds as floats, so that 1 and 1.0 are one series.
    const le = format === 'openmetrics' && Number.isInteger(bound) ? `${numberText(bound)}.0` : numberText(bound);
    text += `${name}_bucket{${before}le="${le}"} ${upTo}\n`;
  }
  text += `${name}_bucket{${before}le="+Inf"} ${count}\n`;
  // Absent where values can be negative.
  if (sum !== undefined && !Number.isNaN(sum)) text += `${name}_sum${braced(labels)} ${numberText(sum)}\n`;
  return `${text}${name}_count${braced(labels)} ${count}\n`;
}

/** `a="1",b="2"`. */
function labelsOf(attributes: Attributes): string {
  let text = '';
  for (const key in attributes) {
    // A key that must be escaped may become another one's name.
    if (prometheusLabel(key) !== key) return joinedLabelsOf(attributes);
    const value = attributes[key];
    if (value !== undefined) text += `${text === '' ? '' : ','}${key}="${labelValue(value)}"`;
  }
  return text;
}

/** The same where keys may become one name: then it has the values of all, by the order of the keys, as a Collector does it. */
function joinedLabelsOf(attributes: Attributes): string {
  const values = new Map<string, string>();
  for (const key of Object.keys(attributes).sort()) {
    const value = attributes[key];
    const name = prometheusLabel(key);
    if (value === undefined || name === undefined) continue;
    const other = values.get(name);
    values.set(name, other === undefined ? labelValue(value) : `${other};${labelValue(value)}`);
  }
  return [...values].map(([name, value]) => `${name}="${value}"`).join();
}

function braced(labels: string): string {
  return labels === '' ? '' : `{${labels}}`;
}

const special = /[\\"\n]/g;

function labelValue(value: unknown): string {
  // Only the resource has other values than text.
  return (typeof value === 'string' ? value : JSON.stringify(value)).replace(special, escaped);
}

function escaped(character: string): string {
  return character === '\n' ? '\\n' : `\\${character}`;
}

/** The shortest text that reads as the same number; Go spells infinity otherwise. */
function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? '+Inf' : '-Inf';
}
