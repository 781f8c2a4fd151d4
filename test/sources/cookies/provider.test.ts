import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Secret } from '../../../src/model/secret.ts';
import { fixedCookies, fixedSession } from '../../../src/sources/cookies/provider.ts';

const folder = mkdtempSync(join(tmpdir(), 'cookies-'));
afterAll(() => rmSync(folder, { recursive: true }));
const { signal } = new AbortController();

test('a session is the cookie of its name', async () => {
  await expect(fixedSession(Secret.of('sk-ant-sid01-fake')).fetch(signal)).resolves.toBe('sessionKey=sk-ant-sid01-fake');
});

test.each(['a=1; b=2', 'Cookie: a=1; b=2', 'cookie:a=1; b=2'])('a whole header %o is its cookies', async (text) => {
  expect((await fixedCookies(Secret.of(text)).fetch(signal)).trim()).toBe('a=1; b=2');
});

test('a file is read anew at each fetch, and says that it is missing', async () => {
  const file = join(folder, 'session');
  const provider = fixedSession(Secret.fromFile(file));
  await expect(provider.fetch(signal)).rejects.toMatchObject({ name: 'SourceError', reason: 'credential_missing' });
  writeFileSync(file, 'first-fake\n');
  await expect(provider.fetch(signal)).resolves.toBe('sessionKey=first-fake');
  writeFileSync(file, 'second-fake\n');
  await expect(provider.fetch(signal)).resolves.toBe('sessionKey=second-fake');
});
