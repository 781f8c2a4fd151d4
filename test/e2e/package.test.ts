import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { version } from '../../src/version.ts';
import { startAccount } from './support/account.ts';
import { startCollector } from './support/collector.ts';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'installed-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// The scripts behind npm and the command look node up.
const path = `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`;
const execute = promisify(execFile);

beforeAll(async () => {
  // Without scripts: other tests run what is in dist/ at this moment.
  const env = { ...process.env, PATH: path };
  await execute('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: checkout, env });
  const tarball = join(folder, `claude-usage-metrics-${version}.tgz`);
  const install = ['install', '--prefix', folder, '--prefer-offline', '--no-audit', '--no-fund', tarball];
  await execute('npm', install, { cwd: folder, env });
}, 300_000);

/** Runs the installed command in the folder where it was installed. */
async function command(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<string> {
  const installed = join(folder, 'node_modules', '.bin', 'claude-usage-metrics');
  const { stdout } = await execute(installed, args, { cwd: folder, env: { PATH: path, ...environment } });
  return stdout;
}

test('the packed and installed command says its version', async () => {
  expect(await command(['--version'])).toBe(`${version}\n`);
});

test('the packed and installed command reads and pushes once', async () => {
  const account = await startAccount();
  const collector = await startCollector();

  await command(['once', '--timeout', '20s'], {
    ...account.environment,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.grpcPort}`,
  });
  await collector.stop();

  const points = collector.requests().flatMap((request) => request.points);
  for (const point of [
    { metric: 'claude.usage.utilization', attributes: { account: 'default', metric_name: 'five_hour' }, value: { asDouble: 0.42 } },
    { metric: 'openrouter.credits.remaining', attributes: { account: 'default' }, value: { asDouble: 74.75 } },
  ]) {
    expect(points).toContainEqual(expect.objectContaining(point));
  }
});

test('the packed and installed command checks sources and the Collector, and pushes nothing', async () => {
  const account = await startAccount();
  const collector = await startCollector();

  const printed = await command(['check', '--json'], {
    ...account.environment,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.grpcPort}`,
  });
  await collector.stop();

  expect(JSON.parse(printed)).toMatchObject({
    exitCode: 0,
    sources: [{ source: 'claude-ai', up: true }, { source: 'openrouter', up: true }],
    delivery: { ok: true },
  });
  expect(collector.requests()).toEqual([]);
});

test('the packed and installed command demonstrates itself without any setting', async () => {
  const printed = await command(['demo', '--cycles', '2', '--json']);

  const pushes = printed.trimEnd().split('\n').map((line) => JSON.parse(line) as { push: number; sources: { source: string; up: boolean }[] });
  expect(pushes.map(({ push }) => push)).toEqual([1, 2]);
  for (const { sources } of pushes) {
    expect(sources.map(({ source }) => source)).toEqual(expect.arrayContaining(['claude-ai', 'openrouter', 'anthropic-usage', 'anthropic-cost']));
    expect(sources.filter(({ up }) => !up)).toEqual([]);
  }
});
