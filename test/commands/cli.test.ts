import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runCli } from '../support/cli.ts';

test('--help lists the commands, the exit codes and the settings', async () => {
  const { code, stdout, stderr } = await runCli(['--help']);
  expect(code).toBe(0);
  expect(stderr).toBe('');
  for (const command of ['run', 'once', 'check', 'demo']) expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
  for (const exit of [0, 1, 2, 3, 4]) expect(stdout).toMatch(new RegExp(`^  ${exit}  \\S`, 'm'));
  for (const setting of ['COOKIEJAR_URL', 'OPENROUTER_API_KEY', 'OTEL_EXPORTER_OTLP_ENDPOINT']) expect(stdout).toContain(setting);
});

test('--version is the version of the package', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  expect(await runCli(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` });
});

test.each([
  [['chek'], "error: unknown command 'chek'", 'Did you mean check?'],
  [['once', '--twice'], "error: unknown option '--twice'", ''],
  [['--log-level', 'loud'], 'Allowed choices are debug, info', ''],
  [['once', '--timeout', 'soon'], '--timeout is not a duration', ''],
  [['demo', '--cycles', 'many'], '--cycles must be a whole number above 0', ''],
  [['demo', '--interval', '1ms'], '--interval must be 500ms or more', ''],
])('%j exits 2 and says what is wrong', async (args, message, hint) => {
  const { code, stdout, stderr } = await runCli(args);
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toContain(message);
  expect(stderr).toContain(hint);
});

test('without a command it is run, with its options', async () => {
  const { code, stderr } = await runCli(['--config', '/does/not/exist']);
  expect(code).toBe(2);
  expect(stderr).toContain('--config: the file /does/not/exist cannot be read');
});

test.each([
  [['--log-level', 'debug', 'once'], 'once'],
  [['--timeout=5s', '--config', 'check', '--json', 'once'], 'once'],
  [['--log-level', 'debug', '--timeout', '5s', 'check'], 'check'],
])('options may stand before the command: %j', async (args, command) => {
  const { code, stdout, stderr } = await runCli([...args, '--help']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain(`Usage: claude-usage-metrics ${command} [options]`);
});

test('a misspelt command behind options is named', async () => {
  const { code, stderr } = await runCli(['--log-level', 'debug', 'onec']);
  expect(code).toBe(2);
  expect(stderr).toContain("error: unknown command 'onec'");
});

test('a Node that is too old is named in one line, with exit code 2', async () => {
  const old = 'Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.20.2"}})';
  const { code, stdout, stderr } = await runCli(['--version'], { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(old)}` });
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toBe('claude-usage-metrics needs Node.js 22.15 or newer; this is 20.20.2\n');
});
