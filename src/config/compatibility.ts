import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { LogLevel } from '../telemetry/log.ts';
import { readIfThere } from './files.ts';
import { shown, shownName, shownPath } from './shown.ts';
import type { RawSettings } from './sources-of-settings.ts';

/** Programs whose settings and metric names are understood. */
export const compatibilities = ['claude-prometheus-exporter'] as const;

/** What is as in claude-prometheus-exporter. */
export interface CompatibilityConfig {
  /** What its metrics' names begin with, but for those of its loop. */
  readonly namespace: string;
  /** Whether its port is the standard's too: the environment does not have that one. */
  readonly setsPort: boolean;
}

/** Settings brought to the agent's own names. */
export interface Translated {
  readonly raw: RawSettings;
  readonly compatibility?: CompatibilityConfig;
}

/** Its settings, by their path in its JSON file; each is an environment variable too. */
const names: Readonly<Record<string, string>> = {
  apikey: 'APIKEY',
  'prometheus.port': 'PROMETHEUS_PORT',
  'prometheus.namespace': 'PROMETHEUS_NAMESPACE',
  'loop.interval': 'LOOP_INTERVAL',
  'logging.level': 'LOGGING_LEVEL',
};

/** Its settings as environment variables. */
export const compatibleNames: readonly string[] = Object.values(names);

/** Its own defaults. It listens on all interfaces. */
const defaults: RawSettings = { PROMETHEUS_PORT: '9001', PROMETHEUS_NAMESPACE: 'claude', LOOP_INTERVAL: '30', LOGGING_LEVEL: 'INFO' };

/** Python's levels. */
const levels: Readonly<Record<string, LogLevel>> = { DEBUG: 'debug', INFO: 'info', WARN: 'warn', WARNING: 'warn', ERROR: 'error', CRITICAL: 'error', FATAL: 'error' };

/** Its JSON file's places, the stronger one last. */
function places(raw: RawSettings): string[] {
  return ['/etc/claude-prometheus/claude-prometheus.json', join(raw['HOME'] ?? homedir(), '.config', 'claude-prometheus.json')];
}

/**
 * With COMPATIBILITY=claude-prometheus-exporter: its settings under the agent's names, which win where both are given. Else
 * the settings as they are.
 * @param problems gets a line for each of its settings that is wrong.
 * @param warnings gets a line for those in its file that have no effect.
 */
export function withCompatibility(raw: RawSettings, problems: string[], warnings: string[]): Translated {
  if (raw['COMPATIBILITY']?.trim().toLowerCase() !== compatibilities[0]) return { raw };
  const theirs = new Map(Object.entries(defaults));
  for (const path of places(raw)) for (const [name, text] of fromFile(path, problems, warnings)) theirs.set(name, text);
  for (const name of compatibleNames) if (raw[name] !== undefined) theirs.set(name, raw[name].trim());

  const namespace = theirs.get('PROMETHEUS_NAMESPACE') ?? '';
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(namespace)) problems.push(`PROMETHEUS_NAMESPACE must be letters, digits and underscores, and not begin with a digit${shown(namespace)}`);
  const translated = { ...agentSettings(theirs, raw, problems), ...exporters(raw, problems) };
  return { raw: { ...translated, ...raw }, compatibility: { namespace, setsPort: raw['OTEL_EXPORTER_PROMETHEUS_PORT'] === undefined } };
}

function agentSettings(theirs: ReadonlyMap<string, string>, raw: RawSettings, problems: string[]): RawSettings {
  const [port = '', interval = '', logging = ''] = ['PROMETHEUS_PORT', 'LOOP_INTERVAL', 'LOGGING_LEVEL'].map((name) => theirs.get(name));
  const isPort = /^\d{1,5}$/.test(port) && Number(port) <= 65_535;
  const seconds = Number(interval);
  const isInterval = seconds > 0 && seconds <= 86_400;
  const level = levels[logging.toUpperCase()];
  if (!isPort) problems.push(`PROMETHEUS_PORT must be a port, 0 to 65535${shown(port)}`);
  if (!isInterval) problems.push(`LOOP_INTERVAL must be a number of seconds above 0${shown(interval)}`);
  if (level === undefined) problems.push(`LOGGING_LEVEL must be DEBUG, INFO, WARNING, ERROR or CRITICAL${shown(logging)}`);
  const key = theirs.get('APIKEY');
  return {
    ...(key !== undefined && raw['ANTHROPIC_ADMIN_API_KEY_FILE'] === undefined && { ANTHROPIC_ADMIN_API_KEY: key }),
    ...(level !== undefined && { LOG_LEVEL: level }),
    ...(isPort && { OTEL_EXPORTER_PROMETHEUS_HOST: '0.0.0.0', OTEL_EXPORTER_PROMETHEUS_PORT: port }),
    ...(isInterval && { OTEL_METRIC_EXPORT_INTERVAL: String(Math.ceil(seconds * 1_000)) }),
  };
}

/** It pushes nowhere; whoever names a backend wants both. */
function exporters(raw: RawSettings, problems: string[]): RawSettings {
  const pushes = raw['OTEL_EXPORTER_OTLP_ENDPOINT'] !== undefined || raw['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT'] !== undefined;
  const chosen = raw['OTEL_METRICS_EXPORTER'] ?? (pushes ? 'otlp,prometheus' : 'prometheus');
  if (!/(^|,)\s*prometheus\s*(,|$)/i.test(chosen)) {
    problems.push(`COMPATIBILITY adds names to /metrics: OTEL_METRICS_EXPORTER must list prometheus${shown(chosen)}`);
  }
  return { OTEL_METRICS_EXPORTER: chosen };
}

const leaf = z.union([z.string(), z.number()]);

/** The settings in its file, by the names of its variables; empty where there is no file. */
function fromFile(path: string, problems: string[], warnings: string[]): Map<string, string> {
  const found = new Map<string, string>();
  const text = readIfThere('COMPATIBILITY', path, problems);
  if (text === undefined) return found;
  const document = parsed(text);
  if (!isMap(document)) {
    problems.push(`COMPATIBILITY: the file${shownPath(path)} is no map in JSON`);
    return found;
  }
  const withoutEffect: string[] = [];
  for (const [key, value] of Object.entries(document).flatMap(flat)) {
    const name = Object.hasOwn(names, key) ? names[key] : undefined;
    const text = leaf.safeParse(value);
    if (name === undefined) withoutEffect.push(key.split('.').map(shownName).join('.'));
    else if (text.success) found.set(name, String(text.data).trim());
    else problems.push(`COMPATIBILITY: ${key} in the file${shownPath(path)} must be a text or a number`);
  }
  if (withoutEffect.length > 0) warnings.push(`without effect in${shownPath(path)}: ${withoutEffect.join(', ')}`);
  return found;
}

/** Undefined where it is not JSON: the parser's message would quote the text, which has the key in it. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `{ loop: { interval: 30 } }` is `loop.interval`. */
function flat([outer, value]: readonly [string, unknown]): (readonly [string, unknown])[] {
  return isMap(value) ? Object.entries(value).map(([inner, leaf]) => [`${outer}.${inner}`, leaf]) : [[outer, value]];
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
