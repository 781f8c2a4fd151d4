import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { disk } from '../../src/state/file-system.ts';
import { LockedError, lock } from '../../src/state/lock.ts';

const beatMs = 50;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-'));
  onTestFinished(() => rm(folder, { recursive: true }));
});

/** Another process that takes the lock and says so. */
async function otherHolder(): Promise<ReturnType<typeof spawn>> {
  const script = `
    const { lock } = await import(${JSON.stringify(new URL('../../src/state/lock.ts', import.meta.url).href)});
    const { disk } = await import(${JSON.stringify(new URL('../../src/state/file-system.ts', import.meta.url).href)});
    await lock(${JSON.stringify(folder)}, disk, ${beatMs});
    console.log('held');
    setInterval(() => undefined, 1_000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

/** A lock as a process elsewhere left it. */
function leave(text: string, at = new Date()): void {
  writeFileSync(join(folder, 'lock'), text);
  utimesSync(join(folder, 'lock'), at, at);
}

const elsewhere = JSON.stringify({ pid: 1, host: 'another-host', space: '', token: 'of-another' });

test('one at a time; the next one after the release, and nothing is left behind', async () => {
  const first = await lock(folder, disk, beatMs);
  await expect(lock(folder, disk, beatMs)).rejects.toThrow(new LockedError(`${folder} is in use by process ${process.pid} on ${hostname()}`));
  await first.release();
  const second = await lock(folder, disk, beatMs);
  expect(await first.isHeld()).toBe(false);
  expect(await second.isHeld()).toBe(true);
  await second.release();
  expect(readdirSync(folder)).toEqual([]);
});

test('a process that lives holds it, one that was killed does not', async () => {
  const other = await otherHolder();
  await expect(lock(folder, disk, beatMs)).rejects.toThrow(`is in use by process ${other.pid ?? 0} on`);
  other.kill('SIGKILL');
  await once(other, 'exit');
  const mine = await lock(folder, disk, beatMs);
  expect(await mine.isHeld()).toBe(true);
  await mine.release();
});

test('a lock of an earlier process with the same number on this host is nobody’s', async () => {
  const now = await lock(folder, disk, beatMs);
  const text = readFileSync(join(folder, 'lock'), 'utf8');
  await now.release();
  leave(JSON.stringify({ ...(JSON.parse(text) as object), token: 'of-an-earlier-one' }));
  const mine = await lock(folder, disk, 60_000);
  await mine.release();
});

test('the same number on a host of the same name is somebody else’s where numbers are counted apart', async () => {
  const other = JSON.stringify({ pid: process.pid, host: hostname(), space: 'of another container', token: 'of-another' });
  leave(other);
  let beat = 1;
  const heart = setInterval(() => leave(other, new Date(++beat * 1_000)), beatMs);
  onTestFinished(() => clearInterval(heart));
  await expect(lock(folder, disk, beatMs)).rejects.toThrow(`is in use by process ${process.pid} on ${hostname()}`);
});

test.each([elsewhere, '', '{"pid":'])('a lock elsewhere that no longer beats is taken over: %s', async (text) => {
  leave(text);
  const mine = await lock(folder, disk, beatMs);
  expect(readFileSync(join(folder, 'lock'), 'utf8')).toContain(`"pid":${process.pid}`);
  await mine.release();
});

test('one elsewhere that beats is held, however old its time looks', async () => {
  leave(elsewhere, new Date(0));
  let beat = 1;
  const heart = setInterval(() => leave(elsewhere, new Date(++beat * 1_000)), beatMs);
  onTestFinished(() => clearInterval(heart));
  await expect(lock(folder, disk, beatMs)).rejects.toThrow('is in use by process 1 on another-host');
});

test('who lost it knows, and does not take the other’s away', async () => {
  const mine = await lock(folder, disk, beatMs);
  leave(elsewhere);
  expect(await mine.isHeld()).toBe(false);
  await mine.release();
  expect(readFileSync(join(folder, 'lock'), 'utf8')).toBe(elsewhere);
});

test('while the disk hangs one beat waits for it, and not all that were due; they go on afterwards', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  let hangs = false;
  const waiting: (() => void)[] = [];
  const mine = await lock(folder, {
    ...disk,
    read: async (path) => {
      if (hangs) await new Promise<void>((resolve) => waiting.push(resolve));
      return disk.read(path);
    },
  }, beatMs);
  hangs = true;
  vi.advanceTimersByTime(100 * beatMs);
  expect(waiting).toHaveLength(1);

  hangs = false;
  utimesSync(join(folder, 'lock'), 0, 0);
  waiting[0]?.();
  await vi.waitFor(() => {
    vi.advanceTimersByTime(beatMs);
    expect(statSync(join(folder, 'lock')).mtimeMs).toBeGreaterThan(0);
  });
  await mine.release();
});
