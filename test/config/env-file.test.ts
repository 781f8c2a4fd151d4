import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runCli } from '../support/cli.ts';

function workingDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'env-file-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

test('.env in the working directory is read, and --env-file in its place', async () => {
  const cwd = workingDirectory();
  writeFileSync(join(cwd, '.env'), 'OPENROUTER_API_KEY=sk-or-v1-fake\nLOG_LEVEL=loud\n');
  writeFileSync(join(cwd, 'other.env'), 'LOG_LEVEL=silent\n');
  const [own, other] = await Promise.all([runCli(['once'], {}, cwd), runCli(['once', '--env-file', 'other.env'], {}, cwd)]);
  expect(own).toMatchObject({ code: 2, stdout: '', stderr: 'LOG_LEVEL must be one of debug, info, warn, error, silent ("loud")\n' });
  expect(other.code).toBe(2);
  expect(other.stderr).toMatch(/^nothing to read is configured: /);
});

test('a directory called .env is somebody else’s', async () => {
  const cwd = workingDirectory();
  mkdirSync(join(cwd, '.env'));
  const { code, stderr } = await runCli(['once'], {}, cwd);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^nothing to read is configured: /);
});
