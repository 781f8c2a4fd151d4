import { mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { attributeSet } from '../../src/model/attributes.ts';
import type { SentTotals } from '../../src/model/sent-totals.ts';
import { StateFolderError, openTotalsState } from '../../src/state/totals-state.ts';
import { MemoryDisk, systemError } from './memory-disk.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'totals-'));
  onTestFinished(() => rm(folder, { recursive: true }));
});

function sent(value: bigint): SentTotals {
  return {
    account: 'work',
    cutEndMs: 5,
    pending: { startMs: 1, endMs: 5, points: [{ metric: 'claude.tokens', attributes: attributeSet({ model: 'm' }), value: 3n }] },
    reports: [{ report: 'anthropic-usage', grouping: 'model', cutting: true }],
    series: [{ report: 'anthropic-usage', periodStartMs: 0, metric: 'claude.tokens', attributes: attributeSet({ model: 'm' }), sent: value, cut: 7n, owesZero: { pushed: false, scraped: false } }],
  };
}

test('what one agent kept the next one goes on from; the folder is made, for its owner alone', async () => {
  const deeper = join(folder, 'not', 'there', 'yet');
  const first = await openTotalsState(deeper, 'work');
  expect(first).toMatchObject({ notices: [] });
  expect(first.takeRestored()).toBeUndefined();
  await first.save(sent(9n));
  await first.release();
  const second = await openTotalsState(deeper, 'work');
  expect(second.takeRestored()).toEqual(sent(9n));
  if (process.platform !== 'win32') expect(statSync(deeper).mode & 0o777).toBe(0o700);
  await second.release();
});

test('the folder of another agent is refused, and so is one that can never be written', async () => {
  const first = await openTotalsState(folder, 'work');
  await expect(openTotalsState(folder, 'work')).rejects.toThrow(/is in use by process \d+ on .*; one agent at a time/);
  await first.release();
  const file = join(folder, 'file');
  writeFileSync(file, '');
  await expect(openTotalsState(file, 'work')).rejects.toThrow(new StateFolderError(`${file} is no folder`));
  const denied = new MemoryDisk();
  denied.before = () => {
    throw systemError('EACCES');
  };
  await expect(openTotalsState('/state', 'work', denied)).rejects.toThrow('/state may not be written by this user');
});

test('a disk that gives no answer does not keep the agent from starting, and is used once it does', async () => {
  const disk = new MemoryDisk();
  const before = await openTotalsState('/state', 'work', disk);
  await before.save(sent(9n));
  await before.release();
  let answers = (): void => undefined;
  const answer = new Promise<void>((resolve) => (answers = resolve));
  disk.before = (call) => (call === 'read' ? answer : undefined);
  const state = await openTotalsState('/state', 'work', disk, 10);
  expect(state.notices).toEqual(['/state cannot be used (no answer within 0.01 s): nothing is gone on with, and until it can be used nothing is kept, and no growth is sent']);
  expect(state.takeRestored()).toBeUndefined();
  const saved = state.save(sent(11n));
  disk.before = () => undefined;
  answers();
  await saved;
  await state.release();
  expect((await openTotalsState('/state', 'work', disk)).takeRestored()).toEqual(sent(11n));
});

test('a folder that the system lets nobody make is told, whatever it says of the one around it', async () => {
  if (process.platform !== 'linux') return;
  const state = await openTotalsState('/proc/not/there', 'work');
  expect(state.notices).toEqual([expect.stringContaining('/proc/not/there cannot be used (ENOENT)')]);
});

test('each account has its own: another name in between costs the first one nothing', async () => {
  const first = await openTotalsState(folder, 'work');
  await first.save(sent(9n));
  await first.release();
  const other = await openTotalsState(folder, 'private');
  expect(other.takeRestored()).toBeUndefined();
  await other.save({ ...sent(1n), account: 'private' });
  await other.release();
  const again = await openTotalsState(folder, 'work');
  expect(again.takeRestored()).toEqual(sent(9n));
  await again.release();
});

test('from a generation that is not the last one the highest values are taken, but no growth: it may have been sent since', async () => {
  const first = await openTotalsState(folder, 'work');
  await first.save(sent(9n));
  await first.save(sent(10n));
  await first.release();
  const file = readdirSync(folder).find((name) => /^totals-[0-9a-f]+$/.test(name)) ?? '';
  writeFileSync(join(folder, file), 'damaged');
  const second = await openTotalsState(folder, 'work');
  expect(second.notices.join()).toContain('is damaged');
  const restored = second.takeRestored();
  expect(restored?.pending).toBeUndefined();
  expect(restored?.reports).toEqual([{ report: 'anthropic-usage', grouping: 'model', cutting: false }]);
  expect([...(restored?.series ?? [])].map((one) => one.sent)).toEqual([9n]);
  await second.release();
});

test.each(['ENOSPC', 'EIO', 'EROFS', 'EMFILE'])('a disk that fails with %s from the start is told at once and at each writing, until it works', async (code) => {
  const failing = new MemoryDisk();
  const before = await openTotalsState('/state', 'work', failing);
  for (const value of [7n, 8n, 9n]) await before.save(sent(value));
  await before.release();
  failing.before = () => {
    throw systemError(code);
  };
  const state = await openTotalsState('/state', 'work', failing);
  expect(state.notices).toEqual([expect.stringContaining(`/state cannot be used (${code})`)]);
  await expect(state.save(sent(1n))).rejects.toThrow(code);
  failing.before = () => undefined;
  await state.save(sent(2n));
  await state.release();
  expect((await openTotalsState('/state', 'work', failing)).takeRestored()).toEqual(sent(2n));
});

test('a folder that was taken over is no longer written', async () => {
  const state = await openTotalsState(folder, 'work');
  await state.save(sent(1n));
  writeFileSync(join(folder, 'lock'), '{"pid":1,"host":"another","token":"x"}');
  await expect(state.save(sent(2n))).rejects.toThrow('another process has taken the folder over');
});

test.each(['folder', 'lock', 'everything in the folder'])('after somebody has deleted the %s it is written again, and still for one agent alone', async (what) => {
  const deeper = join(folder, 'state');
  const state = await openTotalsState(deeper, 'work');
  await state.save(sent(1n));
  if (what === 'folder') await rm(deeper, { recursive: true });
  else for (const name of readdirSync(deeper)) if (what !== 'lock' || name === 'lock') await rm(join(deeper, name));
  await state.save(sent(2n));
  await expect(openTotalsState(deeper, 'work')).rejects.toThrow('is in use');
  await state.release();
  const next = await openTotalsState(deeper, 'work');
  expect(next.takeRestored()).toEqual(sent(2n));
  await next.release();
});

test('what another agent has left, which came and went while this one was suspended, is not written over', async () => {
  const suspended = await openTotalsState(folder, 'work');
  await suspended.save(sent(1n));
  await rm(join(folder, 'lock'));
  const other = await openTotalsState(folder, 'work');
  await other.save(sent(5n));
  await expect(suspended.save(sent(2n))).rejects.toThrow('another process has taken the folder over');
  await other.release();
  for (const value of [3n, 4n]) await expect(suspended.save(sent(value))).rejects.toThrow('another process has taken the folder over');
  await suspended.release();
  expect((await openTotalsState(folder, 'work')).takeRestored()).toEqual(sent(5n));
});
