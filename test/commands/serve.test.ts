import { status } from '@grpc/grpc-js';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { type Answer, startReceiver } from '../../src/demo/receiver.ts';
import { type HttpAnswer, startUpstream } from '../../src/demo/http-server.ts';
import { ask } from '../support/ask.ts';
import { cleanup } from '../support/cleanup.ts';
import { type RunningCli, logLines, startCli } from '../support/cli.ts';
import { parseExposition } from '../support/exposition.ts';
import { statusDetails, statusWithRetryInfo } from '../support/google-rpc.ts';
import { said } from '../support/output.ts';

const after = cleanup();

interface Setting {
  /** What claude.ai answers. */
  claude: HttpAnswer;
  /** Whether a push is acknowledged; or it asks to be left alone for half an hour. */
  delivers: boolean | 'later';
}

const later: Answer = { kind: 'refuse', code: status.UNAVAILABLE, metadata: statusDetails(statusWithRetryInfo({ seconds: 1_800 })) };

/** A running agent between a simulated claude.ai and a receiver. */
async function startRun(settings: Readonly<Record<string, string>>, command = ['run']) {
  const world: Setting & { pushes: number; reads: number } = {
    claude: { status: 200, body: { five_hour: { utilization: 42, resets_at: null } } },
    delivers: true,
    pushes: 0,
    reads: 0,
  };
  const upstream = await startUpstream(() => {
    world.reads += 1;
    return world.claude;
  });
  after(() => upstream.stop());
  const receiver = await startReceiver({
    answer: () => (world.delivers === 'later' ? later : world.delivers ? { kind: 'acknowledge' } : { kind: 'refuse', code: status.PERMISSION_DENIED, message: 'no' }),
    onRequest: () => (world.pushes += 1),
  });
  after(() => receiver.stop());
  const run = startCli(command, {
    CLAUDE_SESSION_KEY: 'sk-ant-sid01-fake',
    CLAUDE_ORGANIZATION_ID: '00000000-0000-4000-8000-00000000000a',
    CLAUDE_AI_BASE_URL: upstream.url,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${receiver.port}`,
    ...settings,
  });
  after(() => run.child.kill('SIGKILL'));
  return { run, world };
}

/** Where the agent says that it listens. */
async function addressOf(run: RunningCli): Promise<string> {
  await said(run, 'stderr', '"http":');
  return /"http":"([^"]+)"/.exec(run.stderr)?.[1] ?? '';
}

async function readiness(url: string, wanted: string): Promise<Awaited<ReturnType<typeof ask>>> {
  for (;;) {
    const answer = await ask(`${url}/readyz`);
    if (answer.body.includes(`"status":"${wanted}"`)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const shortCycles = { OTEL_METRIC_EXPORT_INTERVAL: '300', CLAUDE_POLL_INTERVAL: '300ms' };

test('a scrape has the last cycle’s numbers and reads nothing; with prometheus alone nothing is pushed, and the end is 0', async () => {
  const { run, world } = await startRun({ OTEL_METRICS_EXPORTER: 'prometheus' });
  const url = await addressOf(run);
  await readiness(url, 'ready');
  const reads = world.reads;
  const families = parseExposition((await ask(`${url}/metrics`)).body);
  for (let scrape = 0; scrape < 5; scrape++) await ask(`${url}/metrics`);
  run.child.kill('SIGTERM');
  const { code, stderr } = await run.ended;

  expect(families.find(({ name }) => name === 'claude_usage_utilization_ratio')?.series).toEqual([
    { name: 'claude_usage_utilization_ratio', labels: { account: 'default', metric_name: 'five_hour' }, value: 0.42 },
  ]);
  expect([world.reads, world.pushes]).toEqual([reads, 0]);
  expect(code).toBe(0);
  expect(stderr).not.toMatch(/"level":"(warn|error)"/);
});

test('an outage of upstream and backend is told, and fails readiness alone', async () => {
  const { run, world } = await startRun(shortCycles);
  const url = await addressOf(run);
  const ready = await readiness(url, 'ready');
  expect(JSON.parse(ready.body)).toMatchObject({ sources: [{ id: 'claude-ai', account: 'default', up: true, reason: null }] });

  world.claude = { status: 500, body: {} };
  world.delivers = false;
  const failed = await readiness(url, 'not delivered');
  expect(failed.status).toBe(503);
  while (!(await ask(`${url}/readyz`)).body.includes('"reason":"upstream"')) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await ask(`${url}/healthz`)).toMatchObject({ status: 200 });
});

test('metrics that nobody asked for are not there, and the answer says how to have them', async () => {
  const { run } = await startRun({});
  const answer = await ask(`${await addressOf(run)}/metrics`);
  expect(answer).toMatchObject({ status: 404, body: 'Metrics are not scraped here; set OTEL_METRICS_EXPORTER=otlp,prometheus.\n' });
});

test('while the first read hangs the agent is alive, and a scrape says that there is nothing yet', async () => {
  const { run, world } = await startRun({ OTEL_METRICS_EXPORTER: 'prometheus' });
  world.claude = () => undefined;
  const url = await addressOf(run);
  expect(await ask(`${url}/healthz`)).toMatchObject({ status: 200 });
  expect(await ask(`${url}/metrics`)).toMatchObject({ status: 503, body: 'The first cycle has not ended yet.\n' });
  run.child.kill('SIGTERM');
  await said(run, 'stderr', 'one last push');
  // Answered or refused, and the process ends: nothing hangs.
  await ask(`${url}/metrics`).catch(() => undefined);
  expect((await run.ended).code).toBe(0);
});

test('readiness says until when a backend is left alone that asked for it', async () => {
  const { run, world } = await startRun({});
  world.delivers = 'later';
  const url = await addressOf(run);
  const { cycle } = JSON.parse((await readiness(url, 'not delivered')).body) as { readonly cycle: { readonly heldUntil: string } };
  expect(Date.parse(cycle.heldUntil) - Date.now()).toBeGreaterThan(1_700_000);
  expect(await stopped(run)).toMatchObject({ code: 4 });
  expect(world.pushes).toBe(1);
});

test('an agent that was told to do nothing is well', async () => {
  const { run, world } = await startRun({ OTEL_SDK_DISABLED: 'true', OTEL_METRICS_EXPORTER: 'prometheus' });
  const url = await addressOf(run);
  for (const path of ['/healthz', '/readyz']) expect(await ask(url + path)).toMatchObject({ status: 200, body: '{"status":"disabled"}\n' });
  expect(await ask(`${url}/metrics`)).toMatchObject({ status: 404 });
  expect(await stopped(run)).toMatchObject({ code: 0 });
  expect(world.reads).toBe(0);
});

test('a port in use is a warning, and the agent pushes', async () => {
  const other = await occupied();
  const { run } = await startRun({ HTTP_ADDRESS: `127.0.0.1:${other}` });
  await said(run, 'stderr', 'acknowledges all points');
  expect(logLines({ ...(await stopped(run)) }).filter(({ level }) => level === 'warn').map(({ msg }) => msg)).toEqual([
    `HTTP_ADDRESS: cannot listen on 127.0.0.1 port ${other}: the port is in use; there is no status page and no health to ask for. Choose another address, or none`,
  ]);
});

test('a port in use is the end where /metrics was asked for', async () => {
  const other = await occupied();
  const { run, world } = await startRun({ HTTP_ADDRESS: `127.0.0.1:${other}`, OTEL_METRICS_EXPORTER: 'otlp,prometheus' });
  const { code, stderr } = await run.ended;
  expect(code).toBe(2);
  expect(stderr).toBe(
    `HTTP_ADDRESS: cannot listen on 127.0.0.1 port ${other}: the port is in use; choose another address, or leave prometheus out of OTEL_METRICS_EXPORTER\n`,
  );
  expect([world.reads, world.pushes]).toEqual([0, 0]);
});

test.each([
  ['PROMETHEUS_PORT', 'stop the exporter, or choose another PROMETHEUS_PORT'],
  ['OTEL_EXPORTER_PROMETHEUS_PORT', 'choose another address'],
])('in compatibility mode a port in use is called by the setting that was set: %s', async (setting, advice) => {
  const other = await occupied();
  // None: startCli says one of its own else.
  const { run } = await startRun({
    COMPATIBILITY: 'claude-prometheus-exporter',
    HTTP_ADDRESS: '',
    OTEL_EXPORTER_PROMETHEUS_HOST: '127.0.0.1',
    [setting]: String(other),
  });
  const { code, stderr } = await run.ended;
  expect(code).toBe(2);
  expect(stderr).toContain(`${setting}: cannot listen on 127.0.0.1 port ${other}: the port is in use; ${advice}\n`);
});

test('an address beyond this machine is one warning', async () => {
  const { run } = await startRun({ HTTP_ADDRESS: '0.0.0.0:0' });
  const { port } = new URL(await addressOf(run));
  // By a name too, as in a container's network.
  expect(await ask(`http://127.0.0.1:${port}/healthz`, { headers: { host: 'agent:9464' } })).toMatchObject({ status: 200 });
  const warnings = logLines(await stopped(run)).filter(({ level }) => level === 'warn');
  expect(warnings).toMatchObject([{ http: `http://0.0.0.0:${port}`, msg: expect.stringContaining('beyond this machine') as unknown }]);
});

test('without an address nothing listens', async () => {
  const { run } = await startRun({ HTTP_ADDRESS: 'none' });
  await said(run, 'stderr', 'acknowledges all points');
  const { code, stderr } = await stopped(run);
  expect(code).toBe(0);
  expect(stderr).not.toContain('listening');
});

test('once listens nowhere, and says so where its metrics are only scraped', async () => {
  const { run } = await startRun({ OTEL_METRICS_EXPORTER: 'prometheus' }, ['once']);
  const { code, stderr } = await run.ended;
  expect(code).toBe(0);
  expect(stderr).not.toContain('listening');
  expect(stderr).toContain('once listens nowhere, so nobody gets these metrics');
});

/** A port that is taken until the test ends. */
async function occupied(): Promise<number> {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  after(() => new Promise((resolve) => other.close(resolve)));
  return (other.address() as AddressInfo).port;
}

function stopped(run: RunningCli): RunningCli['ended'] {
  run.child.kill('SIGTERM');
  return run.ended;
}
