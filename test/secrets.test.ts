import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type TestContext, afterAll, describe, expect, test } from 'vitest';
import {
  adminKey,
  canaries,
  cookieHeader,
  cookies,
  headers,
  metricsHeaders,
  openRouterKey,
  otlpHeaders,
  otlpMetricsHeaders,
  otlpTracesHeaders,
  session,
  setCookies,
  tracesHeaders,
  tracker,
  userInfo,
} from './support/canaries.ts';
import { type RunningCli, runCli, startCli } from './support/cli.ts';
import { serverAnswers } from './support/ask.ts';
import { type EchoingWorld, startEchoingWorld, upstreamFaults } from './support/echoing-world.ts';
import { type Canary, type Leak, contentOf, scan } from './support/secret-scan.ts';

const directory = mkdtempSync(join(tmpdir(), 'secrets-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function secretFile(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, `${text}\n`);
  return path;
}

const loud = { LOG_LEVEL: 'debug', OTEL_LOG_LEVEL: 'all', GRPC_TRACE: 'all', GRPC_VERBOSITY: 'DEBUG' };
const fast = {
  CLAUDE_ORGANIZATION_ID: 'org',
  // What was read is shown for three intervals: on a busy machine a cycle may take longer than its own.
  CLAUDE_POLL_INTERVAL: '100ms',
  OPENROUTER_POLL_INTERVAL: '100ms',
  ANTHROPIC_USAGE_POLL_INTERVAL: '100ms',
  ANTHROPIC_COST_POLL_INTERVAL: '100ms',
  ANTHROPIC_SLOW_POLL_INTERVAL: '100ms',
  OTEL_METRIC_EXPORT_INTERVAL: '100',
  OTEL_BSP_SCHEDULE_DELAY: '100',
};

async function startWorld({ onTestFinished }: TestContext): Promise<EchoingWorld> {
  const world = await startEchoingWorld(setCookies);
  onTestFinished(() => world.stop());
  return world;
}

function upstreamsOf({ claude, openRouter, admin }: EchoingWorld): Record<string, string> {
  return { CLAUDE_AI_BASE_URL: claude.url, OPENROUTER_ACCOUNT_BASE_URL: openRouter.url, ANTHROPIC_ADMIN_BASE_URL: admin.url };
}

/**
 * Lets the agent go on until every fault has been met and what else there is to wait for has come, asks its server for all that
 * it has meanwhile, then stops it; all that it wrote and answered.
 */
async function untilAllFaults(world: EchoingWorld, run: RunningCli, ...also: readonly Promise<void>[]): Promise<string> {
  const all = upstreamFaults * 2;
  const state = { over: false };
  const met = Promise.all([...[world.claude, world.openRouter, world.admin].map((upstream) => upstream.answered(all)), ...also]);
  void Promise.race([met, run.ended]).then(() => (state.over = true));
  const answers = new Set<string>();
  while (!state.over) {
    const url = /"http":"([^"]+)"/.exec(run.stderr)?.[1];
    if (url !== undefined) for (const answer of await serverAnswers(url)) answers.add(answer);
    await sleep(250);
  }
  run.child.kill('SIGTERM');
  const { stdout, stderr } = await run.ended;
  expect([...answers].join('\n'), stderr.slice(-2_000)).toContain('claude_usage_metrics_source_up');
  return [stdout, stderr, ...answers].join('\n');
}

/** What reached peers that had no business with it. */
function strayed(world: EchoingWorld): Leak[] {
  const received = ({ requests }: EchoingWorld['claude']): string => JSON.stringify(requests);
  const without = (...own: readonly Canary[]): Canary[] => canaries.filter((secret) => !own.includes(secret));
  const bodies = world.httpCollector.requests.map(({ path, body }) => path + body).join('\n');
  return [
    ...scan(received(world.claude), without(session, ...cookies)),
    ...scan(received(world.openRouter), without(openRouterKey)),
    ...scan(received(world.admin), without(adminKey)),
    ...scan(received(world.elsewhere), canaries),
    ...scan(world.metadata() + received(world.httpCollector), without(headers, metricsHeaders, tracesHeaders)),
    ...scan(JSON.stringify(world.traces.metadata), without(headers, tracesHeaders)),
    ...scan(world.exported() + bodies + world.traces.bodies.join('\n'), canaries),
  ];
}

