import { status } from '@grpc/grpc-js';
import { afterEach, expect, test } from 'vitest';
import { type SeenRequest, startUpstream } from '../../src/demo/http-server.ts';
import type { ReceivedRequest } from '../../src/demo/otlp-messages.ts';
import type { Answer } from '../../src/demo/receiver.ts';
import { systemClock } from '../../src/model/clock.ts';
import { remedyOf } from '../../src/model/remedies.ts';
import { runCli } from '../support/cli.ts';
import { startOrganization } from '../support/organization.ts';
import { startSimulated } from '../support/simulated.ts';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

async function simulated(answer?: () => Answer) {
  const calls: (readonly ReceivedRequest[])[] = [];
  const all = await startSimulated({ receiver: { onRequest: (requests) => calls.push(requests), ...(answer && { answer }) } });
  stops.push(() => all.stop());
  return { ...all, calls };
}

test('check says of everything that works how it is reached, and leaves nothing at the backend', async () => {
  const { settings, calls } = await simulated();
  const { code, stdout, stderr } = await runCli(['check'], settings);
  const lines = stdout.split('\n');

  expect(code).toBe(0);
  expect(stderr).toBe('');
  expect(calls).toEqual([[]]);
  expect(lines[0]).toBe('settings: ok');
  expect(stdout).toMatch(/^claude-ai: up, read in \d+/m);
  expect(lines).toContain(`claude-ai origin: cookies from cookiejar-reader at ${String(settings['COOKIEJAR_URL'])} (no TLS)`);
  expect(lines).toContain(`claude-ai origin: asked at ${String(settings['CLAUDE_AI_BASE_URL'])} instead of https://claude.ai`);
  expect(stdout).toMatch(/^claude-ai five_hour: \d+ % used, resets in .+ of its time gone/m);
  expect(stdout).toMatch(/^openrouter credits: \$[\d.]+ left of \$/m);
  const endpoint = String(settings['OTEL_EXPORTER_OTLP_ENDPOINT']);
  expect(stdout).toMatch(new RegExp(`^otlp: up, ${endpoint}, grpc, no TLS, an empty request was acknowledged in`, 'm'));
  expect(lines.at(-2)).toBe('result: exit code 0');
});

test('check names the reason and the remedy of a source that fails, and shows the others', async () => {
  const { settings, world } = await simulated();
  world.setFault('claude-ai', 'challenged');
  const { code, stdout } = await runCli(['check'], settings);

  expect(code).toBe(3);
  expect(stdout).toContain('\nclaude-ai: down\n');
  expect(stdout).toMatch(/^claude-ai failure: challenged: claude\.ai \/api\/organizations answered 403/m);
  expect(stdout).toContain(`\nclaude-ai remedy: ${remedyOf('challenged', 'claude-ai')}\n`);
  expect(stdout).toMatch(/^openrouter: up/m);
  expect(stdout).toMatch(/^otlp: up/m);
});

test('check exits 4 when the endpoint takes no metrics, also when a source fails, and says what to do', async () => {
  const { settings, world } = await simulated(() => ({ kind: 'refuse', code: status.UNIMPLEMENTED }));
  world.setFault('openrouter', 'failing');
  const { code, stdout } = await runCli(['check'], settings);

  expect(code).toBe(4);
  expect(stdout).toMatch(/^openrouter failure: upstream: openrouter\.ai \/key answered 500/m);
  expect(stdout).toMatch(/^otlp: down, /m);
  expect(stdout).toMatch(/^otlp failure: .*UNIMPLEMENTED.*takes no metrics/m);
  expect(stdout).toMatch(/^otlp remedy: .*OTEL_EXPORTER_OTLP_/m);
  expect(stdout).toContain('\nresult: exit code 4\n');
});

