import { afterEach, expect, test } from 'vitest';
import { startCookiejar } from '../src/demo/cookiejar.ts';
import { startUpstream } from '../src/demo/http-server.ts';
import type { ReceivedPoint, ReceivedRequest } from '../src/demo/otlp-messages.ts';
import { startReceiver } from '../src/demo/receiver.ts';
import { runCli } from './support/cli.ts';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

test('once reads claude.ai with cookies from the cookie service and pushes true numbers over OTLP/gRPC', async () => {
  const reset = new Date(Date.now() + 90 * 60_000);
  const cookiejar = await startCookiejar(() => ({
    kind: 'cookies',
    text: 'sessionKey=sk-ant-sid01-fake; Path=/; Domain=.claude.ai; HttpOnly; Secure; _ga=never-sent-on; Path=/',
  }));
  const claude = await startUpstream(({ path }) =>
    path === '/api/organizations'
      ? { status: 200, body: [{ uuid: 'api-only', capabilities: ['api'] }, { uuid: 'org-1', capabilities: ['chat'] }] }
      : { status: 200, body: { limits: [{ kind: 'session', percent: 42, resets_at: reset.toISOString() }] } },
  );
  const requests: ReceivedRequest[] = [];
  const receiver = await startReceiver({ onRequest: (received) => requests.push(...received) });
  stops.push(() => cookiejar.stop(), () => claude.stop(), () => receiver.stop());

  const result = await runCli(['once'], {
    COOKIEJAR_URL: `http://127.0.0.1:${cookiejar.port}`,
    CLAUDE_AI_BASE_URL: claude.url,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${receiver.port}`,
  });

  expect(result.stderr).not.toContain('"level":"error"');
  expect(result.code).toBe(0);
  expect(cookiejar.hosts).toEqual(['.claude.ai']);
  expect(claude.requests.map(({ path }) => path)).toEqual(['/api/organizations', '/api/organizations/org-1/usage']);
  expect(claude.requests.map(({ headers }) => headers.cookie)).toEqual(Array(2).fill('sessionKey=sk-ant-sid01-fake'));

  expect(requests).toHaveLength(1);
  const points = requests.flatMap((request) => request.points);
  const window = { account: 'default', metric_name: 'five_hour' };
  expect(point(points, 'claude.usage.utilization')).toMatchObject({ attributes: window, value: 0.42, kind: 'gauge', unit: '1' });
  const countdown = point(points, 'claude.usage.seconds_to_reset');
  const pushedAtMs = Number(countdown.timeUnixNano / 1_000_000n);
  expect(countdown.value).toBe(Math.floor((reset.getTime() - pushedAtMs) / 1000));
  expect(point(points, 'claude_usage_metrics.source.up')).toMatchObject({ value: 1 });
});

function point(points: readonly ReceivedPoint[], metric: string): ReceivedPoint {
  const found = points.filter((candidate) => candidate.metric === metric);
  expect(found, metric).toHaveLength(1);
  return found[0] as ReceivedPoint;
}