describe.concurrent('no secret leaves the agent by any way but its own', { timeout: 180_000 }, () => {
  test('run, cookies from the cookie service and keys from the environment, over gRPC, everything logged', async (context) => {
    const world = await startWorld(context);
    const state = join(directory, 'state');
    const output = await untilAllFaults(
      world,
      startCli(['run'], {
        ...upstreamsOf(world),
        ...fast,
        ...loud,
        STATE_DIR: state,
        OTEL_METRICS_EXPORTER: 'otlp,prometheus',
        COOKIEJAR_URL: world.cookiejarUrl,
        OPENROUTER_API_KEY: openRouterKey.value,
        ANTHROPIC_ADMIN_API_KEY: adminKey.value,
        OTEL_EXPORTER_OTLP_ENDPOINT: world.grpcCollectorUrl,
        OTEL_EXPORTER_OTLP_HEADERS: otlpHeaders,
        OTEL_EXPORTER_OTLP_METRICS_HEADERS: otlpMetricsHeaders,
        OTEL_EXPORTER_OTLP_TRACES_HEADERS: otlpTracesHeaders,
        OTEL_TRACES_EXPORTER: 'otlp,console',
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: world.traces.url,
      }),
      world.exports('redacted'),
    );
    // What is not sent cannot leak: the secrets did travel where they belong, and the echoes did come back.
    expect(scan(JSON.stringify(world.claude.requests), [session, ...cookies])).toHaveLength(1 + cookies.length);
    expect(scan(JSON.stringify(world.openRouter.requests), [openRouterKey])).toHaveLength(1);
    expect(scan(JSON.stringify(world.admin.requests), [adminKey])).toHaveLength(1);
    expect(scan(world.metadata(), [headers, metricsHeaders])).toHaveLength(2);
    expect(scan(JSON.stringify(world.traces.metadata), [headers, tracesHeaders])).toHaveLength(2);
    expect(world.traces.bodies.join('\n')).toContain('read anthropic-usage');
    for (const text of ['[redacted]', 'GET /api/organizations/{organization}/usage']) expect(output).toContain(text);
    expect(scan(output + contentOf(state), canaries)).toEqual([]);
    expect(strayed(world)).toEqual([]);
  });

  test('run, every secret from a file, over HTTP', async (context) => {
    const world = await startWorld(context);
    const output = await untilAllFaults(
      world,
      startCli(['run'], {
        ...upstreamsOf(world),
        ...fast,
        LOG_LEVEL: 'debug',
        OTEL_LOG_LEVEL: 'all',
        OTEL_METRICS_EXPORTER: 'otlp,prometheus',
        CLAUDE_COOKIE_FILE: secretFile('cookie', cookieHeader),
        OPENROUTER_API_KEY_FILE: secretFile('key', openRouterKey.value),
        ANTHROPIC_ADMIN_API_KEY_FILE: secretFile('admin-key', adminKey.value),
        OTEL_EXPORTER_OTLP_ENDPOINT: world.httpCollector.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
        OTEL_EXPORTER_OTLP_HEADERS_FILE: secretFile('headers', otlpHeaders),
        OTEL_EXPORTER_OTLP_METRICS_HEADERS_FILE: secretFile('metrics-headers', otlpMetricsHeaders),
        OTEL_EXPORTER_OTLP_TRACES_HEADERS_FILE: secretFile('traces-headers', otlpTracesHeaders),
        OTEL_TRACES_EXPORTER: 'otlp',
      }),
    );
    const ofTraces = world.httpCollector.requests.filter(({ path }) => path === '/v1/traces');
    const others = world.httpCollector.requests.filter((request) => !ofTraces.includes(request));
    expect(scan(JSON.stringify(others), [headers, metricsHeaders])).toHaveLength(2);
    expect(scan(JSON.stringify(ofTraces), [headers, tracesHeaders])).toHaveLength(2);
    // Each signal has its own headers alone.
    expect([...scan(JSON.stringify(others), [tracesHeaders]), ...scan(JSON.stringify(ofTraces), [metricsHeaders])]).toEqual([]);
    expect(world.httpCollector.requests.length).toBeGreaterThan(6);
    expect(scan(output, canaries)).toEqual([]);
    expect(strayed(world)).toEqual([]);
  });

  test('once, with nobody to deliver to, and to the console', async (context) => {
    const world = await startWorld(context);
    const { code, stdout, stderr } = await runCli(['once'], {
      OTEL_METRIC_EXPORT_TIMEOUT: '1500',
      ...upstreamsOf(world),
      CLAUDE_SESSION_KEY: session.value,
      CLAUDE_ORGANIZATION_ID: 'org',
      OPENROUTER_API_KEY: openRouterKey.value,
      OTEL_METRICS_EXPORTER: 'otlp,console',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1/?token=' + encodeURIComponent(headers.value),
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_EXPORTER_OTLP_HEADERS: otlpHeaders,
    });
    expect(code).toBe(4);
    expect(stdout).toContain('claude.usage.utilization');
    expect(scan(stdout + stderr, canaries)).toEqual([]);
    expect(strayed(world)).toEqual([]);
  });

  test('check, as text and as JSON', async (context) => {
    const world = await startWorld(context);
    const environment = {
      ...upstreamsOf(world),
      COOKIEJAR_URL: world.cookiejarUrl,
      CLAUDE_ORGANIZATION_ID: 'org',
      OPENROUTER_API_KEY: openRouterKey.value,
      OTEL_EXPORTER_OTLP_ENDPOINT: world.grpcCollectorUrl,
      OTEL_EXPORTER_OTLP_TIMEOUT: '60000',
      OTEL_EXPORTER_OTLP_HEADERS: otlpHeaders,
    };
    const first = await runCli(['check', '--timeout', '60s'], environment);
    const second = await runCli(['check', '--json', '--timeout', '60s'], environment);
    expect(second.stdout).toContain('credential_expired');
    for (const { code, stdout, stderr } of [first, second]) {
      expect([3, 4]).toContain(code);
      expect(stdout).toContain('[redacted]');
      expect(scan(stdout + stderr, canaries)).toEqual([]);
    }
    expect(strayed(world)).toEqual([]);
  });

  test('help, and a backend behind a proxy with a password', async (context) => {
    const world = await startWorld(context);
    const environment = {
      ...upstreamsOf(world),
      OPENROUTER_ACCOUNT_BASE_URL: 'https://openrouter.example/api/v1',
      COMPATIBILITY: 'claude-prometheus-exporter',
      APIKEY: adminKey.value,
      PROMETHEUS_PORT: '0',
      CLAUDE_COOKIE: cookieHeader,
      CLAUDE_ORGANIZATION_ID: 'org',
      OPENROUTER_API_KEY: openRouterKey.value,
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector.example:4317',
      OTEL_EXPORTER_OTLP_HEADERS: otlpHeaders,
      OTEL_METRIC_EXPORT_TIMEOUT: '1500',
      grpc_proxy: `http://user:${encodeURIComponent(userInfo.value)}@127.0.0.1:1`,
      https_proxy: `http://${encodeURIComponent(userInfo.value)}@127.0.0.1:1`,
      ...loud,
    };
    const runs = [['--help'], ['once', '--help'], ['once', '--timeout', '5s'], ['check', '--timeout', '3s']];
    const results = await Promise.all(runs.map((args) => runCli(args, environment)));
    expect(results.map(({ code }) => code)).toEqual([0, 0, 4, 4]);
    expect(results[2]?.stderr).toContain('proxy');
    for (const { stdout, stderr } of results) expect(scan(stdout + stderr, canaries)).toEqual([]);
    expect(strayed(world)).toEqual([]);
  });

  test('user info in addresses', async () => {
    const names = ['COOKIEJAR_URL', 'CLAUDE_AI_BASE_URL', 'ANTHROPIC_ADMIN_BASE_URL', 'OPENROUTER_ACCOUNT_BASE_URL', 'OTEL_EXPORTER_OTLP_ENDPOINT'];
    const credentials = { ANTHROPIC_ADMIN_API_KEY: adminKey.value, OPENROUTER_API_KEY: openRouterKey.value };
    const results = await Promise.all(
      [encodeURIComponent(userInfo.value), `user:${encodeURIComponent(userInfo.value)}`].map((info) =>
        runCli(['check'], { ...credentials, ...Object.fromEntries(names.map((name) => [name, `https://${info}@127.0.0.1:1`])) }),
      ),
    );
    for (const { code, stdout, stderr } of results) {
      expect(code).toBe(2);
      for (const name of names) expect(stderr).toContain(name);
      expect(scan(stdout + stderr, canaries)).toEqual([]);
    }
  });

  test('wrong settings with secrets in them', async () => {
    const { code, stdout, stderr } = await runCli(['once'], {
      COOKIEJAR_URL: `http://user:${encodeURIComponent(session.value)}@host`,
      CLAUDE_SESSION_KEY_FILE: session.value,
      CLAUDE_COOKIE: `${cookieHeader}\u0007`,
      CLAUDE_POLL_INTERVAL: session.value,
      CLAUDE_AI_BASE_URL: `https://claude.ai/?key=${session.value}`,
      ACCOUNT_NAME: `${tracker.value}\u0007`,
      OPENROUTER_API_KEY: `${openRouterKey.value} ${openRouterKey.value}`,
      ANTHROPIC_ADMIN_API_KEY: `${adminKey.value} ${adminKey.value}`,
      ANTHROPIC_USAGE_GROUP_BY: adminKey.value,
      LOG_LEVEL: openRouterKey.value,
      OTEL_LOG_LEVEL: openRouterKey.value,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://${encodeURIComponent(headers.value)}:x@host`,
      OTEL_EXPORTER_OTLP_HEADERS: `Bearer ${headers.value}`,
      OTEL_EXPORTER_OTLP_METRICS_HEADERS: `a=${metricsHeaders.value}`,
      OTEL_EXPORTER_OTLP_CERTIFICATE: metricsHeaders.value,
      OTEL_RESOURCE_ATTRIBUTES: headers.value,
      OTEL_METRICS_EXPORTER: headers.value,
    });
    expect(code).toBe(2);
    expect(stderr.trim().split('\n')).toHaveLength(16);
    expect(scan(stdout + stderr, canaries)).toEqual([]);
  });

  test('a wrong command line and a wrong file with secrets in them', async () => {
    const broken = secretFile('broken.yaml', `OPENROUTER_API_KEY: "${openRouterKey.value}\nCLAUDE_COOKIE: !x ${cookieHeader}`);
    const secret = openRouterKey.value;
    const results = await Promise.all(
      [['once', secret], [`--api-key=${secret}`], ['once', `--log-level=${secret}`, '--timeout', secret], ['--config', broken]].map((args) =>
        runCli(args),
      ),
    );
    for (const { code, stdout, stderr } of results) {
      expect(code).toBe(2);
      expect(stderr).not.toBe('');
      expect(scan(stdout + stderr, canaries)).toEqual([]);
    }
  });
});
