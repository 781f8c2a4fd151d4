import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { describe, expect, test } from 'vitest';
import { pages } from '../scripts/pages.ts';
import { settingsHelp } from '../src/config/help.ts';
import { honoured } from '../src/config/otel-variables.ts';
import { type Setting, settings } from '../src/config/settings.ts';
import { reasons } from '../src/model/reasons.ts';
import { seriesOfTheCatalogue, unknownNames } from './support/promql.ts';

const root = new URL('../', import.meta.url);

function read(path: string): string {
  return readFileSync(new URL(path, root), 'utf8');
}

test.each([...pages()])('%s is what `npm run docs` writes', (path, text) => {
  expect(read(path)).toBe(text);
});

test('every setting and every honoured variable is on the page, in --help, and every setting in .env.example', () => {
  const page = read('docs/configuration.md');
  const help = settingsHelp();
  const example = read('.env.example');
  for (const name of Object.keys(settings)) {
    expect(page).toContain(`\`${name}\``);
    expect(help).toMatch(new RegExp(`^  ${name}( \\*)?$`, 'm'));
    expect(example).toMatch(new RegExp(`^#${name}=.`, 'm'));
  }
  for (const { name } of honoured) expect(page).toContain(`\`${name}\``);
});

test('.env.example sets nothing, and what it shows would be accepted', () => {
  const example = read('.env.example');
  expect(parseEnv(example)).toEqual({});
  const shown = parseEnv(example.replaceAll(/^#(?=[A-Z])/gm, ''));
  for (const [name, setting] of Object.entries(settings) as [string, Setting<unknown>][]) {
    expect(setting.schema.safeParse(shown[name]).success, name).toBe(true);
  }
});

test('every reason has its sign, meaning and remedy on the page, and the page has no other', () => {
  const sections = read('docs/troubleshooting.md').split(/^## /m).slice(1);
  expect(sections.map((section) => section.split('\n', 1)[0])).toEqual([...reasons]);
  for (const section of sections) expect(section).toMatch(/\*\*Sign:\*\* \S.*\n.*\*\*Meaning:\*\* \S.*\n.*\*\*Remedy:\*\*\s+\S/);
});

test('the design page has one line of reason for every dependency, and for no other', () => {
  const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
  const [, listed = ''] = read('docs/design.md').split('\n## Dependencies\n');
  const [own = '', development = ''] = listed.split('\nFor development:\n');
  const packages = (section: string): string[] => Array.from(section.matchAll(/^\| `([^`]+)` \| \S.* \|$/gm), ([, name]) => name ?? '');
  expect(packages(own)).toEqual(Object.keys(dependencies ?? {}).sort());
  expect(packages(development)).toEqual(Object.keys(devDependencies ?? {}).sort());
});

test('every query for users has metrics and labels of the catalogue alone', () => {
  const queries = Array.from(read('docs/queries.md').matchAll(/^```promql\n([^]+?)\n```$/gm), ([, query]) => query ?? '');
  expect(queries.length).toBeGreaterThan(10);
  for (const query of queries) expect(unknownNames(query, seriesOfTheCatalogue()), query).toEqual([]);
});

describe('links between pages lead somewhere', () => {
  const sources = [
    'README.md',
    'CHANGELOG.md',
    'docs/alerts.md',
    'docs/backends.md',
    'docs/configuration.md',
    'docs/deploy.md',
    'docs/design.md',
    'docs/http.md',
    'docs/limits.md',
    'docs/metrics.md',
    'docs/migrate.md',
    'docs/queries.md',
    'docs/threat-model.md',
    'docs/troubleshooting.md',
  ];

  test.each(sources)('in %s', (path) => {
    const links = Array.from(read(path).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g), ([, target]) => target ?? '');
    const missing = links.filter((target) => !/^https?:/.test(target) && !existsSync(fileURLToPath(new URL(target, new URL(path, root)))));
    expect(missing).toEqual([]);
  });
});
