import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { ConfigError } from './config-error.ts';

/** Names and texts, before any check. */
export type RawSettings = Readonly<Record<string, string>>;

/** Where settings may come from, strongest last. */
export interface Origins {
  /** Weaker than all others: what a command prefers to a setting's own default. */
  readonly defaults?: RawSettings;
  /** `--config`: YAML or JSON, a flat map of the same names. */
  readonly configFile?: string;
  /** `--env-file`; without it `.env` in the working directory, if there is one. */
  readonly envFile?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Flags that stand for settings. */
  readonly flags: RawSettings;
}

/** One flat map of all origins: flags over environment over .env over file. Empty is unset. @throws {ConfigError} */
export function collect(origins: Origins): RawSettings {
  const layers = [
    origins.defaults ?? {},
    origins.configFile === undefined ? {} : readConfigFile(origins.configFile),
    envFile(origins.envFile),
    origins.environment,
    origins.flags,
  ];
  const merged: Record<string, string> = {};
  for (const layer of layers) {
    for (const [name, value] of Object.entries(layer)) {
      if (value !== undefined && value.trim() !== '') merged[name] = value;
    }
  }
  return merged;
}

const flatMap = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));

/** The map of a `--config` file. @throws {ConfigError} */
export function readConfigFile(path: string): RawSettings {
  const text = read(path, '--config');
  let parsed: unknown;
  try {
    parsed = parseYaml(text) ?? {};
  } catch (error) {
    // The parser's message quotes the line, which may hold a secret; its position does not.
    const line = error instanceof Error && 'linePos' in error ? (error.linePos as [{ line: number }])[0].line : undefined;
    throw new ConfigError([`--config ${path} is neither YAML nor JSON${line === undefined ? '' : ` (line ${line})`}`]);
  }
  const flat = flatMap.safeParse(parsed);
  if (!flat.success) {
    throw new ConfigError([`--config ${path} must be a flat map of setting names and values`]);
  }
  return Object.fromEntries(Object.entries(flat.data).map(([name, value]) => [name, value === null ? '' : String(value)]));
}

function envFile(path: string | undefined): Readonly<Record<string, string | undefined>> {
  if (path !== undefined) return parseEnv(read(path, '--env-file'));
  try {
    return parseEnv(readFileSync('.env', 'utf8'));
  } catch {
    return {};
  }
}

function read(path: string, flag: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new ConfigError([`${flag} ${path} cannot be read (${code})`]);
  }
}
