/*
 * The search for secrets, proven by leaks: what it does not find in these it would not find anywhere.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { serverAnswers } from './support/ask.ts';
import { adminKey, canaries } from './support/canaries.ts';
import { startCli } from './support/cli.ts';
import { startRecordingServer } from './support/recording-server.ts';
import { Exits, type Leak, canary, contentOf, scan, ways } from './support/secret-scan.ts';
import { startSources } from './support/sources.ts';

/** How a secret may leave, and in which form the search is to find it. */
const writings: Readonly<Record<string, readonly [form: Leak['form'], write: (secret: string) => string]>> = {
  plain: ['plain', (secret) => secret],
  'its first eight characters': ['plain', (secret) => `${secret.slice(0, 8)}…`],
  'for a URL': ['plain', encodeURIComponent],
  'in JSON': ['plain', (secret) => JSON.stringify(JSON.stringify(secret))],
  base64: ['base64', (secret) => Buffer.from(secret).toString('base64')],
  hex: ['hex', (secret) => Buffer.from(secret).toString('hex')],
};

test('plain, cut in half, its first eight characters, escaped, in other letters, in base64 and in hex', () => {
  const { value } = adminKey;
  const hidden: readonly (readonly [Leak['form'], string])[] = [
    ...Object.values(writings).map(([form, write]) => [form, write(value)] as const),
    ['plain', `x${value}x`],
    ['plain', value.slice(0, -16)],
    ['plain', value.slice(-16)],
    ['plain', value.toUpperCase().replace(/[^A-Z0-9]+/g, '_')],
    ['base64', Buffer.from(`user:${value}`).toString('base64url')],
    ['base64', Buffer.from(value.slice(0, 8)).toString('base64')],
    ['base64', `{"a":"${Buffer.from(`ab${value}`).toString('base64')}"}`],
    ['hex', `<Buffer ${Buffer.from(value).toString('hex')}>`],
    ['hex', Buffer.from(value.slice(0, 8)).toString('hex')],
  ];
  for (const [form, text] of hidden) {
    expect(scan(text, canaries).map((leak) => [leak.secret, leak.form]), text).toEqual([[adminKey.name, form]]);
    for (const way of ways) {
      const exits = new Exits();
      for (const each of ways) exits.add(each, { 'said by all': `each ${each === way ? text : ''} the same` });
      expect(exits.scan(canaries).map((leak) => [leak.way, leak.secret, leak.form]), text).toEqual([[way, adminKey.name, form]]);
    }
  }
  expect(scan('nothing here, and 0123456789abcdef0123456789abcdef either', canaries)).toEqual([]);
});

/** Every way out of a built agent, and a change that lets a text out there. */
const leaks: Readonly<Record<string, (text: string) => readonly [file: string, from: RegExp, to: string]>> = {
  log: (text) => ['telemetry/log.ts', /streamWrite: redact/, `streamWrite: (line) => redact(line).replace('{', () => '{"leak":' + JSON.stringify(${text}) + ',')`],
  stderr: (text) => ['main.ts', /const code = /, `process.stderr.write(${text} + '\\n'); const code = `],
  stdout: (text) => ['main.ts', /process\.stdout\.write\(redact\(text\)\)/, `process.stdout.write(redact(text) + ${text})`],
  'span attribute': (text) => ['telemetry/traces.ts', /kind: spanKind, attributes/, `kind: spanKind, attributes: { ...attributes, leak: ${text} }`],
  'span name': (text) => ['telemetry/traces.ts', /startSpan\(name/, `startSpan(name + ${text}`],
  'metric attribute': (text) => ['agent-sources.ts', /const \{ account, claudeAi/, `const account = ${text}; const { claudeAi`],
  'resource attribute': (text) => ['metrics/resource.ts', /made\.merge\(named\)/, `made.merge(resourceFromAttributes({ leak: ${text} }))`],
  lock: (text) => ['state/lock.ts', /host: hostname\(\)/, `host: ${text}`],
  state: (text) => ['state/sent-lines.ts', /\{ format, version: formatVersion \}\)/, `{ format, version: formatVersion, leak: ${text} })`],
  health: (text) => ['server/health.ts', /\{ status: alive/, `{ hint: ${text}, status: alive`],
  'status page': (text) => ['server/page/document.ts', /<title>Claude usage/, `<title>\${${text}}`],
  'head of /metrics': (text) => ['server/metrics.ts', /vary: 'Accept/, `'x-leak': ${text}, vary: 'Accept`],
};

test('in a build that leaks on purpose, by every way and in every writing', { timeout: 60_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'leaks-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const root = fileURLToPath(new URL('..', import.meta.url));
  for (const part of ['src', 'proto', 'package.json']) cpSync(join(root, part), join(directory, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'), 'junction');
  for (const [way, patch] of Object.entries(leaks)) {
    const [path, from, to] = patch(`JSON.parse(process.env.LEAKS)[${JSON.stringify(way)}]`);
    const file = join(directory, 'src', path);
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, before.replace(from, () => to));
    expect(readFileSync(file, 'utf8'), way).not.toBe(before);
  }
  // Each way and each writing has a secret of its own, so that none is found in place of another.
  const secretOf = (way: string, writing: string): ReturnType<typeof canary> => canary(`${writing} by ${way}`);
  const texts = Object.keys(leaks).map((way) => [way, Object.entries(writings).map(([writing, [, write]]) => write(secretOf(way, writing).value)).join(' ')]);

  const world = await startSources();
  onTestFinished(() => world.stop());
  const traces = await startRecordingServer((_request, _before, response) => response.end());
  onTestFinished(() => traces.stop());
  const state = join(directory, 'state');
  mkdirSync(state);
  const environment = {
    ...world.settings,
    LEAKS: JSON.stringify(Object.fromEntries(texts)).replaceAll('…', ''),
    STATE_DIR: state,
    OTEL_METRICS_EXPORTER: 'otlp,prometheus',
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${traces.url}/v1/traces`,
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf',
    OTEL_BSP_SCHEDULE_DELAY: '100',
  };
  const program = join(directory, 'src/main.ts');
  const help = await startCli(['--help'], environment, directory, [], program).ended;
  const run = startCli(['run'], environment, directory, [], program);
  await vi.waitUntil(() => run.stderr.includes('acknowledges all points') && contentOf(state).includes('keys') && traces.requests.length > 0, { timeout: 50_000, interval: 50 });
  const [page = '', scrape = '', health = ''] = await serverAnswers(/"http":"([^"]+)"/.exec(run.stderr)?.[1] ?? '');
  const kept = contentOf(state);
  run.child.kill('SIGTERM');
  const { stderr } = await run.ended;
  const lines = stderr.split('\n');
  const pushes = JSON.stringify(world.pushes, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part));
  const spans = traces.requests.map(({ body }) => body).join('\n');
  const said: Readonly<Record<string, string>> = {
    log: lines.filter((line) => line.startsWith('{')).join('\n'),
    stderr: lines.filter((line) => !line.startsWith('{')).join('\n'),
    stdout: help.stdout,
    'span attribute': spans,
    'span name': spans,
    'metric attribute': pushes,
    'resource attribute': pushes,
    lock: kept,
    state: kept,
    health,
    'status page': page,
    'head of /metrics': scrape,
  };
  for (const way of Object.keys(leaks)) {
    const secrets = Object.entries(writings).map(([writing, [form]]) => ({ form, ...secretOf(way, writing) }));
    expect(scan(said[way] ?? '', secrets).map(({ secret, form }) => [secret, form]), way).toEqual(secrets.map(({ name, form }) => [name, form]));
  }
});
