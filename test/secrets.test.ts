import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type TestContext, afterAll, describe, expect, test } from 'vitest';
import { type RunningCli, runCli, startCli } from './support/cli.ts';
import { type EchoingWorld, startEchoingWorld, upstreamFaults } from './support/echoing-world.ts';
import { type Canary, type Leak, canary, scan } from './support/secret-scan.ts';

const session = canary('CLAUDE_SESSION_KEY', 'sk-ant-sid01-fake');
const clearance = canary('cf_clearance', 'fake');
const tracker = canary('a cookie that is not sent on', 'GA1.fake');
const openRouterKey = canary('OPENROUTER_API_KEY', 'sk-or-v1-fake');
const adminKey = canary('ANTHROPIC_ADMIN_API_KEY', 'sk-ant-admin01-fake');
const headers = canary('OTEL_EXPORTER_OTLP_HEADERS', 'fake');
const metricsHeaders = canary('OTEL_EXPORTER_OTLP_METRICS_HEADERS', 'fake');
const tracesHeaders = canary('OTEL_EXPORTER_OTLP_TRACES_HEADERS', 'fake');
const canaries = [session, clearance, tracker, openRouterKey, adminKey, headers, metricsHeaders, tracesHeaders];

const cookieHeader = `sessionKey=${session.value}; cf_clearance=${clearance.value}; _ga=${tracker.value}`;
const setCookies = `sessionKey=${session.value}; Path=/; Domain=.claude.ai; Secure; cf_clearance=${clearance.value}; Path=/; _ga=${tracker.value}; Path=/`;
const otlpHeaders = `authorization=Bearer%20${encodeURIComponent(headers.value)},x-team=agents`;
const otlpTracesHeaders = `x-traces-key=${encodeURIComponent(tracesHeaders.value)}`;
const otlpMetricsHeaders = `x-api-key=${encodeURIComponent(metricsHeaders.value)}`;

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
  CLAUDE_POLL_INTERVAL: '20ms',
  OPENROUTER_POLL_INTERVAL: '20ms',
  ANTHROPIC_USAGE_POLL_INTERVAL: '20ms',
  ANTHROPIC_COST_POLL_INTERVAL: '20ms',
  ANTHROPIC_SLOW_POLL_INTERVAL: '20ms',
  OTEL_METRIC_EXPORT_INTERVAL: '100',
};

async function startWorld({ onTestFinished }: TestContext): Promise<EchoingWorld> {
  const world = await startEchoingWorld(setCookies);
  onTestFinished(() => world.stop());
  return world;
}

function upstreamsOf({ claude, openRouter, admin }: EchoingWorld): Record<string, string> {
  return { CLAUDE_AI_BASE_URL: claude.url, OPENROUTER_ACCOUNT_BASE_URL: openRouter.url, ANTHROPIC_ADMIN_BASE_URL: admin.url };
}

/** Lets the agent go on until every fault has been met, then stops it; all that it wrote. */
async function untilAllFaults(world: EchoingWorld, { child, ended }: RunningCli): Promise<string> {
  const all = upstreamFaults * 2;
  await Promise.race([Promise.all([world.claude, world.openRouter, world.admin].map((upstream) => upstream.answered(all))), ended]);
  child.kill('SIGTERM');
  const { stdout, stderr } = await ended;
  return stdout + stderr;
}

/** What reached peers that had no business with it. */
function strayed(world: EchoingWorld): Leak[] {
  const received = ({ requests }: EchoingWorld['claude']): string => JSON.stringify(requests);
  const without = (...own: readonly Canary[]): Canary[] => canaries.filter((secret) => !own.includes(secret));
  const bodies = world.httpCollector.requests.map(({ path, body }) => path + body).join('\n');
  return [
    ...scan(received(world.claude), without(session, clearance)),
    ...scan(received(world.openRouter), without(openRouterKey)),
    ...scan(received(world.admin), without(adminKey)),
    ...scan(received(world.elsewhere), canaries),
    ...scan(world.metadata() + received(world.httpCollector), without(headers, metricsHeaders, tracesHeaders)),
    ...scan(world.exported() + bodies, canaries),
  ];
}

