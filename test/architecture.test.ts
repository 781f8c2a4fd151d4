import { execFile } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** An import that must not be there, and the rule that says so. */
const plants: readonly (readonly [file: string, imported: string, rule: string])[] = [
  ['src/sources/claude-ai/planted.ts', '../../commands/run.ts', 'arrows of sources/'],
  ['src/sources/claude-ai/planted.ts', '../../metrics/catalogue.ts', 'arrows of sources/'],
  ['src/sources/openrouter/planted.ts', '../claude-ai/read.ts', 'a source knows nothing of another source, of schedules, or of OpenTelemetry'],
  ['src/sources/openrouter/planted.ts', '../poller.ts', 'a source knows nothing of another source, of schedules, or of OpenTelemetry'],
  ['src/sources/openrouter/planted.ts', '@opentelemetry/api', 'a source knows nothing of another source, of schedules, or of OpenTelemetry'],
  ['src/sources/openrouter/read.ts', '../../http/client.ts', 'a read is pure: body in, points out'],
  ['src/sources/claude-ai/money.ts', 'node:fs', 'a read is pure: body in, points out'],
  ['src/sources/anthropic/usage-rows.ts', '../../http/limiter.ts', 'a read is pure: body in, points out'],
  ['src/sources/anthropic/analytics-rows.ts', '../../http/client.ts', 'a read is pure: body in, points out'],
  ['src/sources/anthropic/claude-code-rows.ts', 'node:timers', 'a read is pure: body in, points out'],
  ['src/sources/anthropic/limits-read.ts', '../../telemetry/log.ts', 'a read is pure: body in, points out'],
  ['src/ledger/planted.ts', '../http/limiter.ts', 'arrows of ledger/'],
  ['src/metrics/planted.ts', '../export/outcome.ts', 'arrows of metrics/'],
  ['src/export/planted.ts', '../metrics/catalogue.ts', 'arrows of export/'],
  ['src/export/planted.ts', '../sources/poller.ts', 'arrows of export/'],
  ['src/export/planted.ts', '../config/config.ts', 'only agent and commands see the whole Config'],
  ['src/http/planted.ts', '../config/duration.ts', 'arrows of http/'],
  ['src/telemetry/planted.ts', '../http/limits.ts', 'arrows of telemetry/'],
  ['src/config/planted.ts', '../sources/fields.ts', 'arrows of config/'],
  ['src/model/planted.ts', '../telemetry/log.ts', 'arrows of model/'],
  ['src/demo/planted.ts', '../agent.ts', 'arrows of demo/'],
  ['src/agent.ts', './commands/run.ts', 'arrows of agent'],
  ['src/agent.ts', './demo/receiver.ts', 'the simulators are for the demo and for tests'],
  ['src/commands/once.ts', '../demo/receiver.ts', 'the simulators are for the demo and for tests'],
];

interface Violation {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string };
}

const root = fileURLToPath(new URL('..', import.meta.url));
const copy = mkdtempSync(join(tmpdir(), 'architecture-'));
let violations: readonly Violation[];

beforeAll(async () => {
  for (const part of ['src', 'tsconfig.json', 'package.json', '.dependency-cruiser.cjs']) {
    cpSync(join(root, part), join(copy, part), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction');
  for (const [file, imported] of plants) appendFileSync(join(copy, file), `import type {} from '${imported}';\n`);
  appendFileSync(join(copy, 'src/planted.ts'), '');
  appendFileSync(join(copy, 'src/http/limits.ts'), "import type {} from './json.ts';\n");

  const cli = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const args = [cli, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'src'];
  // It ends with the number of violations.
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: copy, maxBuffer: 2 ** 26 }).catch(
    (error: unknown) => error as { stdout: string },
  );
  violations = (JSON.parse(stdout) as { summary: { violations: Violation[] } }).summary.violations;
}, 60_000);
afterAll(() => rmSync(copy, { recursive: true, force: true }));

test.each(plants)('%s must not import %s', (file, imported, rule) => {
  const target = imported.replace(/^(\.\.?\/|node:)+/, '');
  const found = violations.filter(({ from, to }) => from === file && to.includes(target)).map((violation) => violation.rule.name);
  expect(found.some((name) => name.startsWith(rule)), JSON.stringify(found)).toBe(true);
});

test('a file that nothing needs is not left lying about', () => {
  expect(violations).toContainEqual(expect.objectContaining({ from: 'src/planted.ts', rule: expect.objectContaining({ name: 'no orphans' }) as unknown }));
});

test('two files that need each other are a circle', () => {
  const circles = violations.filter(({ rule }) => rule.name === 'no circles').map(({ from, to }) => [from, to].sort());
  expect(circles).toContainEqual(['src/http/json.ts', 'src/http/limits.ts']);
});

test('nothing but what was planted is against the rules', () => {
  const planted = new Set([...plants.map(([file]) => file), 'src/planted.ts']);
  const others = violations.filter(({ from, rule }) => !planted.has(from) && rule.name !== 'no circles');
  expect(others).toEqual([]);
});
