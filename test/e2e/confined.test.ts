/*
 * The built agent with no more rights than it needs: under Node's permission model, and as a pod of the "restricted" profile has it.
 */
import { execFileSync, spawn } from 'node:child_process';
import { chownSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import type { ReceivedRequest } from '../../src/demo/otlp-messages.ts';
import { startReceiver } from '../../src/demo/receiver.ts';
import { systemClock } from '../../src/model/clock.ts';
import { startOrganization } from '../support/organization.ts';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const entry = join(checkout, 'dist', 'main.js');
/** The image's user. */
const nobody = 65532;

/** What it reads: itself. What it writes: its state. Nothing else is opened, no program is started, no native code loaded. */
function permissions(state: string): readonly string[] {
  const read = ['dist', 'proto', 'node_modules', 'package.json'].map((path) => `--allow-fs-read=${join(checkout, path)}`);
  return ['--permission', ...read, `--allow-fs-read=${state}`, `--allow-fs-write=${state}`, '--allow-worker', ...netFlag()];
}

/** Later Nodes ask for the network too. */
function netFlag(): readonly string[] {
  return process.allowedNodeEnvironmentFlags.has('--allow-net') ? ['--allow-net'] : [];
}

/** No privilege, none to be had, and a root that nobody writes to but where the state is. */
const restricted = (state: string): readonly string[] => [
  'unshare',
  '--mount',
  '--pid',
  '--fork',
  '--kill-child',
  'sh',
  '-euc',
  `mount --make-rprivate /
mount --bind "$1" "$1"
mount -o remount,bind,ro /
user=$2
shift 2
exec setpriv --reuid "$user" --regid "$user" --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all "$@"`,
  'sh',
  state,
  String(nobody),
];

interface Run {
  readonly code: number | null;
  readonly stderr: string;
}

async function run([program = '', ...args]: readonly string[], environment: Readonly<Record<string, string>>): Promise<Run> {
  const child = spawn(program, args, { env: { PATH: process.env['PATH'] ?? '', ...environment }, cwd: checkout, stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  return { code, stderr };
}

/** An organization, a backend and a folder for the state. */
async function peers(): Promise<{ readonly settings: Readonly<Record<string, string>>; readonly state: string; readonly received: ReceivedRequest[] }> {
  const world = await startOrganization(systemClock);
  world.organization.use({ atMs: Date.now() - 60_000, apiKeyId: 'apikey_01Fake', output: 1_000 });
  const received: ReceivedRequest[] = [];
  const receiver = await startReceiver({ onRequest: (requests) => received.push(...requests) });
  const state = mkdtempSync(join(tmpdir(), 'confined-'));
  onTestFinished(async () => {
    receiver.stop();
    await world.stop();
    rmSync(state, { recursive: true, force: true });
  });
  return { settings: { ...world.settings, STATE_DIR: state, OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${receiver.port}` }, state, received };
}

function expectWell({ code, stderr }: Run, state: string, received: readonly ReceivedRequest[]): void {
  expect(stderr).not.toMatch(/ERR_ACCESS_DENIED|"level":"(error|fatal)"|nothing is kept/);
  expect(code, stderr).toBe(0);
  expect(received.flatMap(({ points }) => points).filter(({ metric }) => metric === 'claude.tokens').length).toBeGreaterThan(0);
  expect(readdirSync(state)).toContain('totals');
}

test('under Node’s permission model it reads itself, writes its state, and needs nothing else', async () => {
  const { settings, state, received } = await peers();
  expectWell(await run([process.execPath, ...permissions(state), '--', entry, 'once'], settings), state, received);
});

test('the permission model does hold it: without the right to write its state it says so and goes on', async () => {
  const { settings, state } = await peers();
  const flags = permissions(state).filter((flag) => !flag.startsWith('--allow-fs-write'));
  const { stderr } = await run([process.execPath, ...flags, '--', entry, 'once'], settings);
  expect(stderr).toMatch(/STATE_DIR|cannot be used/);
  expect(readdirSync(state)).toEqual([]);
});

test('as nobody, without capabilities and on a read-only root it does the same', async () => {
  if (process.getuid?.() !== 0) throw new Error('this test changes user and mounts, which only root may');
  const { settings, state, received } = await peers();
  chownSync(state, nobody, nobody);
  expectWell(await run([...restricted(state), process.execPath, ...permissions(state), '--', entry, 'once'], settings), state, received);
});

test('no production package has native code, and no install script runs but that of Node itself', () => {
  const listed = execFileSync('npm', ['ls', '--omit=dev', '--all', '--parseable'], { cwd: checkout, encoding: 'utf8' });
  const folders = listed.trim().split('\n').slice(1);
  expect(folders.length).toBeGreaterThan(50);
  const native = folders.flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => /\.node$|(^|\/)binding\.gyp$/.test(path)));
  expect(native).toEqual([]);
  const { packages } = JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8')) as { packages: Record<string, { hasInstallScript?: true; optional?: true }> };
  const { allowScripts } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as { allowScripts: Record<string, boolean> };
  expect(allowScripts).toEqual({ node: true, protobufjs: false });
  const scripted = Object.entries(packages).filter(([, { hasInstallScript, optional }]) => hasInstallScript === true && optional !== true);
  expect(scripted.map(([path]) => path.replace(/^.*node_modules\//, '')).sort()).toEqual(Object.keys(allowScripts).sort());
});
