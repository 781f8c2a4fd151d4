import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../../src/config/config-error.ts';
import { type Config, loadConfig } from '../../src/config/config.ts';
import type { Origins } from '../../src/config/sources-of-settings.ts';

const directory = mkdtempSync(join(tmpdir(), 'settings-'));
const emptyEnvFile = file('empty.env', '');

/** A file for one test run; its path. */
export function file(name: string, content: string): string {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

/** Removes every {@link file}. */
export function removeFiles(): void {
  rmSync(directory, { recursive: true, force: true });
}

/** The settings of an environment and nothing else, unless other origins are given. */
export function load(environment: Record<string, string>, origins: Partial<Origins> = {}): Config {
  return loadConfig({ envFile: emptyEnvFile, flags: {}, ...origins, environment });
}

/** The lines about what is wrong; none when nothing is. */
export function problemsOf(environment: Record<string, string>, origins: Partial<Origins> = {}): readonly string[] {
  try {
    load(environment, origins);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}
