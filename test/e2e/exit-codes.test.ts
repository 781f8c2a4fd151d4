import { Server } from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';
import { startCookiejar } from '../../src/demo/cookiejar.ts';
import { startUpstream } from '../../src/demo/http-server.ts';
import { listen } from '../../src/demo/receiver.ts';
import { version } from '../../src/version.ts';
import { runCli } from '../support/cli.ts';
import { instantsFrom, startAccount } from './support/account.ts';
import { startCollector } from './support/collector.ts';
import { agentPoints, claudePoints } from './support/expected.ts';
import { closedPort, startBrokenServer, startHungServer } from './support/peers.ts';
import { expectPoints } from './support/points.ts';

/** A gRPC server without the metrics service, as a backend for traces is. */
async function startServerWithoutMetrics(): Promise<number> {
  const server = new Server();
  onTestFinished(() => server.forceShutdown());
  return listen(server, 0);
}

async function timed<T>(work: Promise<T>): Promise<{ result: T; tookMs: number }> {
  const startedMs = performance.now();
  const result = await work;
  return { result, tookMs: performance.now() - startedMs };
}

test('2: nothing is configured, and every way out is named', async () => {
  const result = await runCli(['once'], {});

  expect(result.code).toBe(2);
  expect(result.stdout).toBe('');
  for (const name of ['COOKIEJAR_URL', 'CLAUDE_SESSION_KEY', 'CLAUDE_COOKIE', 'OPENROUTER_API_KEY', 'claude-usage-metrics demo']) {
    expect(result.stderr).toContain(name);
  }
});

test('2: wrong settings are said all at once, in a line each, and nothing is read', async () => {
  const account = await startAccount();

  const result = await runCli(['once'], {
    ...account.environment,
    CLAUDE_POLL_INTERVAL: 'soon',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/xml',
    OTEL_METRIC_EXPORT_INTERVAL: '-1',
  });

  expect(result.code).toBe(2);
  expect(result.stderr.trimEnd().split('\n').sort()).toEqual([
    expect.stringContaining('CLAUDE_POLL_INTERVAL'),
    expect.stringContaining('OTEL_EXPORTER_OTLP_PROTOCOL'),
    expect.stringContaining('OTEL_METRIC_EXPORT_INTERVAL'),
  ]);
  expect(account.cookiejar.calls + account.claude.requests.length + account.openRouter.requests.length).toBe(0);
});

test('2: a flag that does not exist', async () => {
  expect(await runCli(['once', '--no-such-flag'], {})).toMatchObject({ code: 2, stdout: '' });
});

test('3: a source fails, and the Collector gets that and every point of the other', async () => {
  const instants = instantsFrom(Date.now());
  const account = await startAccount(instants);
  account.key = { status: 500, body: { error: { code: 500, message: 'no' } } };
  const collector = await startCollector();

  const result = await runCli(['once', '--timeout', '20s'], {
    ...account.environment,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.grpcPort}`,
  });
  await collector.stop();

  expect(result.code).toBe(3);
  const [request] = collector.requests();
  const timeMs = request?.points[0]?.timeMs ?? 0;
  const reads = [
    { source: 'claude-ai', outcome: 'success', requests: { 200: 2 } },
    { source: 'openrouter', outcome: 'upstream', requests: { 500: 1 } },
  ];
  expectPoints(request?.points ?? [], timeMs, [...claudePoints(instants, timeMs), ...agentPoints(version, reads, timeMs)]);
});

test('4: nothing listens where the Collector should be', async () => {
  const account = await startAccount();
  const port = await closedPort();

  const { result, tookMs } = await timed(
    runCli(['once', '--timeout', '5s'], { ...account.environment, OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` }),
  );

  expect(result.code).toBe(4);
  expect(result.stderr).toContain(`http://127.0.0.1:${port}`);
  expect(tookMs).toBeLessThan(10_000);
});

