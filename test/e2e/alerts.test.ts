import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, inject, test } from 'vitest';

const folder = fileURLToPath(new URL('alerts/', import.meta.url));

function promtool(...args: readonly string[]): string {
  return execFileSync(inject('promtool'), [...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], cwd: folder });
}

test.each(readdirSync(folder))('promtool sees the alerts fire and be quiet as %s has it', (file) => {
  expect(promtool('test', 'rules', file)).toContain('SUCCESS');
});

test.each(['alerts.yml', 'thresholds.yml'])('promtool finds nothing wrong with %s', (file) => {
  expect(promtool('check', 'rules', `../../../deploy/prometheus/${file}`)).toMatch(/SUCCESS: \d+ rules found\s*$/);
});
