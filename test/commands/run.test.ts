import { afterEach, expect, test, vi } from 'vitest';
import { type HttpAnswer, startUpstream } from '../../src/demo/http-server.ts';
import type { ReceivedPoint } from '../../src/demo/otlp-messages.ts';
import { type Answer, startReceiver } from '../../src/demo/receiver.ts';
import { logLines, startCli } from '../support/cli.ts';
import { said } from '../support/output.ts';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

const usage: HttpAnswer = { status: 200, body: { five_hour: { utilization: 42, resets_at: null } } };

/** A running agent between a simulated claude.ai and a receiver. */
async function startRun(claude: HttpAnswer, answer: () => Answer, more: Readonly<Record<string, string>> = {}) {
  const upstream = await startUpstream(() => claude);
  const pushes: ReceivedPoint[][] = [];
  const receiver = await startReceiver({
    answer,
    onRequest: (requests) => pushes.push(requests.flatMap(({ points }) => points)),
  });
  const run = startCli(['run'], {
    CLAUDE_SESSION_KEY: 'sk-ant-sid01-fake',
    CLAUDE_ORGANIZATION_ID: '00000000-0000-4000-8000-00000000000a',
    CLAUDE_AI_BASE_URL: upstream.url,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${receiver.port}`,
    ...more,
  });
  stops.push(() => run.child.kill('SIGKILL'), () => upstream.stop(), () => receiver.stop());
  return { run, pushes, upstream };
}

test('run pushes once more after SIGTERM and exits 0 when that was acknowledged', async () => {
  const { run, pushes } = await startRun(usage, () => ({ kind: 'acknowledge' }));
  await said(run, 'stderr', 'acknowledges all points');
  run.child.kill('SIGTERM');
  const result = await run.ended;

  expect(result.code).toBe(0);
  expect(pushes).toHaveLength(2);
  for (const points of pushes) {
    expect(points.find(({ metric }) => metric === 'claude.usage.utilization')?.value).toBe(0.42);
  }
  expect(logLines(result).at(-1)).toMatchObject({ level: 'info', signal: 'SIGTERM' });
});

test('run pushes what it knows after SIGTERM while a first read hangs, and does not wait for it', async () => {
  const { run, pushes, upstream } = await startRun(() => undefined, () => ({ kind: 'acknowledge' }));
  await said(run, 'stderr', '"msg":"started"');
  while (upstream.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const startedMs = performance.now();
  run.child.kill('SIGTERM');
  const result = await run.ended;

  expect(result.code).toBe(0);
  expect(performance.now() - startedMs).toBeLessThan(20_000);
  expect(pushes).toHaveLength(1);
  expect(pushes[0]?.map(({ metric }) => metric)).toContain('claude_usage_metrics.build.info');
});

test('run exits 4 within its 10 s after SIGTERM when the backend never answers', { timeout: 40_000 }, async () => {
  const { run, pushes } = await startRun(usage, () => ({ kind: 'hang' }));
  await said(run, 'stderr', 'claude-ai is read');
  const startedMs = performance.now();
  run.child.kill('SIGTERM');
  const result = await run.ended;

  expect(result.code).toBe(4);
  expect(performance.now() - startedMs).toBeLessThan(20_000);
  expect(pushes.length).toBeGreaterThan(0);
  expect(logLines(result).at(-1)).toMatchObject({ level: 'error', msg: 'the last push was not acknowledged' });
});

test('run exits at once on a second signal', async () => {
  const { run } = await startRun(usage, () => ({ kind: 'hang' }));
  await said(run, 'stderr', 'claude-ai is read');
  const stopping = said(run, 'stderr', 'one last push');
  run.child.kill('SIGTERM');
  await stopping;
  run.child.kill('SIGINT');
  const result = await run.ended;

  expect(result.code).toBe(4);
  expect(logLines(result).map(({ msg }) => msg)).not.toContain('the last push was not acknowledged');
});

test('who reads stdout or stderr no more keeps run neither from pushing nor from leaving', { timeout: 40_000 }, async () => {
  const more = { OTEL_METRICS_EXPORTER: 'otlp,console', OTEL_METRIC_EXPORT_INTERVAL: '50', LOG_LEVEL: 'debug' };
  const { run, pushes } = await startRun(usage, () => ({ kind: 'acknowledge' }), more);
  await said(run, 'stderr', 'acknowledges all points');
  run.child.stdout?.pause();
  run.child.stderr?.pause();
  const known = pushes.length;
  // More than a pipe and what Node reads ahead of it hold.
  await vi.waitUntil(() => pushes.length > known + 60, { timeout: 30_000 });
  const startedMs = performance.now();
  run.child.kill('SIGTERM');
  const code = await new Promise((resolve) => run.child.once('exit', resolve));
  expect(code).toBe(0);
  expect(performance.now() - startedMs).toBeLessThan(20_000);
});