test('0: the Collector comes up while once tries to deliver', async () => {
  const account = await startAccount();
  const broken = await startBrokenServer();

  const running = runCli(['once', '--timeout', '20s'], {
    ...account.environment,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${broken.port}`,
  });
  await broken.gone;
  const collector = await startCollector({ grpcPort: broken.port });
  const result = await running;
  await collector.stop();

  expect(result.stderr).not.toContain('"level":"error"');
  expect(result.code).toBe(0);
  expect(collector.requests()).toHaveLength(1);
});

test.each([
  { over: 'OTLP/gRPC', protocol: 'grpc' },
  { over: 'OTLP/HTTP', protocol: 'http/protobuf' },
])('4: the Collector accepts and never answers over $over', async ({ protocol }) => {
  const account = await startAccount();
  const { port } = await startHungServer();

  const { result, tookMs } = await timed(
    runCli(['once', '--timeout', '4s'], {
      ...account.environment,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    }),
  );

  expect(result.code).toBe(4);
  expect(result.stderr).toContain(`http://127.0.0.1:${port}`);
  expect(tookMs).toBeLessThan(8_000);
});

test('4: the backend has no metrics service, which is said with what to put in between', async () => {
  const account = await startAccount();
  const port = await startServerWithoutMetrics();

  const result = await runCli(['once'], {
    ...account.environment,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
  });

  expect(result.code).toBe(4);
  expect(result.stderr).toMatch(/UNIMPLEMENTED.*put an OpenTelemetry Collector in between/);
});

test('4: the path has no metrics over OTLP/HTTP', async () => {
  const account = await startAccount();
  const collector = await startCollector();

  const result = await runCli(['once'], {
    ...account.environment,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.httpPort}/elsewhere`,
  });

  expect(result.code).toBe(4);
  expect(result.stderr).toMatch(/answered 404.*no metrics at this path/);
});

test('4 wins over 3: a source fails and nothing is delivered', async () => {
  const account = await startAccount();
  account.usage = { status: 401, body: { error: { type: 'authentication_error' } } };
  const port = await startServerWithoutMetrics();

  const result = await runCli(['once'], {
    ...account.environment,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
  });

  expect(result.code).toBe(4);
  expect(result.stderr).toContain('"reason":"credential_expired"');
});

test('once ends in its time when the cookie service, OpenRouter and the Collector all hang', async () => {
  const cookiejar = await startCookiejar(() => ({ kind: 'hang' }));
  const openRouter = await startUpstream(() => () => undefined);
  onTestFinished(async () => {
    cookiejar.stop();
    await openRouter.stop();
  });
  const { port } = await startHungServer();

  const { result, tookMs } = await timed(
    runCli(['once', '--timeout', '4s'], {
      COOKIEJAR_URL: `http://127.0.0.1:${cookiejar.port}`,
      OPENROUTER_API_KEY: 'sk-or-v1-fake',
      OPENROUTER_ACCOUNT_BASE_URL: openRouter.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    }),
  );

  expect(result.code).toBe(4);
  expect(result.stderr.match(/"reason":"timeout"/g)).toHaveLength(2);
  expect(tookMs).toBeLessThan(8_000);
});

test('3: a source that hangs is reported as failed to a Collector that is there', async () => {
  const account = await startAccount();
  account.usage = () => undefined;
  const collector = await startCollector();

  const { result, tookMs } = await timed(
    runCli(['once', '--timeout', '4s'], {
      ...account.environment,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.grpcPort}`,
    }),
  );
  await collector.stop();

  expect(result.code).toBe(3);
  expect(tookMs).toBeLessThan(8_000);
  const points = collector.requests().flatMap((request) => request.points);
  expect(points).toContainEqual(upOf('claude-ai', '0'));
  expect(points).toContainEqual(upOf('openrouter', '1'));
  expect(points.filter(({ metric }) => metric.startsWith('claude.'))).toEqual([]);
});

function upOf(source: string, asInt: string): unknown {
  const up = { metric: 'claude_usage_metrics.source.up', attributes: { account: 'default', source }, value: { asInt } };
  return expect.objectContaining(up);
}
