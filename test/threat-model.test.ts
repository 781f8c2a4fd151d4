import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../', import.meta.url);
const page = readFileSync(new URL('docs/threat-model.md', root), 'utf8');
const rows = page.split('\n').filter((line) => line.startsWith('| ')).slice(2);

test('every claim of the threat model names tests, and each of them is there', () => {
  expect(rows.length).toBeGreaterThan(10);
  for (const row of rows) {
    const tests = Array.from(row.matchAll(/`(test\/[^`]+)`/g), ([, path]) => path ?? '');
    expect(tests, row).not.toEqual([]);
    for (const path of tests) expect(path.endsWith('.test.ts') && existsSync(new URL(path, root)), path).toBe(true);
  }
});
