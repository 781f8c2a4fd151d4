import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parseEnv } from 'node:util';
import type * as Yaml from 'yaml';
import { ConfigError } from './config-error.ts';
import { readText } from './files.ts';
import { shownName, shownPath } from './shown.ts';

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

/** What all origins say together. */
export interface Collected {
  /** One flat map: flags over environment over .env over file. Empty is unset. */
  readonly raw: RawSettings;
  /** Every name in the `--config` file, set or empty. */
  readonly namesInConfigFile: readonly string[];
  /** Names left out of `raw`, whose value goes on in another line than it began in: a quote was forgotten, and other settings are within. */
  readonly namesOfSeveralLines: readonly string[];
}

/** A value of several lines; .env files alone let a quote that was forgotten end at the next one. */
const ofSeveralLines = /[\r\n]\s*\S/;

/** A value that begins a line too late, which is wrong wherever it stands, and is no longer seen once it is trimmed. */
const inNextLine = /^\s*[\r\n]\s*\S/;

/** @throws {ConfigError} when a file that was named cannot be read. */
export function collect(origins: Origins): Collected {
  const file = origins.configFile === undefined ? {} : readConfigFile(origins.configFile);
  const dotenv = envFile(origins.envFile);
  const merged: Record<string, string> = {};
  const namesOfSeveralLines: string[] = [];
  for (const layer of [origins.defaults ?? {}, file, dotenv, origins.environment, origins.flags]) {
    for (const [name, value] of Object.entries(layer)) {
      if (value === undefined || value.trim() === '') continue;
      if ((layer === dotenv ? ofSeveralLines : inNextLine).test(value)) namesOfSeveralLines.push(name);
      else merged[name] = value;
    }
  }
  return { raw: merged, namesInConfigFile: Object.keys(file), namesOfSeveralLines };
}

/** The map of a `--config` file; values are the text that stands there, so that `007` stays what it is. @throws {ConfigError} */
function readConfigFile(path: string): RawSettings {
  // Loaded when a file is named: the parser takes its time.
  const { isMap, isScalar, parseDocument } = createRequire(import.meta.url)('yaml') as typeof Yaml;
  // The parser's own messages quote the line, which may hold a secret; its position does not.
  const document = parseDocument(read('--config', path));
  const [fault] = [...document.errors, ...document.warnings];
  if (fault !== undefined) {
    const line = fault.linePos?.[0].line;
    throw new ConfigError([`--config${shownPath(path)} is neither YAML nor JSON${line === undefined ? '' : ` (line ${line})`}`]);
  }
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === null)) return {};
  if (!isMap(contents)) throw new ConfigError([`--config${shownPath(path)} must be a flat map of setting names and values`]);
  const map: Record<string, string> = {};
  const problems: string[] = [];
  for (const { key, value } of contents.items) {
    const name = isScalar(key) ? String(key.value) : '';
    if (value === null || (isScalar(value) && value.value === null)) map[name] = '';
    else if (isScalar(value)) map[name] = typeof value.value === 'string' ? value.value : value.source;
    else problems.push(`${shownName(name)} in the --config file must be one value, not a list or a map`);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return map;
}

function envFile(path: string | undefined): Readonly<Record<string, string | undefined>> {
  if (path !== undefined) return parseEnv(withoutMark(read('--env-file', path)));
  try {
    return parseEnv(withoutMark(readFileSync('.env', 'utf8')));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    // A directory of that name is somebody's Python environment; who runs Node with --permission has said what may be read.
    if (code === 'ENOENT' || code === 'EISDIR' || code === 'ERR_ACCESS_DENIED') return {};
    throw new ConfigError([`.env cannot be read (${String(code)})`]);
  }
}

function read(flag: string, path: string): string {
  const problems: string[] = [];
  const text = readText(flag, path, problems);
  if (text === undefined) throw new ConfigError(problems);
  return text;
}

/** Editors of Windows put a byte order mark first, which would become a part of the first name. */
function withoutMark(text: string): string {
  return text.replace(/^\uFEFF/, '');
}
