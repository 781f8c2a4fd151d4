import type { IncomingHttpHeaders } from 'node:http';
import type { Format } from './exposition.ts';

/** One entry of an Accept header. */
interface Preference {
  /** In lower case, without parameters. */
  readonly value: string;
  readonly parameters: ReadonlyMap<string, string>;
  /** 0 to 1. */
  readonly quality: number;
}

/** OpenMetrics where it is asked for in a version that we speak, and not less than plain text is; else text, whatever is asked for. */
export function acceptedFormat({ accept = '' }: IncomingHttpHeaders): Format {
  const preferences = preferencesOf(accept);
  const quality = (fits: (preference: Preference) => boolean): number => Math.max(0, ...preferences.filter(fits).map((preference) => preference.quality));
  const openMetrics = quality(({ value, parameters }) => value === 'application/openmetrics-text' && (parameters.get('version') ?? '1.0.0') === '1.0.0');
  const text = quality(({ value }) => value === 'text/plain' || value === 'text/*');
  return openMetrics > 0 && openMetrics >= text ? 'openmetrics' : 'text';
}

/** Whether gzip is accepted. */
export function acceptsGzip(headers: IncomingHttpHeaders): boolean {
  const preferences = preferencesOf(headers['accept-encoding'] ?? '');
  const gzip = preferences.find(({ value }) => value === 'gzip') ?? preferences.find(({ value }) => value === '*');
  return gzip !== undefined && gzip.quality > 0;
}

function preferencesOf(header: string): Preference[] {
  return header.split(',').map((entry) => {
    const [value = '', ...rest] = entry.split(';').map((part) => part.trim().toLowerCase());
    const parameters = new Map(rest.map((pair) => pair.split('=', 2).map((part) => part.trim()) as [string, string]));
    const quality = Number(parameters.get('q') ?? 1);
    return { value, parameters, quality: quality >= 0 && quality <= 1 ? quality : 0 };
  });
}
