import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
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

const root = fileURLToPath(new URL('../..', import.meta.url));
const firstMatch = (file: string, pattern: RegExp): string => pattern.exec(readFileSync(join(root, file), 'utf8'))?.[1] ?? '';
const { scripts } = z.object({ scripts: z.object({ start: z.string() }) }).parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));

/** How Node is started where the agent is: its own arguments, up to the script. */
const starts = {
  'npm start': scripts.start.split(' ').slice(0, -1),
  'the image': z.array(z.string()).parse(parse(firstMatch('Dockerfile', /^ENTRYPOINT (.*)$/m))).slice(0, -1),
};

test.each(Object.entries(starts))('the file of --env-file is the agent’s and not Node’s: %s', (_how, [program, ...nodeArgs]) => {
  expect(program).toBe('node');
  const cwd = workingDirectory();
  writeFileSync(join(cwd, 'node.env'), 'NODE_OPTIONS=--no-such-option\n');
  const once = (file: string) =>
    spawnSync(process.execPath, [...nodeArgs, join(root, 'src/main.ts'), 'once', '--env-file', file], { cwd, encoding: 'utf8', env: {} });
  expect(once('missing.env')).toMatchObject({ status: 2, stdout: '', stderr: '--env-file: the file missing.env cannot be read (ENOENT)\n' });
  const { status, stderr } = once('node.env');
  expect(status).toBe(2);
  expect(stderr).toMatch(/^nothing to read is configured: /);
});
