import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect } from 'vitest';
import { attributeSet } from '../../src/model/attributes.ts';
import type { SentTotals } from '../../src/model/sent-totals.ts';
import { LockedError, lock } from '../../src/state/lock.ts';
import { sentLines, sentTotals } from '../../src/state/sent-lines.ts';
import { StateFile } from '../../src/state/state-file.ts';
import { fuzz } from '../support/fuzz.ts';
import { damaged, torn, withOtherValues } from '../support/outside.ts';
import { MemoryDisk } from './memory-disk.ts';

const series = (model: string, sent: bigint): SentTotals['series'] extends Iterable<infer One> ? One : never => ({
  report: 'anthropic-usage',
  periodStartMs: 0,
  metric: 'claude.tokens',
  attributes: attributeSet({ model, type: 'input' }),
  sent,
  cut: 3n,
  owesZero: { pushed: false, scraped: false },
});

/** Two writings, one after the other. */
const written: readonly SentTotals[] = [5n, 9n].map((sent) => ({
  account: 'work',
  cutEndMs: 5,
  pending: { startMs: 1, endMs: 5, points: [{ metric: 'claude.tokens', attributes: attributeSet({ model: 'm' }), value: sent }] },
  reports: [{ report: 'anthropic-usage', grouping: 'model', cutting: true }],
  series: [series('m', sent), series('n', sent)],
}));

const disk = new MemoryDisk();
const file = new StateFile('/state', 'totals', disk);
for (const totals of written) await file.write(sentLines(totals));
const bytesOf = (path: string): Buffer => disk.files.get(path)?.bytes ?? Buffer.alloc(0);
const [latest, previous] = [bytesOf('/state/totals'), bytesOf('/state/totals.previous')];

const onDisk = fc.oneof(
  { weight: 3, arbitrary: damaged([latest, previous]) },
  fc.constantFrom(latest, previous, Buffer.alloc(0)),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
);

/** Whatever the disk holds: one of the two writings as it was, or nothing; the bytes are kept; and the next writing is read back. */
fuzz('files of the state', fc.tuple(onDisk, onDisk), async (both) => {
  const found = new MemoryDisk();
  for (const [index, path] of ['/state/totals', '/state/totals.previous'].entries()) {
    found.files.set(path, { bytes: both[index] ?? Buffer.alloc(0), mode: 0o600, modifiedAt: new Date(0) });
  }
  const reader = new StateFile('/state', 'totals', found);
  const { value, notices } = await reader.read(sentTotals);
  if (value !== undefined) expect(written).toContainEqual(value);
  const usable = both.filter((bytes) => bytes.equals(latest) || bytes.equals(previous)).length;
  expect(notices).toHaveLength(2 - usable);
  if (usable > 0) expect(value).toBeDefined();
  await reader.write(sentLines(written[0] as SentTotals));
  expect((await new StateFile('/state', 'totals', found).read(sentTotals)).value).toEqual(written[0]);
});

/** What another version, or somebody, might have written with a checksum that fits. */
const lines = written.flatMap((totals) => [...sentLines(totals)]);
const text = [...sentLines(written[1] as SentTotals)].join('\n');
const manyLines = fc.oneof(
  { weight: 2, arbitrary: fc.array(fc.oneof(fc.constantFrom(...lines), withOtherValues(lines), torn(lines), fc.json())).map((some) => some.join('\n')) },
  { weight: 2, arbitrary: withOtherValues([text]) },
  torn([text]),
);

/** It is read as what it says, or refused; a number that is read is a whole one. */
fuzz('lines of the state', manyLines, async (some) => {
  const body = `${some}\n`;
  const found = new MemoryDisk();
  const sha256 = createHash('sha256').update('1\n').update(body).digest('hex');
  found.files.set('/state/totals', { bytes: Buffer.from(`${body}{"generation":1,"sha256":"${sha256}"}\n`), mode: 0o600, modifiedAt: new Date(0) });
  const { value, notices } = await new StateFile('/state', 'totals', found).read(sentTotals);
  expect(notices).toHaveLength(value === undefined ? 1 : 0);
  for (const { sent, cut, attributes, periodStartMs } of value?.series ?? []) {
    expect(typeof cut).toBe('bigint');
    expect(['bigint', 'undefined']).toContain(typeof sent);
    expect(Number.isSafeInteger(periodStartMs)).toBe(true);
    for (const attribute of Object.values(attributes)) expect(typeof attribute).toBe('string');
  }
});

const holder = JSON.stringify({ pid: 2 ** 22 - 1, host: 'elsewhere', token: 'fake' });

/** A lock that nobody beats is taken over, whatever stands in it. */
fuzz('locks', fc.oneof(withOtherValues([holder]), torn([holder]), fc.string({ unit: 'binary' })), async (content) => {
  const found = new MemoryDisk();
  found.files.set('/state/lock', { bytes: Buffer.from(content), mode: 0o600, modifiedAt: new Date(0) });
  try {
    const held = await lock('/state', found, 0.01);
    expect(await held.isHeld()).toBe(true);
    await held.release();
  } catch (error) {
    expect(error).toBeInstanceOf(LockedError);
  }
});
