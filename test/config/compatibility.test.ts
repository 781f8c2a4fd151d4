import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cleanup } from '../support/cleanup.ts';
import { load, problemsOf } from './load.ts';

const after = cleanup();

/** A home directory, with the exporter's file in it if there is one. */
function home(file?: string): { HOME: string } {
  const folder = mkdtempSync(join(tmpdir(), 'home-'));
  after(() => rmSync(folder, { recursive: true }));
  if (file !== undefined) {
    mkdirSync(join(folder, '.config'));
    writeFileSync(join(folder, '.config', 'claude-prometheus.json'), file);
  }
  return { HOME: folder };
}

const compatible = { COMPATIBILITY: 'claude-prometheus-exporter', APIKEY: 'sk-ant-admin01-fake' };

test('with the key alone it is as it was: scraped on all interfaces at 9001, a cycle each half minute, nothing pushed', () => {
  const config = load({ ...home(), ...compatible });
  expect(config.anthropic?.adminKey.reveal()).toBe('sk-ant-admin01-fake');
  expect(config).toMatchObject({
    http: { host: '0.0.0.0', port: 9001, loopback: false, scrape: true },
    compatibility: { namespace: 'claude' },
    logLevel: 'info',
    warnings: [],
  });
  expect(config.export).toEqual({ console: false, scrape: true, temporality: 'cumulative', intervalMs: 30_000, timeoutMs: 30_000 });
  // Reads keep to the floors of the Admin API, whatever the cycle is.
  expect(config.anthropic).toMatchObject({ usageIntervalMs: 60_000 });
});

test('its variables are understood', () => {
  const config = load({ ...home(), ...compatible, PROMETHEUS_PORT: ' 9100 ', LOOP_INTERVAL: '0.5', LOGGING_LEVEL: 'Warning', PROMETHEUS_NAMESPACE: 'org_1' });
  expect(config).toMatchObject({ http: { port: 9100 }, export: { intervalMs: 500 }, logLevel: 'warn', compatibility: { namespace: 'org_1' } });
});

const file = JSON.stringify({
  apikey: 'sk-ant-admin01-from-file',
  prometheus: { port: 9002, namespace: 'filed' },
  loop: { interval: 45, lookback: 3 },
  logging: { level: 'DEBUG' },
});

test('its file is understood, below its variables; what has no effect is said', () => {
  const folder = home(file);
  const config = load({ ...folder, COMPATIBILITY: 'claude-prometheus-exporter', PROMETHEUS_PORT: '9003' });
  expect(config.anthropic?.adminKey.reveal()).toBe('sk-ant-admin01-from-file');
  expect(config).toMatchObject({ http: { port: 9003 }, export: { intervalMs: 45_000 }, logLevel: 'debug', compatibility: { namespace: 'filed' } });
  expect(config.warnings).toEqual([`without effect in ${folder.HOME}/.config/claude-prometheus.json: loop.lookback`]);
});

test('the agent’s own settings win, and with a backend it pushes too', () => {
  const config = load({
    ...home(file),
    ...compatible,
    ANTHROPIC_ADMIN_API_KEY: 'sk-ant-admin01-own',
    HTTP_ADDRESS: '127.0.0.1:9464',
    OTEL_METRIC_EXPORT_INTERVAL: '60000',
    LOG_LEVEL: 'error',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4317',
  });
  expect(config.anthropic?.adminKey.reveal()).toBe('sk-ant-admin01-own');
  expect(config).toMatchObject({ http: { host: '127.0.0.1', port: 9464 }, export: { intervalMs: 60_000, scrape: true }, logLevel: 'error' });
  expect(config.export.otlp?.url).toBe('http://collector:4317');
});

test('without COMPATIBILITY its names mean nothing', () => {
  const config = load({ ...home(file), OPENROUTER_API_KEY: 'sk-or-v1-fake', APIKEY: 'x', PROMETHEUS_PORT: 'y' });
  expect(config).toMatchObject({ http: { port: 9464 }, export: { scrape: false } });
  expect([config.anthropic, config.compatibility]).toEqual([undefined, undefined]);
});

test.each([
  [{ COMPATIBILITY: 'another' }, 'COMPATIBILITY must be one of claude-prometheus-exporter ("another")'],
  [{ ...compatible, PROMETHEUS_PORT: 'any' }, 'PROMETHEUS_PORT must be a port, 0 to 65535 ("any")'],
  [{ ...compatible, LOOP_INTERVAL: '0' }, 'LOOP_INTERVAL must be a number of seconds above 0 ("0")'],
  [{ ...compatible, LOGGING_LEVEL: 'LOUD' }, 'LOGGING_LEVEL must be DEBUG, INFO, WARNING, ERROR or CRITICAL ("LOUD")'],
  [{ ...compatible, PROMETHEUS_NAMESPACE: 'a-b' }, 'PROMETHEUS_NAMESPACE must be letters, digits and underscores, and not begin with a digit ("a-b")'],
  [{ ...compatible, PROMETHEUS_NAMESPACE: '9abc' }, 'PROMETHEUS_NAMESPACE must be letters, digits and underscores, and not begin with a digit ("9abc")'],
  [{ ...compatible, OTEL_METRICS_EXPORTER: 'otlp' }, 'COMPATIBILITY adds names to /metrics: OTEL_METRICS_EXPORTER must list prometheus ("otlp")'],
])('%o is refused', (environment, line) => {
  expect(problemsOf({ ...home(), OPENROUTER_API_KEY: 'sk-or-v1-fake', ...environment })).toEqual([line]);
});

test.each([
  ['{"apikey": "sk-ant-admin01-se', 'is no map in JSON'],
  ['["sk-ant-admin01-se"]', 'is no map in JSON'],
])('a file that is %j is refused, and not quoted', (text, what) => {
  const folder = home(text);
  expect(problemsOf({ ...folder, ...compatible })).toEqual([`COMPATIBILITY: the file ${folder.HOME}/.config/claude-prometheus.json ${what}`]);
});

test('a value in its file that is neither text nor number is refused', () => {
  const folder = home('{"apikey": ["a"], "loop": {"interval": true}}');
  expect(problemsOf({ ...folder, ...compatible })).toEqual([
    `COMPATIBILITY: apikey in the file ${folder.HOME}/.config/claude-prometheus.json must be a text or a number`,
    `COMPATIBILITY: loop.interval in the file ${folder.HOME}/.config/claude-prometheus.json must be a text or a number`,
  ]);
});
