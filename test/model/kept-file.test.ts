import { execFileSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Secret } from '../../src/model/secret.ts';

test('a secret’s file that becomes a pipe, a device or a huge one while the agent runs is an error, and holds nothing up', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kept-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [path, pipe, huge] = [join(folder, 'key'), join(folder, 'pipe'), join(folder, 'huge')] as const;
  writeFileSync(path, 'sk-fake\n');
  const secret = Secret.fromFile(path);
  expect(secret.reveal()).toBe('sk-fake');
  writeFileSync(huge, Buffer.alloc(1024 * 1024 + 1, 'x'));
  renameSync(huge, path);
  expect(() => secret.reveal()).toThrow('EFBIG');
  expect(() => Secret.fromFile('/dev/zero').reveal()).toThrow(/ENOTFILE|ENOENT/);
  if (process.platform === 'win32') return;
  execFileSync('mkfifo', [pipe]);
  renameSync(pipe, path);
  expect(() => secret.reveal()).toThrow('ENOTFILE');
});
