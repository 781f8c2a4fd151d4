import fc from 'fast-check';
import { afterAll, expect } from 'vitest';
import { ConfigError } from '../../src/config/config-error.ts';
import { parseDuration } from '../../src/config/duration.ts';
import { honoured } from '../../src/config/otel-variables.ts';
import { settings } from '../../src/config/settings.ts';
import type { Origins } from '../../src/config/sources-of-settings.ts';
import { canary, scan } from '../support/secret-scan.ts';
import { fuzz } from '../support/fuzz.ts';
import { torn } from '../support/outside.ts';
import { file, load, removeFiles } from './load.ts';

afterAll(removeFiles);

const secret = canary('a credential', 'sk-fake');
const names = [...Object.keys(settings), ...honoured.map(({ name }) => name)].flatMap((name) => [name, `${name}_FILE`]);
const name = fc.oneof({ weight: 20, arbitrary: fc.constantFrom(...names) }, fc.constantFrom('__proto__', 'constructor', 'OTEL_X', 'APIKEY', 'LOOP_INTERVAL', 'HTTPS_PROXY', 'grpc_proxy', 'NO_PROXY'), fc.string());

const good = [
  ...['http://127.0.0.1:4317', 'https://claude.ai/a/b/', 'http://[::1]:80', 'localhost:4317', '[::1]:9464', '127.0.0.1:0', 'none'],
  ...['90s', '1.5m', '250ms', '1h', '60000', 'debug', 'true', 'otlp,prometheus', 'grpc', 'http/protobuf', 'delta', 'claude-prometheus-exporter'],
  ...['a=b,c=d', 'authorization=Bearer%20x', 'service.name=x', 'sessionKey=x; cf_clearance=y', 'model,api_key_id'],
];
const value = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...good) },
  { weight: 3, arbitrary: torn(good) },
  fc.constantFrom('', ' ', '9'.repeat(400), '1e9s', '0', '-1', 'NaN', '%', '%zz', '=', ',', ';', 'http://', 'http://a:b@c', '::', '/dev/null', '/', '\u0000', '\ufeff', 'a'.repeat(5_000), '(a+)+'.repeat(50)),
  fc.constant(secret.value),
  fc.webUrl(),
  fc.string({ unit: 'binary' }),
);

/** A configuration whose numbers are numbers, or the lines of a ConfigError: printable, and without a secret. */
function holds(environment: Record<string, string>, origins: Partial<Origins> = {}): void {
  try {
    const config = load(environment, origins);
    const { claudeAi, openRouter, anthropic, export: { otlp, intervalMs, timeoutMs }, http } = config;
    const numbers = [intervalMs, timeoutMs, otlp?.timeoutMs, http?.port, claudeAi?.intervalMs, openRouter?.intervalMs, anthropic?.usageIntervalMs, anthropic?.costIntervalMs, anthropic?.slowIntervalMs];
    for (const number of numbers) if (number !== undefined) expect(number).toSatisfy(Number.isFinite);
    said(config.warnings);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.problems).not.toEqual([]);
    said(error.problems);
  }
}

function said(texts: readonly string[]): void {
  for (const text of texts) expect(text).not.toMatch(/[\p{Cc}\u2028]/u);
  expect(scan(texts.join('\n'), [secret])).toEqual([]);
}

fuzz('values of settings', fc.array(fc.tuple(name, value), { maxLength: 8 }), (pairs) => {
  holds(Object.fromEntries(pairs));
  for (const [, text] of pairs) {
    const milliseconds = parseDuration(text);
    if (milliseconds !== undefined) expect(milliseconds > 0 && Number.isFinite(milliseconds)).toBe(true);
  }
});

const envLine = fc.tuple(name, value, fc.constantFrom('=', ' = ', '', '="', "='", ': ')).map(([key, text, between]) => `${key}${between}${text}`);
const envText = fc.oneof(fc.array(envLine, { maxLength: 6 }).map((lines) => lines.join('\n')), torn(['A="b\nc"\nexport CLAUDE_COOKIE=x\n# comment\n']), fc.string({ unit: 'binary' }));
fuzz('.env files', envText, (text) => holds({}, { envFile: file('fuzzed.env', text) }));

const yamlValue = fc.oneof(value.map((text) => JSON.stringify(text)), value, fc.constantFrom('&a [*a]', '*a', '!!binary x', '!x y', '|', '>-', '{', '[1, 2]', '<<', '? a', '0x10', '1_000', '.nan', '007', '2026-01-01', '!!js/function x'));
const yamlText = fc.oneof(
  fc.array(fc.tuple(name, yamlValue).map(([key, text]) => `${key}: ${text}`), { maxLength: 6 }).map((lines) => lines.join('\n')),
  fc.dictionary(name, fc.oneof(value, fc.jsonValue())).map((map) => JSON.stringify(map)),
  torn(['CLAUDE_COOKIE: "a=b"\nLOG_LEVEL: debug\nx: &a\n  - 1\n? [b]\n: c\n', '{"LOG_LEVEL":"debug","HTTP_ADDRESS":null}']),
  fc.string({ unit: 'binary' }),
);
fuzz('files of settings, YAML or JSON', yamlText, (text) => holds({}, { configFile: file('fuzzed.yaml', text) }));
