import { mkdtempSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { disk } from '../../src/state/file-system.ts';
import { NewerStateError, StateFile } from '../../src/state/state-file.ts';
import { MemoryDisk, systemError } from './memory-disk.ts';

const textOf = (lines: readonly string[]): string => lines.join('|');
const fileOn = (fileSystem: MemoryDisk): StateFile => new StateFile('/state', 'totals', fileSystem);

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'state-'));
  onTestFinished(() => rm(made, { recursive: true }));
  return made;
}

test('what was written is read back, only the owner may read it, and nothing else is left in the folder', async () => {
  const path = folder();
  const lines = Array.from({ length: 5_000 }, (_, index) => `line ${index} of many 😀`);
  await new StateFile(path, 'totals', disk).write(lines);
  await new StateFile(path, 'totals', disk).write(['the second']);
  const { value, isOlder, notices } = await new StateFile(path, 'totals', disk).read(textOf);
  expect({ value, isOlder, notices }).toEqual({ value: 'the second', isOlder: false, notices: [] });
  expect(readdirSync(path).sort()).toEqual(['totals', 'totals.previous']);
  if (process.platform !== 'win32') expect(statSync(join(path, 'totals')).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(path, 'totals.previous'), 'utf8').split('\n').slice(0, -2)).toEqual(lines);
});

test('a first start has nothing to go on from', async () => {
  expect(await new StateFile(folder(), 'totals', disk).read(textOf)).toEqual({ isOlder: false, notices: [] });
});

test('whatever call a process dies at, another one finds the whole of what was written last, or of what came before', async () => {
  const before = new MemoryDisk();
  await fileOn(before).write(['one']);
  const whole = before.afterPowerCut();
  whole.calls.length = 0;
  const writer = fileOn(whole);
  await writer.read(textOf);
  await writer.write(['two']);
  const calls = whole.calls.length;
  expect(calls).toBeGreaterThan(8);
  const found = new Set<unknown>();
  for (let last = 0; last <= calls; last++) {
    const cut = before.afterPowerCut();
    cut.before = (_call, index) => {
      if (index >= last) throw systemError('EIO');
    };
    const dying = fileOn(cut);
    await dying.read(textOf);
    await dying.write(['two']).catch(() => undefined);
    const { value, isOlder } = await fileOn(cut.afterPowerCut()).read(textOf);
    expect(isOlder).toBe(false);
    found.add(value);
  }
  expect([...found]).toEqual(['one', 'two']);
});

test.each(['ENOSPC', 'EIO', 'EROFS', 'EMFILE'])('%s at any call of a writing is told, and the next writing is whole', async (code) => {
  for (let at = 0; ; at++) {
    const failing = new MemoryDisk();
    const file = fileOn(failing);
    await file.write(['one']);
    failing.calls.length = 0;
    failing.before = (_call, index) => {
      if (index === at) throw systemError(code);
    };
    const failed = await file.write(['two']).then(
      () => false,
      (error: unknown) => (error as NodeJS.ErrnoException).code === code,
    );
    const reached = failing.calls.length > at;
    failing.before = () => undefined;
    const { value } = await fileOn(failing.afterPowerCut()).read(textOf);
    expect(['one', 'two']).toContain(value);
    if (!failed) expect(value).toBe('two');
    await file.write(['three']);
    expect(await fileOn(failing).read(textOf)).toEqual({ value: 'three', isOlder: false, notices: [] });
    if (!reached && !failed) return;
  }
});

test('a file that is cut off anywhere, or has one bit flipped, is put aside, and the one before is gone on with as older', async () => {
  const good = new MemoryDisk();
  await fileOn(good).write(['one', 'of it']);
  await fileOn(good).write(['two', 'of it']);
  const bytes = good.files.get('/state/totals')?.bytes ?? Buffer.alloc(0);
  const cut = Array.from({ length: bytes.length }, (_, length) => bytes.subarray(0, length));
  const flipped = Array.from({ length: bytes.length * 8 }, (_, bit) => {
    const copy = Buffer.from(bytes);
    copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return copy;
  });
  for (const damaged of [...cut, ...flipped]) {
    const found = good.afterPowerCut();
    found.files.set('/state/totals', { bytes: damaged, mode: 0o600, modifiedAt: new Date() });
    const { value, isOlder, notices } = await fileOn(found).read(textOf);
    expect({ value, isOlder }).toEqual({ value: 'one|of it', isOlder: true });
    expect(notices).toEqual(['/state/totals is damaged; it is kept as /state/totals.unusable']);
    expect(found.files.get('/state/totals.unusable')?.bytes).toEqual(damaged);
  }
});

test('a damaged file of the generation before costs the newest one nothing', async () => {
  const good = new MemoryDisk();
  for (const line of ['one', 'two']) await fileOn(good).write([line]);
  const file = fileOn(good);
  await file.read(textOf);
  await file.write(['three']);
  const bytes = good.files.get('/state/totals.previous')?.bytes ?? Buffer.alloc(0);
  for (const damaged of [Buffer.alloc(0), Buffer.from('x'), bytes.subarray(0, -1), Buffer.concat([Buffer.from('x'), bytes])]) {
    const found = good.afterPowerCut();
    found.files.set('/state/totals.previous', { bytes: damaged, mode: 0o600, modifiedAt: new Date() });
    const { value, isOlder, notices } = await fileOn(found).read(textOf);
    expect({ value, isOlder }).toEqual({ value: 'three', isOlder: false });
    expect(notices).toEqual(['/state/totals.previous is damaged; it is kept as /state/totals.previous.unusable']);
  }
});

test('a damaged file that was the newest one until it was swapped makes the other an older one', async () => {
  const swapped = new MemoryDisk();
  const file = fileOn(swapped);
  await file.write(['one']);
  await file.write(['two']);
  const newest = swapped.files.get('/state/totals')?.bytes ?? Buffer.alloc(0);
  await swapped.rename('/state/totals.previous', '/state/totals');
  swapped.files.set('/state/totals.previous', { bytes: Buffer.concat([Buffer.from('x'), newest]), mode: 0o600, modifiedAt: new Date() });
  expect(await fileOn(swapped).read(textOf)).toMatchObject({ value: 'one', isOlder: true });
});

test('of two files that were swapped the later one is gone on with', async () => {
  const swapped = new MemoryDisk();
  const file = fileOn(swapped);
  await file.write(['one']);
  await file.write(['two']);
  await swapped.rename('/state/totals', '/state/x');
  await swapped.rename('/state/totals.previous', '/state/totals');
  await swapped.rename('/state/x', '/state/totals.previous');
  expect(await fileOn(swapped).read(textOf)).toMatchObject({ value: 'two', isOlder: false });
});

test('a later version’s file is put aside and said; it is not what this version goes on from', async () => {
  const path = folder();
  const file = new StateFile(path, 'totals', disk);
  await file.write(['later']);
  const later = await new StateFile(path, 'totals', disk).read(() => {
    throw new NewerStateError();
  });
  expect(later.value).toBeUndefined();
  expect(later.notices.join()).toMatch(/was written by a later version; it is kept as .*totals\.unusable/);
  expect(await new StateFile(path, 'totals', disk).read(textOf)).toEqual({ isOlder: false, notices: [] });
});

test('what is no state at all is put aside', async () => {
  const path = folder();
  writeFileSync(join(path, 'totals'), 'not ours');
  const { notices } = await new StateFile(path, 'totals', disk).read(textOf);
  expect(notices).toHaveLength(1);
  expect(readFileSync(join(path, 'totals.unusable'), 'utf8')).toBe('not ours');
});
