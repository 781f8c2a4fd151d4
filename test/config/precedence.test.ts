import { afterAll, describe, expect, test } from 'vitest';
import { file, load, problemsOf, removeFiles } from './load.ts';

afterAll(removeFiles);

const key = { OPENROUTER_API_KEY: 'sk-or-v1-fake' };

test('flags win over the environment, that over the env file, that over the --config file', () => {
  const configFile = file('precedence.yaml', 'ACCOUNT_NAME: file\nLOG_LEVEL: error\n');
  const envFile = file('precedence.env', '\uFEFFACCOUNT_NAME=env-file\n');
  const level = (environment: Record<string, string>, flags: Record<string, string>): object => {
    const { account, logLevel } = load({ ...key, ...environment }, { configFile, envFile, flags });
    return { account, logLevel };
  };
  expect(level({ ACCOUNT_NAME: 'environment', LOG_LEVEL: 'warn' }, { LOG_LEVEL: 'debug' })).toEqual({ account: 'environment', logLevel: 'debug' });
  expect(level({ LOG_LEVEL: 'warn' }, {})).toEqual({ account: 'env-file', logLevel: 'warn' });
  expect(level({}, {})).toEqual({ account: 'env-file', logLevel: 'error' });
});

test('an empty setting is unset, and lets the weaker origin through', () => {
  const envFile = file('empty-wins-nothing.env', 'ACCOUNT_NAME=env-file\nLOG_LEVEL=\n');
  expect(load({ ...key, ACCOUNT_NAME: ' ' }, { envFile })).toMatchObject({ account: 'env-file', logLevel: 'info' });
});

describe('a --config file', () => {
  test.each([
    ['YAML', 'values.yaml', 'OPENROUTER_API_KEY: sk-or-v1-fake\nACCOUNT_NAME: 007\nLOG_LEVEL:\nOTEL_METRIC_EXPORT_INTERVAL: 5000\n'],
    ['JSON', 'values.json', '{"OPENROUTER_API_KEY": "sk-or-v1-fake", "ACCOUNT_NAME": "007", "LOG_LEVEL": null, "OTEL_METRIC_EXPORT_INTERVAL": 5000}'],
  ])('is %s, and its values are what stands there', (_kind, name, content) => {
    const config = load({}, { configFile: file(name, content) });
    expect(config.openRouter?.apiKey.reveal()).toBe('sk-or-v1-fake');
    expect(config).toMatchObject({ account: '007', logLevel: 'info', export: { intervalMs: 5000 } });
  });

  test('may be empty', () => {
    expect(load(key, { configFile: file('nothing.yaml', '# nothing yet\n') }).account).toBe('default');
  });
});

describe('a secret in a file', () => {
  test('is read anew at each use, without the white space and byte-order mark that editors add', () => {
    const path = file('key', '\uFEFFsk-or-v1-first\r\n');
    const { openRouter } = load({ OPENROUTER_API_KEY_FILE: path });
    expect(openRouter?.apiKey.reveal()).toBe('sk-or-v1-first');
    file('key', 'sk-or-v1-second\n');
    expect(openRouter?.apiKey.reveal()).toBe('sk-or-v1-second');
  });

  test('may be any of the secrets', () => {
    const cookie = file('cookie', 'sessionKey=sk-ant-sid01-fake; a=b');
    const session = file('session', 'sk-ant-sid01-fake');
    const headers = file('headers', 'authorization=Bearer%20fake\n');
    expect(load({ CLAUDE_COOKIE_FILE: cookie }).claudeAi?.cookies).toMatchObject({ kind: 'cookie' });
    expect(load({ CLAUDE_SESSION_KEY_FILE: session }).claudeAi?.cookies).toMatchObject({ kind: 'session' });
    expect(load({ ...key, OTEL_EXPORTER_OTLP_HEADERS_FILE: headers }).otelVariables).toEqual({
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20fake',
    });
  });
});

test('floors do not hold for an upstream on this machine', () => {
  const near = { ...key, OPENROUTER_POLL_INTERVAL: '2s', CLAUDE_POLL_INTERVAL: '250ms', CLAUDE_AI_BASE_URL: 'http://localhost:1' };
  for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '[::1]']) {
    expect(load({ ...near, OPENROUTER_ACCOUNT_BASE_URL: `http://${host}:1/api` }).openRouter?.intervalMs, host).toBe(2_000);
  }
});

test('durations are a number and ms, s, m or h', () => {
  const interval = (text: string): number | undefined => load({ ...key, OPENROUTER_POLL_INTERVAL: text }).openRouter?.intervalMs;
  expect(['60000ms', '90s', '1.5m', '2h', ' 90 s '].map(interval)).toEqual([60_000, 90_000, 90_000, 7_200_000, 90_000]);
});

test('a path is passed on as it is written, whatever the system', () => {
  const { otelVariables } = load({ ...key, OTEL_RESOURCE_ATTRIBUTES: 'dir=C:\\Users\\new' });
  expect(otelVariables['OTEL_RESOURCE_ATTRIBUTES']).toBe('dir=C:\\Users\\new');
  const envFile = file('windows.env', `OPENROUTER_API_KEY=sk-or-v1-fake\nACCOUNT_NAME=C:\\new\\table\n`);
  expect(load({}, { envFile }).account).toBe('C:\\new\\table');
  expect(load(key, { configFile: file('windows.yaml', 'ACCOUNT_NAME: C:\\new\\table') }).account).toBe('C:\\new\\table');
});

test('a quote that is not closed is named, and nothing of the lines within is quoted or taken for a value', () => {
  const within = `OPENROUTER_API_KEY=fake-openrouter-key\n`;
  const line = (name: string): string => `${name} goes on in another line than it began in: is a quote not closed?`;
  const problems = (text: string): readonly string[] => problemsOf({}, { envFile: file('torn.env', text) });
  const [first, ...others] = problems(`OTEL_BSP_MAX_QUEUE_SIZE="\n${within}NO_PROXY="localhost"\n`);
  expect([first, ...others].join()).not.toContain('fake-openrouter');
  expect(first).toBe(line('OTEL_BSP_MAX_QUEUE_SIZE'));
  for (const name of ['LOG_LEVEL', 'CLAUDE_SESSION_KEY_FILE', 'https_proxy', 'APIKEY', 'OTEL_EXPORTER_OTLP_ENDPOINT']) {
    expect(problems(`${name}='x\n${within}'\n`)[0], name).toBe(line(name));
  }
  expect(problemsOf({ ...key, OTEL_BSP_MAX_QUEUE_SIZE: `\n${within}` })).toEqual([line('OTEL_BSP_MAX_QUEUE_SIZE')]);
  // Somebody else's, and a line break at the end, which files of secrets have.
  expect(load({}, { envFile: file('others.env', `PRIVATE_KEY="-----BEGIN\nfake\n-----END"\nACCOUNT_NAME="mine\n"\n${within}`) }).account).toBe('mine');
});