describe.concurrent('no secret leaves the agent by any way but its own', { timeout: 60_000 }, () => {
  test('run, cookies from the cookie service and keys from the environment, over gRPC, everything logged', async (context) => {
    const world = await startWorld(context);
    const output = await untilAllFaults(
      world,
      startCli(['run'], {
        ...upstreamsOf(world),
        ...fast,
        ...loud,
        COOKIEJAR_URL: world.cookiejarUrl,
        OPENROUTER_API_KEY: openRouterKey.value,
        ANTHROPIC_ADMIN_API_KEY: adminKey.value,
        OTEL_EXPORTER_OTLP_ENDPOINT: world.grpcCollectorUrl,
        OTEL_EXPORTER_OTLP_HEADERS: otlpHeaders,
        OTEL_EXPORTER_OTLP_METRICS_HEADERS: otlpMetricsHeaders,
        OTEL_EXPORTER_OTLP_TRACES_HEADERS: otlpTracesHeaders,
        OTEL_TRACES_EXPORTER: 'otlp,console',
      }),
    );
    // What is not sent cannot leak: the secrets did travel where they belong, and the echoes did come back.
    expect(scan(JSON.stringify(world.claude.requests), [session, clearance])).toHaveLength(2);
    expect(scan(JSON.stringify(world.openRouter.requests), [openRouterKey])).toHaveLength(1);
    expect(scan(JSON.stringify(world.admin.requests), [adminKey])).toHaveLength(1);
    expect(scan(world.metadata(), [headers, metricsHeaders])).toHaveLength(2);
    expect(output).toContain('[redacted]');
    expect(output).toContain('GET /api/organizations/{organization}/usage');
    expect(world.exported()).toContain('redacted');
    expect(scan(output, canaries)).toEqual([]);
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
        CLAUDE_COOKIE_FILE: secretFile('cookie', cookieHeader),
        OPENROUTER_API_KEY_FILE: secretFile('key', openRouterKey.value),
        ANTHROPIC_ADMIN_API_KEY_FILE: secretFile('admin-key', adminKey.value),
        OTEL_EXPORTER_OTLP_ENDPOINT: world.httpCollector.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
        OTEL_EXPORTER_OTLP_HEADERS_FILE: secretFile('headers', otlpHeaders),
        OTEL_EXPORTER_OTLP_METRICS_HEADERS_FILE: secretFile('metrics-headers', otlpMetricsHeaders),
        OTEL_EXPORTER_OTLP_TRACES_HEADERS_FILE: secretFile('traces-headers', otlpTracesHeaders),
        OTEL_TRACES_EXPORTER: 'otlp',
        OTEL_BSP_SCHEDULE_DELAY: '100',
      }),
    );
    const ofTraces = world.httpCollector.requests.filter(({ path }) => path === '/v1/traces');
    const others = world.httpCollector.requests.filter((request) => !ofTraces.includes(request));
    expect(scan(JSON.stringify(others), [headers, metricsHeaders])).toHaveLength(2);
    expect(scan(JSON.stringify(ofTraces), [headers, tracesHeaders])).toHaveLength(2);
    // Each signal has its own headers alone.
    expect(scan(JSON.stringify(others), [tracesHeaders])).toEqual([]);
    expect(scan(JSON.stringify(ofTraces), [metricsHeaders])).toEqual([]);
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
      OTEL_EXPORTER_OTLP_HEADERS: otlpHeaders,
    };
    const first = await runCli(['check'], environment);
    const second = await runCli(['check', '--json'], environment);
    expect(second.stdout).toContain('credential_expired');
    for (const { code, stdout, stderr } of [first, second]) {
      expect([3, 4]).toContain(code);
      expect(stdout).toContain('[redacted]');
      expect(scan(stdout + stderr, canaries)).toEqual([]);
    }
    expect(strayed(world)).toEqual([]);
  });

  test('wrong settings with secrets in them', async () => {
    const { code, stdout, stderr } = await runCli(['once'], {
      COOKIEJAR_URL: `http://user:${encodeURIComponent(session.value)}@host`,
      CLAUDE_SESSION_KEY_FILE: session.value,
      CLAUDE_COOKIE: `${cookieHeader}\u0007`,
      CLAUDE_POLL_INTERVAL: session.value,
      CLAUDE_AI_BASE_URL: `https://claude.ai/?key=${session.value}`,
      ACCOUNT_NAME: `${clearance.value}\u0007`,
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

describe.concurrent('the search finds what leaks', { timeout: 60_000 }, () => {
  test('plain, cut in half, escaped, in other letters, in base64 and in hex', () => {
    const { value } = session;
    const hidden: readonly (readonly [Leak['form'], string])[] = [
      ['plain', `x${value}x`],
      ['plain', value.slice(0, -16)],
      ['plain', value.slice(-16)],
      ['plain', JSON.stringify({ a: JSON.stringify(value) })],
      ['plain', encodeURIComponent(value)],
      ['plain', value.toUpperCase().replace(/[^A-Z0-9]+/g, '_')],
      ['base64', `x ${Buffer.from(value).toString('base64')} x`],
      ['base64', Buffer.from(`user:${value}`).toString('base64url')],
      ['base64', `{"a":"${Buffer.from(`ab${value}`).toString('base64')}"}`],
      ['hex', `<Buffer ${Buffer.from(value).toString('hex')}>`],
    ];
    for (const [form, text] of hidden) {
      expect(scan(text, canaries).map((leak) => [leak.secret, leak.form]), text).toEqual([[session.name, form]]);
    }
    expect(scan('nothing here, and 0123456789abcdef0123456789abcdef either', canaries)).toEqual([]);
  });

  test('in a build that leaks on purpose', async (context) => {
    const world = await startWorld(context);
    const root = fileURLToPath(new URL('..', import.meta.url));
    const build = join(directory, 'leaky');
    for (const part of ['src', 'proto', 'package.json']) cpSync(join(root, part), join(build, part), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(build, 'node_modules'), 'junction');
    const patch = (path: string, from: RegExp, to: string): void => {
      const file = join(build, path);
      const before = readFileSync(file, 'utf8');
      writeFileSync(file, before.replace(from, to));
      expect(readFileSync(file, 'utf8'), path).not.toBe(before);
    };
    patch('src/model/redaction.ts', /let clean = text;/, 'let clean = text; if (clean !== "") return clean;');
    patch('src/sources/openrouter/client.ts', /(const url = )/, 'process.stderr.write(Buffer.from(this.#apiKey.reveal()).toString("base64") + "\\n"); $1');

    const env = {
      ...upstreamsOf(world),
      CLAUDE_COOKIE: cookieHeader,
      CLAUDE_ORGANIZATION_ID: 'org',
      OPENROUTER_API_KEY: openRouterKey.value,
      OTEL_EXPORTER_OTLP_ENDPOINT: world.grpcCollectorUrl,
      OTEL_EXPORTER_OTLP_HEADERS: otlpHeaders,
    };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [join(build, 'src/main.ts'), 'once'], {
      cwd: directory,
      env,
    }).catch((error: unknown) => error as { stdout: string; stderr: string });
    const found = scan(stdout + stderr, canaries).map(({ secret, form }) => `${secret} ${form}`);
    expect(found).toEqual(expect.arrayContaining([`${openRouterKey.name} base64`, `${headers.name} plain`]));
  });
});