test('check tries an HTTP endpoint with an empty body and the headers of the settings', async () => {
  const { settings } = await simulated();
  const seen: SeenRequest[] = [];
  const collector = await startUpstream((request) => {
    seen.push(request);
    return { status: 200, body: Buffer.alloc(0), headers: { 'content-type': 'application/x-protobuf' } };
  });
  stops.push(() => collector.stop());
  const { code, stdout } = await runCli(['check'], {
    ...settings,
    OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/otlp`,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-api-key=otlp-fake-key',
  });

  expect(code).toBe(0);
  expect(stdout).toContain(`otlp: up, ${collector.url}/otlp/v1/metrics, http/protobuf, no TLS`);
  expect(seen).toHaveLength(1);
  expect(seen[0]).toMatchObject({ method: 'POST', path: '/otlp/v1/metrics' });
  expect(seen[0]?.headers).toMatchObject({ 'content-length': '0', 'x-api-key': 'otlp-fake-key' });
});

test('check tries the endpoint of traces too, where there are any, and a failure costs no exit code', async () => {
  const { settings } = await simulated();
  const paths: string[] = [];
  const collector = await startUpstream(({ path, headers }) => {
    paths.push(`${path} ${String(headers['content-length'])} ${String(headers['x-token'])}`);
    return { status: path === '/v1/traces' ? 200 : 404, body: Buffer.alloc(0), headers: { 'content-type': 'application/x-protobuf' } };
  });
  stops.push(() => collector.stop());
  const traces = { OTEL_TRACES_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-token=fake' };
  const [taken, notThere, notTaken] = await Promise.all(
    [`${collector.url}/v1/traces`, `${collector.url}/elsewhere`, undefined].map((endpoint) =>
      runCli(['check'], { ...settings, ...traces, ...(endpoint !== undefined && { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: endpoint }) }),
    ),
  );
  expect([taken?.code, notThere?.code, notTaken?.code]).toEqual([0, 0, 0]);
  expect(taken?.stdout).toMatch(new RegExp(`^traces: up, ${collector.url}/v1/traces, http/protobuf, no TLS, an empty request was acknowledged in`, 'm'));
  expect(paths.sort()).toEqual(['/elsewhere 0 fake', '/v1/traces 0 fake']);
  expect(notThere?.stdout).toMatch(/^traces failure: .*it takes no traces at this path/m);
  // The general endpoint takes metrics alone.
  expect(notTaken?.stdout).toMatch(/^otlp: up, [^]*^traces: down, .* an empty request was not acknowledged\n^traces failure: .*UNIMPLEMENTED.*it takes no traces/m);
  expect(notTaken?.stdout).toMatch(/^traces remedy: .*OTEL_TRACES_EXPORTER=none/m);
});

test('check ends by its --timeout when source and endpoint hang, and says so of both', async () => {
  const { settings } = await simulated(() => ({ kind: 'hang' }));
  const silent = await startUpstream(() => () => undefined);
  stops.push(() => silent.stop());
  const startedMs = performance.now();
  const { code, stdout } = await runCli(['check', '--timeout', '2s'], { ...settings, CLAUDE_AI_BASE_URL: silent.url });

  expect(performance.now() - startedMs).toBeLessThan(2 * 2_000 + 2_000);
  expect(code).toBe(4);
  expect(stdout).toMatch(/^claude-ai failure: timeout: /m);
  expect(stdout).toMatch(/^otlp failure: .*did not answer within 2 s/m);
});

test('check tells what a vendor withholds by design, without counting it as a failure', async () => {
  const { settings } = await simulated();
  const openRouter = await startUpstream(({ path }) =>
    path === '/key'
      ? { status: 200, body: { data: { usage: 1, usage_daily: 1, usage_weekly: 1, usage_monthly: 1, is_management_key: false } } }
      : { status: 403, body: { error: { code: 403, message: 'not a management key' } } },
  );
  stops.push(() => openRouter.stop());
  const { code, stdout } = await runCli(['check'], { ...settings, OPENROUTER_ACCOUNT_BASE_URL: openRouter.url });

  expect(code).toBe(0);
  expect(stdout).toMatch(/^openrouter notice: OpenRouter withholds the account’s credits/m);
});

const refused = { status: 403, body: { type: 'error', error: { type: 'permission_error', message: 'no' } } };

test('check tells what the Admin key may not read, and fails only where it may read nothing', async () => {
  const { settings } = await simulated();
  const organization = await startOrganization(systemClock);
  stops.push(() => organization.stop());
  const environment = { ...organization.settings, OTEL_EXPORTER_OTLP_ENDPOINT: String(settings['OTEL_EXPORTER_OTLP_ENDPOINT']) };

  organization.fault = (path) => (path.startsWith('usage_report/messages') || path === 'cost_report' ? undefined : refused);
  const few = await runCli(['check'], environment);
  expect(few.code).toBe(0);
  const notices = few.stdout.split('\n').filter((line) => line.includes(' notice: this key may not '));
  expect(notices.map((line) => line.split(' notice')[0])).toEqual([
    'anthropic-names', 'anthropic-names', 'anthropic-names', 'anthropic-analytics', 'anthropic-claude-code', 'anthropic-limits', 'anthropic-limits',
  ]);

  organization.fault = () => refused;
  const none = await runCli(['check'], environment);
  expect(none.code).toBe(3);
  expect(none.stdout).toContain('\nanthropic-usage: down\nanthropic-usage origin: ');
  expect(none.stdout).toContain('anthropic-usage failure: forbidden: this key may read neither the usage nor the cost of the organization\n');
  expect(none.stdout).toMatch(/^anthropic-usage remedy: Use an Admin API key/m);
  expect(none.stdout).not.toContain('CLAUDE_ORGANIZATION_ID');
});

test('check says every wrong setting at once, exits 2 and tries nothing', async () => {
  const { settings, calls } = await simulated();
  const environment = { ...settings, ACCOUNT_NAME: 'x'.repeat(65), LOG_LEVEL: 'loud' };
  const { code, stdout, stderr } = await runCli(['check'], environment);

  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr.trim().split('\n')).toEqual([expect.stringContaining('ACCOUNT_NAME'), expect.stringContaining('LOG_LEVEL')]);
  expect(calls).toEqual([]);
});

test('check warns of what is set without effect', async () => {
  const { settings } = await simulated();
  const { code, stdout } = await runCli(['check'], { ...settings, OTEL_NOT_A_VARIABLE: '1', OTEL_METRICS_EXPORTER: 'none' });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^warning: .*OTEL_NOT_A_VARIABLE/m);
  expect(stdout).toMatch(/^warning: .*no OTLP endpoint was tried/m);
});

test('check --json has one shape, whether all is well, something fails, or settings are wrong', async () => {
  const { settings, world } = await simulated();
  const well = JSON.parse((await runCli(['check', '--json'], settings)).stdout) as Record<string, unknown>;
  world.setFault('openrouter', 'rate_limited');
  const failing = JSON.parse((await runCli(['check', '--json'], settings)).stdout) as Record<string, unknown>;
  const wrong = JSON.parse((await runCli(['check', '--json'], { CLAUDE_POLL_INTERVAL: 'soon' })).stdout) as Record<string, unknown>;

  const names = ['command', 'exitCode', 'at', 'problems', 'warnings', 'sources', 'delivery', 'traces'];
  for (const report of [well, failing, wrong]) expect(Object.keys(report)).toEqual(names);
  expect(well).toMatchObject({ exitCode: 0, delivery: { ok: true, protocol: 'grpc', tls: false } });
  expect(well['sources']).toMatchObject([
    { source: 'claude-ai', account: 'default', up: true, failures: [] },
    { source: 'openrouter', up: true },
  ]);
  expect(failing).toMatchObject({ exitCode: 3 });
  expect(failing['sources']).toMatchObject([{ up: true }, { up: false, failures: [{ reason: 'rate_limited' }], points: [] }]);
  expect(wrong).toMatchObject({ exitCode: 2, sources: [], delivery: null, problems: [expect.stringContaining('CLAUDE_POLL_INTERVAL')] });
});

test('no secret stands in what check prints, whether it works or not', async () => {
  const { settings, world } = await simulated(() => ({ kind: 'refuse', code: status.UNAUTHENTICATED }));
  const canaries = { OPENROUTER_API_KEY: 'sk-or-v1-canary-fake', OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer otlp-canary-fake' };
  const session = world.acceptedSession;
  for (const flags of [[], ['--json'], ['--log-level', 'debug']]) {
    const { stdout, stderr } = await runCli(['check', ...flags], { ...settings, ...canaries });
    for (const secret of [session, 'canary-fake', 'never-sent-on']) expect(stdout + stderr).not.toContain(secret);
  }
});

test('a token in the query of the endpoint is not printed', async () => {
  const { settings } = await simulated();
  const endpoint = { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://127.0.0.1:1/v1/metrics?token=query-canary-fake' };
  const { code, stdout, stderr } = await runCli(['check'], { ...settings, ...endpoint, OTEL_EXPORTER_OTLP_TIMEOUT: '500' });
  expect(code).toBe(4);
  expect(stdout).toContain('otlp: down, http://127.0.0.1:1/v1/metrics, http/protobuf');
  expect(stdout + stderr).not.toContain('canary-fake');
});
