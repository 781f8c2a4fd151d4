/*
 * The built state on a real disk: killed at every system call, and with every call made to fail as disks do.
 */
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTotalsState } from '../../src/state/totals-state.ts';
import { generationOf, totalsOf } from './support/generations.ts';

const strace = execFileSync(fileURLToPath(new URL('../../.ci/strace', import.meta.url)), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
const writer = fileURLToPath(new URL('support/state-writer.ts', import.meta.url));

/** Those that change the disk, or are how a file is come by. */
const failing = ['mkdir', 'openat', 'write', 'fsync', 'rename', 'unlink'];
const codes = ['ENOSPC', 'EIO', 'EROFS', 'EMFILE'];

/** The nth call of a name that has to do with the state. */
interface Call {
  readonly name: string;
  readonly nth: number;
}

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
  readonly notices: readonly string[] | undefined;
  readonly saved: readonly number[];
  readonly failures: readonly string[];
}

const work = mkdtempSync(join(tmpdir(), 'state-calls-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const before = join(work, 'before');
let calls: readonly Call[];

beforeAll(async () => {
  // The generations 0 and 1, of which 1 is the last.
  await write(before, [0, 1]);
  const trial = folderOf('trial');
  expect((await write(trial, [2], [])).saved).toEqual([2]);
  const counts = new Map<string, number>();
  calls = readFileSync(`${trial}.trace`, 'utf8').split('\n').flatMap((line): Call[] => {
    const name = /^\d+ +(\w+)\(/.exec(line)?.[1];
    if (name === undefined) return [];
    counts.set(name, (counts.get(name) ?? 0) + 1);
    return [{ name, nth: counts.get(name) ?? 0 }];
  });
}, 60_000);

function folderOf(name: string): string {
  const folder = join(work, name);
  cpSync(before, folder, { recursive: true, preserveTimestamps: true });
  return folder;
}

/** Runs the writer; traced and with these faults if there are any. */
async function write(folder: string, generations: readonly number[], faults?: readonly string[]): Promise<Ended> {
  const own = [process.execPath, writer, folder, ...generations.map(String)];
  const paths = [folder, ...['lock', 'totals', 'totals.new', 'totals.previous', 'totals.unusable'].map((name) => join(folder, name))];
  const traced = [strace, '-f', '-qq', '-o', `${folder}.trace`, ...paths.flatMap((path) => ['-P', path]), ...(faults ?? []).flatMap((fault) => ['-e', fault])];
  const [program = '', ...args] = faults === undefined ? own : [...traced, ...own];
  // One thread for the disk, as calls are counted by thread.
  const child = spawn(program, args, { env: { PATH: process.env['PATH'], UV_THREADPOOL_SIZE: '1', UV_USE_IO_URING: '0' } });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => child.once('close', (...how) => resolve(how)));
  const said = stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as { notices?: string[]; saved?: number; message?: string }]));
  return {
    code,
    signal,
    stderr,
    notices: said[0]?.notices,
    saved: said.flatMap(({ saved }) => saved ?? []),
    failures: said.flatMap(({ message }) => message ?? []),
  };
}

/** The next start: what it goes on with, and what it says. It takes the folder over, and can write into it. */
async function next(folder: string): Promise<{ readonly generation: number | undefined; readonly notices: readonly string[] }> {
  const state = await openTotalsState(folder, 'default');
  const found = { generation: generationOf(state.takeRestored()), notices: state.notices };
  await state.save(totalsOf(9));
  await state.release();
  const later = await openTotalsState(folder, 'default');
  expect(generationOf(later.takeRestored())).toBe(9);
  expect(later.notices).toEqual([]);
  await later.release();
  return found;
}

/** Four at a time: most of it is waiting for processes to start. */
async function forAll<T>(cells: readonly T[], look: (cell: T) => Promise<void>): Promise<void> {
  const left = [...cells];
  const lane = async (): Promise<void> => {
    for (let cell = left.shift(); cell !== undefined; cell = left.shift()) await look(cell);
  };
  await Promise.all(Array.from({ length: 4 }, lane));
}

test('the state is written by the calls that it is meant to be, each thing flushed before the next relies on it', () => {
  const order = calls.map(({ name }) => name).filter((name) => ['write', 'fsync', 'rename'].includes(name));
  expect(order.join(' ')).toMatch(/write( write)+ fsync rename rename fsync$/);
});

test('killed at any system call, the next start finds one generation whole, and the one that was said to be saved', { timeout: 300_000 }, async () => {
  const found = new Set<number | undefined>();
  await forAll(calls, async ({ name, nth }) => {
    const cell = `killed at ${name} ${nth}`;
    const folder = folderOf(`kill-${name}-${nth}`);
    const { signal, saved, stderr } = await write(folder, [2], [`inject=${name}:signal=KILL:when=${nth}`]);
    expect(signal, `${cell}: ${stderr}`).toBe('SIGKILL');
    const { generation, notices } = await next(folder);
    expect(notices, cell).toEqual([]);
    expect(saved.length === 0 ? [1, 2] : [2], cell).toContain(generation);
    found.add(generation);
  });
  expect([...found].sort()).toEqual([1, 2]);
});

test.each(codes)('%s at any call is said, what was saved is found, and the next writing is whole', { timeout: 300_000 }, async (code) => {
  const cells = calls.filter(({ name }) => failing.includes(name) || (code === 'EIO' && ['close', 'read'].includes(name)));
  let told = 0;
  await forAll(cells, async ({ name, nth }) => {
    const cell = `${code} at ${name} ${nth}`;
    const folder = folderOf(`${code}-${name}-${nth}`);
    const ended = await write(folder, [2, 3], [`inject=${name}:error=${code}:when=${nth}`]);
    expect(ended.code, `${cell}: ${ended.stderr}`).toBe(0);
    const { saved, failures, notices = [] } = ended;
    expect(saved.length + failures.length, cell).toBe(2);
    for (const text of failures) expect(text, cell).toContain(code);
    if (notices.length + failures.length > 0) told += 1;
    // One fault costs one writing at most; where the folder could not be taken at first, the next writing takes it.
    expect(failures.length, cell).toBeLessThanOrEqual(1);
    const { generation } = await next(folder);
    const last = saved.at(-1);
    if (last !== undefined) expect(generation, cell).toBe(last);
    else expect([1, 2, 3], cell).toContain(generation);
  });
  expect(told).toBeGreaterThan(cells.length / 3);
});
