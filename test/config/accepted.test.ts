import { afterAll, expect, test } from 'vitest';
import { file, load, problemsOf, removeFiles } from './load.ts';

afterAll(removeFiles);

test('white space, letter case and trailing commas do not matter', () => {
  const config = load({
    OPENROUTER_API_KEY: ' sk-or-v1-fake ',
    CLAUDE_SESSION_KEY: '\tsk-ant-sid01-fake ',
    CLAUDE_COOKIE_NAMES: ' sessionKey , cf_clearance ,',
    LOG_LEVEL: ' DEBUG ',
    OTEL_EXPORTER_OTLP_HEADERS: ' a = b , c=d, ',
    OTEL_RESOURCE_ATTRIBUTES: ' team = a%2Cb , , env=test ,',
    OTEL_EXPORTER_OTLP_COMPRESSION: ' GZIP ',
    OTEL_TRACES_EXPORTER: ' none ',
  });
  expect(config.openRouter?.apiKey.reveal()).toBe('sk-or-v1-fake');
  expect(config.claudeAi?.cookies).toMatchObject({ kind: 'session' });
  expect(config.claudeAi?.cookieNames).toEqual(['sessionKey', 'cf_clearance']);
  expect(config).toMatchObject({ logLevel: 'debug', warnings: [] });
  // What the SDK reads: it compares letter by letter.
  expect(config.otelVariables).toMatchObject({ OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip' });
});

test('what is set for claude.ai arrives', () => {
  const pem = file('a.pem', '-----BEGIN CERTIFICATE-----\n');
  const { claudeAi } = load({
    COOKIEJAR_URL: 'https://jar:50051',
    COOKIEJAR_CERTIFICATE: pem,
    COOKIEJAR_CLIENT_CERTIFICATE: pem,
    COOKIEJAR_CLIENT_KEY: pem,
    CLAUDE_ORGANIZATION_ID: '00000000-0000-4000-8000-00000000000a',
    CLAUDE_USER_AGENT: 'Mozilla/5.0 (fake)',
    CLAUDE_AI_BASE_URL: 'https://gateway.example/claude/',
    CLAUDE_POLL_INTERVAL: '2m',
  });
  expect(claudeAi).toEqual({
    cookies: { kind: 'cookiejar', url: new URL('https://jar:50051'), certificate: pem, clientCertificate: pem, clientKey: pem },
    cookieNames: ['sessionKey', 'sessionKeyLC', 'lastActiveOrg', 'cf_clearance', '__cf_bm', '_cfuvid', 'anthropic-device-id'],
    organizationId: '00000000-0000-4000-8000-00000000000a',
    userAgent: 'Mozilla/5.0 (fake)',
    intervalMs: 120_000,
    baseUrl: new URL('https://gateway.example/claude/'),
  });
});

test('what is set for an organization arrives, and what is not has its default', () => {
  const adminKey = file('admin', 'sk-ant-admin01-fake\n');
  const { anthropic } = load({
    ANTHROPIC_ADMIN_API_KEY_FILE: adminKey,
    ANTHROPIC_USAGE_POLL_INTERVAL: '2m',
    ANTHROPIC_COST_POLL_INTERVAL: '5m',
    ANTHROPIC_SLOW_POLL_INTERVAL: '2h',
    ANTHROPIC_USAGE_GROUP_BY: ' speed, Model ,',
    ANTHROPIC_ANALYTICS_BETA: 'analytics-2027-01-01, other-beta',
    ANTHROPIC_OWNER_ATTRIBUTES: 'False',
    ANTHROPIC_ADMIN_BASE_URL: 'https://gateway.example/admin/',
  });
  expect(anthropic?.adminKey.reveal()).toBe('sk-ant-admin01-fake');
  expect(anthropic).toMatchObject({
    baseUrl: new URL('https://gateway.example/admin/'),
    usageIntervalMs: 120_000,
    costIntervalMs: 300_000,
    slowIntervalMs: 7_200_000,
    usageGroupBy: ['model', 'speed'],
    analyticsBeta: 'analytics-2027-01-01, other-beta',
    owners: false,
  });
  expect(load({ ANTHROPIC_ADMIN_API_KEY: 'sk-ant-admin01-fake' }).anthropic).toMatchObject({
    baseUrl: new URL('https://api.anthropic.com'),
    usageIntervalMs: 60_000,
    costIntervalMs: 900_000,
    slowIntervalMs: 3_600_000,
    usageGroupBy: ['model', 'api_key_id', 'workspace_id', 'service_tier', 'context_window'],
    analyticsBeta: 'analytics-usage-cost-2026-08-24',
    owners: true,
  });
});

test('a value is quoted in a message only as far as it cannot be a secret, and a path only when it is one', () => {
  const key = { OPENROUTER_API_KEY: 'sk-or-v1-fake' };
  expect(problemsOf(key, { configFile: 'missing.yaml' })).toEqual(['--config: the file missing.yaml cannot be read (ENOENT)']);
  const swallowed = '/run/secrets/ca.pem\nCOOKIEJAR_URL=http://user:fake-password@localhost:50051\n';
  expect(problemsOf({ ...key, OTEL_EXPORTER_OTLP_CERTIFICATE: swallowed })).toEqual(['OTEL_EXPORTER_OTLP_CERTIFICATE: the file of more than one line (is a quote not closed?) cannot be read (ENOENT)']);
  expect(problemsOf({ CLAUDE_COOKIE_FILE: 'sessionKey' })).toEqual(['CLAUDE_COOKIE_FILE: the file cannot be read (ENOENT)']);
  const long = `${'x'.repeat(40)}.yaml`;
  expect(problemsOf({ CLAUDE_COOKIE_FILE: long })).toEqual(['CLAUDE_COOKIE_FILE: the file cannot be read (ENOENT)']);
});
