import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { ReceivedPoint } from '../../src/demo/otlp-messages.ts';
import { startReceiver } from '../../src/demo/receiver.ts';
import { systemClock } from '../../src/model/clock.ts';
import { openTotalsState } from '../../src/state/totals-state.ts';
import { cleanup } from '../support/cleanup.ts';
import { runCli } from '../support/cli.ts';
import { type OrganizationWorld, startOrganization } from '../support/organization.ts';

const after = cleanup();
const delta = { OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta' };

let world: OrganizationWorld;
let points: ReceivedPoint[];
let settings: Readonly<Record<string, string>>;
let folder: string;

beforeEach(async () => {
  world = await startOrganization(systemClock);
  after(() => world.stop());
  points = [];
  const receiver = await startReceiver({ onRequest: (requests) => points.push(...requests.flatMap((request) => request.points)) });
  after(() => receiver.stop());
  folder = mkdtempSync(join(tmpdir(), 'state-command-'));
  after(() => rm(folder, { recursive: true }));
  settings = { ...world.settings, OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${receiver.port}` };
});

function tokens(): readonly number[] {
  return points.splice(0).filter(({ metric }) => metric === 'claude.tokens').map(({ value }) => value);
}

const use = (output: number): unknown => world.organization.use({ atMs: Date.now() - 60_000, shownAtMs: 0, apiKeyId: 'apikey_1', output });

test('once with deltas wants to know what the last one sent', async () => {
  const { code, stderr } = await runCli(['once'], { ...settings, ...delta });
  expect(code).toBe(2);
  expect(stderr).toBe('once cannot send an organization’s totals as deltas without STATE_DIR, where the last ones are kept\n');
  const json = await runCli(['once', '--json'], { ...settings, ...delta });
  expect(json.code).toBe(2);
  expect(JSON.parse(json.stdout)).toMatchObject({ command: 'once', exitCode: 2, problems: [expect.stringContaining('STATE_DIR')] });
});

test('once after once: deltas are what was used in between', async () => {
  use(100);
  const kept = { ...settings, ...delta, STATE_DIR: join(folder, 'made') };
  expect((await runCli(['once'], kept)).code).toBe(0);
  expect(tokens()).toEqual([]);
  use(7);
  expect((await runCli(['once'], kept)).code).toBe(0);
  expect(tokens()).toEqual([7]);
  expect((await runCli(['once'], kept)).code).toBe(0);
  expect(tokens()).toEqual([]);
});

test('growth that could not be kept waits: once exits 4 and says so, though all that it sent was acknowledged', async () => {
  use(100);
  const failing = { ...settings, ...delta, STATE_DIR: join(folder, 'x'.repeat(300)) };
  const { code, stderr } = await runCli(['once'], failing);
  expect(code).toBe(4);
  expect(stderr).toContain('until it can be no growth is sent');
  expect(points).not.toEqual([]);
  expect(tokens()).toEqual([]);
  // A total needs no state to be right.
  expect((await runCli(['once'], { ...settings, STATE_DIR: failing.STATE_DIR })).code).toBe(0);
  expect(tokens()).toEqual([100]);
});

test('once after once: a total has no first zero, and does not fall', async () => {
  const kept = { ...settings, STATE_DIR: folder };
  use(100);
  await runCli(['once'], kept);
  expect(tokens()).toEqual([100]);
  use(-30);
  world.organization.use({ atMs: Date.now() - 60_000, shownAtMs: 0, apiKeyId: 'apikey_2', output: 5 });
  await runCli(['once'], kept);
  expect([...tokens()].sort()).toEqual([100, 5]);
});

test('a second agent on the same folder exits 2 and names the first', async () => {
  const first = await openTotalsState(folder, 'default');
  const { code, stderr } = await runCli(['once'], { ...settings, STATE_DIR: folder });
  expect(code).toBe(2);
  expect(stderr).toMatch(new RegExp(`^STATE_DIR: .* is in use by process ${process.pid} on .*; one agent at a time writes an account’s totals, and another account wants another folder\n$`));
  await first.release();
  expect((await runCli(['once'], { ...settings, STATE_DIR: folder })).code).toBe(0);
});

test('what is no folder is a wrong setting', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const { code, stderr } = await runCli(['run'], { ...settings, STATE_DIR: file });
  expect(code).toBe(2);
  expect(stderr).toBe(`STATE_DIR: ${file} is no folder\n`);
});

test('once has no time to see whether a lock from elsewhere is still held: it says so at once, and what gives it the time', async () => {
  writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: 1, host: 'another-host', space: '', token: 'of-another-host' }));
  const { code, stderr } = await runCli(['once', '--timeout', '20s'], { ...settings, STATE_DIR: folder });
  expect(code).toBe(2);
  expect(stderr).toContain(`STATE_DIR: ${folder} may still be in use by process 1 on another-host: to see that it is not takes 15 s, and there are 10 (--timeout gives more)`);
});

test('check says what is lost without STATE_DIR, and nothing where it is set or nothing is kept in it', async () => {
  expect((await runCli(['check'], settings)).stdout).toContain('STATE_DIR is not set: after a restart a total whose report has taken something back shows as a fall');
  expect((await runCli(['check'], { ...settings, ...delta })).stdout).toContain('STATE_DIR is not set: what is used while the agent is not running is never pushed');
  expect((await runCli(['check'], { ...settings, STATE_DIR: folder })).stdout).not.toContain('STATE_DIR');
});
