import { compatibleNames } from './compatibility.ts';
import { honoured } from './otel-variables.ts';
import { proxyVariables } from './proxies.ts';
import { type Setting, type SettingName, settings } from './settings.ts';
import { shownName } from './shown.ts';

/**
 * A line for each name in a `--config` file that is no setting: a misspelt one would else be without effect. The standard's
 * names are another matter: those that have no effect are named in a warning.
 */
export function unknownNames(names: readonly string[]): string[] {
  const all = new Set(ownNames());
  return names
    .filter((name) => !name.startsWith('OTEL_') && !all.has(name))
    .map((name) => {
      const near = nearest(name.toUpperCase(), [...all]);
      return `${shownName(name)} in the --config file is no setting${near === undefined ? '' : `; is it ${near}?`}`;
    });
}

/** A line for each name of the agent's, the standard's and the proxies' whose value is of several lines. Others are of no concern. */
export function tornValues(names: readonly string[]): string[] {
  const read = new Set([...ownNames(), ...honoured.flatMap(({ name }) => [name, `${name}_FILE`]), ...proxyVariables, ...compatibleNames]);
  return [...new Set(names)].filter((name) => read.has(name)).map((name) => `${name} goes on in another line than it began in: is a quote not closed?`);
}

/** Settings, and the secret ones as files. */
function ownNames(): string[] {
  const known = Object.keys(settings) as SettingName[];
  const secrets = known.filter((name) => (settings[name] as Setting<unknown>).secret === true).map((name) => `${name}_FILE`);
  return [...known, ...secrets];
}

/** The candidate with the fewest letters changed, if they are few; else undefined. */
function nearest(name: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((candidate) => ({ candidate, changes: distance(name, candidate) }))
    .sort((a, b) => a.changes - b.changes);
  const [best] = ranked;
  return best !== undefined && best.changes <= Math.max(1, name.length / 4) ? best.candidate : undefined;
}

/** Levenshtein distance: letters added, removed or replaced. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min((previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, replaced));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
