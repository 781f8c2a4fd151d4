import { honoured } from './otel-variables.ts';
import { readHeaders } from './otlp-headers.ts';
import { shown, shownName } from './shown.ts';
import type { RawSettings } from './sources-of-settings.ts';

const temporalityPreference = 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE';

/** Values of `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE`. */
export const temporalities = ['cumulative', 'delta', 'lowmemory'] as const;

/** One of {@link temporalities}. */
export type Temporality = (typeof temporalities)[number];

/** What is chosen among {@link temporalities}. */
export function temporalityOf(variables: RawSettings): Temporality {
  return temporalities.find((known) => known === variables[temporalityPreference]) ?? 'cumulative';
}

/** Levels of `OTEL_LOG_LEVEL`. */
const otelLogLevels = ['none', 'error', 'warn', 'info', 'debug', 'verbose', 'all'];

const secretNames = new Set(honoured.filter(({ secret }) => secret).flatMap(({ name }) => [name, `${name}_FILE`]));
const plainNames = new Set(honoured.filter(({ secret }) => !secret).map(({ name }) => name));
const booleans = ['OTEL_SDK_DISABLED', 'OTEL_EXPORTER_OTLP_INSECURE', 'OTEL_EXPORTER_OTLP_METRICS_INSECURE', 'OTEL_EXPORTER_OTLP_TRACES_INSECURE'];
/** The SDK compares these letter by letter; the standard does not. */
const words = [
  'OTEL_EXPORTER_OTLP_PROTOCOL',
  'OTEL_EXPORTER_OTLP_METRICS_PROTOCOL',
  'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL',
  'OTEL_EXPORTER_OTLP_COMPRESSION',
  'OTEL_EXPORTER_OTLP_METRICS_COMPRESSION',
  'OTEL_EXPORTER_OTLP_TRACES_COMPRESSION',
  'OTEL_TRACES_SAMPLER',
  'OTEL_LOG_LEVEL',
  temporalityPreference,
];

/**
 * The `OTEL_*` variables that are set and honoured, files of headers read in.
 * @param problems gets a line for each that is wrong in itself.
 * @param warnings gets one line with all that are set but not honoured.
 */
export function standardVariables(raw: RawSettings, problems: string[], warnings: string[]): RawSettings {
  const variables: Record<string, string> = {};
  const ignored: string[] = [];
  for (const [name, text] of Object.entries(raw)) {
    if (!name.startsWith('OTEL_') || secretNames.has(name) || isWithoutEffect(name, text)) continue;
    if (plainNames.has(name)) variables[name] = words.includes(name) ? text.trim().toLowerCase() : text.trim();
    else ignored.push(name);
  }
  Object.assign(variables, readHeaders(raw, problems));

  if (ignored.length > 0) warnings.push(`set, but not honoured by this agent: ${ignored.sort().map(shownName).join(', ')}`);

  for (const name of booleans) {
    const text = variables[name];
    if (text !== undefined && !/^(true|false)$/i.test(text)) {
      warnings.push(`${name} counts as false: only the word true is true${shown(text)}`);
    }
  }
  const level = variables['OTEL_LOG_LEVEL'];
  if (level !== undefined && !otelLogLevels.includes(level)) {
    problems.push(`OTEL_LOG_LEVEL must be one of ${otelLogLevels.join(', ')}${shown(level)}`);
  }
  const preference = variables[temporalityPreference];
  if (preference !== undefined && !temporalities.some((known) => known === preference)) {
    problems.push(`${temporalityPreference} must be one of ${temporalities.join(', ')}${shown(preference)}`);
  }
  checkResourceAttributes(variables['OTEL_RESOURCE_ATTRIBUTES'], problems);
  return variables;
}

/** There are no logs to switch off. */
function isWithoutEffect(name: string, text: string): boolean {
  return name === 'OTEL_LOGS_EXPORTER' && text.trim().toLowerCase() === 'none';
}

/** The SDK drops all attributes, and says so to nobody, when one of them is wrong. */
function checkResourceAttributes(attributes: string | undefined, problems: string[]): void {
  const wrong = attributes?.split(',').find((pair) => pair.trim() !== '' && !isAttribute(pair));
  if (wrong === undefined) return;
  problems.push(
    `OTEL_RESOURCE_ATTRIBUTES must be name=value,name=value of at most 255 characters each, with comma, equals and percent sign as %2C, %3D, %25${shown(wrong.trim())}`,
  );
}

function isAttribute(pair: string): boolean {
  const parts = pair.split('=');
  try {
    const [name = '', value] = parts.map((part) => decodeURIComponent(part.trim()));
    return parts.length === 2 && name !== '' && name.length <= 255 && value !== undefined && value.length <= 255;
  } catch {
    return false;
  }
}
