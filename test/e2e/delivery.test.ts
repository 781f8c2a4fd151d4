import { afterAll, expect, test } from 'vitest';
import { version } from '../../src/version.ts';
import { createAuthority } from '../support/certificates.ts';
import { logLines, runCli } from '../support/cli.ts';
import { instantsFrom, startAccount } from './support/account.ts';
import { type Collector, type CollectorOptions, startCollector } from './support/collector.ts';
import { agentPoints, claudePoints, openRouterPoints } from './support/expected.ts';
import { startRelay } from './support/peers.ts';
import { expectPoints } from './support/points.ts';

const [authority, stranger] = await Promise.all([createAuthority(), createAuthority()]);
afterAll(() => {
  authority.stop();
  stranger.stop();
});
const [server, client] = await Promise.all([authority.issue(), authority.issue()]);

const tls = { cert_file: server.certificateFile, key_file: server.keyFile };
const mutualTls = { ...tls, client_ca_file: authority.certificateFile };
const trust = { OTEL_EXPORTER_OTLP_CERTIFICATE: authority.certificateFile };
const clientFiles = {
  OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: client.certificateFile,
  OTEL_EXPORTER_OTLP_CLIENT_KEY: client.keyFile,
};

interface Way {
  readonly name: string;
  readonly collector?: CollectorOptions;
  readonly settings: (collector: Collector) => Readonly<Record<string, string>>;
}

const ways: readonly Way[] = [
  {
    name: 'OTLP/gRPC with a header that the Collector wants',
    collector: { token: 'fake-token' },
    settings: ({ grpcPort }) => ({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${grpcPort}`,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer fake-token',
    }),
  },
  {
    name: 'OTLP/gRPC over TLS from a private authority, in gzip',
    collector: { tls },
    settings: ({ grpcPort }) => ({
      OTEL_EXPORTER_OTLP_ENDPOINT: `https://127.0.0.1:${grpcPort}`,
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      ...trust,
    }),
  },
  {
    name: 'OTLP/gRPC over TLS with a client certificate',
    collector: { tls: mutualTls },
    settings: ({ grpcPort }) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: `https://127.0.0.1:${grpcPort}`, ...trust, ...clientFiles }),
  },
  {
    name: 'OTLP/HTTP, which an endpoint with a path means',
    collector: { httpPath: '/otlp/v1/metrics' },
    settings: ({ httpPort }) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${httpPort}/otlp` }),
  },
  {
    name: 'OTLP/HTTP, chosen by OTEL_EXPORTER_OTLP_PROTOCOL',
    settings: ({ httpPort }) => ({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${httpPort}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    }),
  },
  {
    name: 'OTLP/HTTP over TLS with a client certificate, by the variables for metrics, which win',
    collector: { tls: mutualTls },
    settings: ({ httpPort }) => ({
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `https://127.0.0.1:${httpPort}/v1/metrics`,
      OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE: authority.certificateFile,
      OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE: client.certificateFile,
      OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY: client.keyFile,
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
      OTEL_EXPORTER_OTLP_CERTIFICATE: stranger.certificateFile,
    }),
  },
];

test.each(ways)('every point reaches the Collector over $name', async ({ collector: options, settings }) => {
  const instants = instantsFrom(Date.now());
  const account = await startAccount(instants);
  const collector = await startCollector(options);
  const startedMs = Date.now();

  const result = await runCli(['once', '--timeout', '20s'], { ...account.environment, ...settings(collector) });
  const endedMs = Date.now();
  await collector.stop();

  expect(result.stderr.trimEnd().split('\n')).toEqual(logLines(result).map(() => expect.stringContaining('"level":"info"') as string));
  expect(result.code).toBe(0);
  const [request, ...more] = collector.requests();
  if (request === undefined) throw new Error('the Collector received nothing');
  expect(more).toEqual([]);
  expect(request.resource).toEqual({
    attributes: {
      'service.name': 'claude-usage-metrics',
      // Of the service's name and the sources; a new one would start every series anew.
      'service.instance.id': '328ec522-a2e9-5599-8ceb-1596a75ef9e5',
    },
  });
  expect(request.scope).toEqual({ name: 'claude-usage-metrics' });

  const timeMs = request.points[0]?.timeMs ?? 0;
  const reads = [
    { source: 'claude-ai', outcome: 'success', requests: { 200: 2 } },
    { source: 'openrouter', outcome: 'success', requests: { 200: 2 } },
  ];
  expectPoints(request.points, timeMs, [
    ...claudePoints(instants, timeMs),
    ...openRouterPoints(timeMs),
    ...agentPoints(version, reads, timeMs),
  ]);
  expect(timeMs).toBeGreaterThanOrEqual(startedMs);
  expect(timeMs).toBeLessThanOrEqual(endedMs);
  for (const point of request.points) {
    expect(point.startMs, point.metric).toBeGreaterThanOrEqual(startedMs);
    expect(point.startMs, point.metric).toBeLessThanOrEqual(timeMs);
  }
});

test('what OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME say is the resource, and nothing else', async () => {
  const account = await startAccount();
  const collector = await startCollector();

  const result = await runCli(['once', '--timeout', '20s'], {
    ...account.environment,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.grpcPort}`,
    OTEL_SERVICE_NAME: 'usage',
    OTEL_RESOURCE_ATTRIBUTES: 'service.namespace=home,deployment.environment.name=test,service.instance.id=mine',
  });
  await collector.stop();

  expect(result.code).toBe(0);
  expect(collector.requests().map(({ resource }) => resource)).toEqual([
    {
      attributes: {
        'service.name': 'usage',
        'service.namespace': 'home',
        'service.instance.id': 'mine',
        'deployment.environment.name': 'test',
      },
    },
  ]);
});

test('OTLP/HTTP is compressed when gzip is set, and the Collector reads it', async () => {
  const account = await startAccount();
  const collector = await startCollector();
  const relay = await startRelay(collector.httpPort);

  const result = await runCli(['once', '--timeout', '20s'], {
    ...account.environment,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${relay.port}`,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=fake-tenant',
  });
  await collector.stop();

  expect(result.code).toBe(0);
  expect(relay.passed()).toMatch(/^POST \/v1\/metrics HTTP\/1\.1\r\n/);
  expect(relay.passed()).toMatch(/\r\ncontent-type: application\/x-protobuf\r\n/i);
  expect(relay.passed()).toMatch(/\r\ncontent-encoding: gzip\r\n/i);
  expect(relay.passed()).toMatch(/\r\nx-tenant: fake-tenant\r\n/i);
  expect(collector.requests().flatMap(({ points }) => points)).toContainEqual(
    expect.objectContaining({ metric: 'openrouter.credits.remaining', value: { asDouble: 74.75 } }),
  );
});

const refusals: readonly (Way & { readonly says: RegExp })[] = [
  {
    name: 'a Collector whose authority it does not trust',
    collector: { tls },
    settings: ({ grpcPort }) => ({
      OTEL_EXPORTER_OTLP_ENDPOINT: `https://127.0.0.1:${grpcPort}`,
      OTEL_EXPORTER_OTLP_CERTIFICATE: stranger.certificateFile,
    }),
    says: /certificate/i,
  },
  {
    name: 'a Collector that wants a client certificate and gets none',
    collector: { tls: mutualTls },
    settings: ({ grpcPort }) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: `https://127.0.0.1:${grpcPort}`, ...trust }),
    says: /OTLP\/gRPC/,
  },
  {
    name: 'a Collector that wants a token and gets another one',
    collector: { token: 'fake-token' },
    settings: ({ grpcPort }) => ({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${grpcPort}`,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer other-fake-token',
    }),
    says: /UNAUTHENTICATED/,
  },
  {
    name: 'an HTTPS Collector whose authority it does not trust',
    collector: { tls },
    settings: ({ httpPort }) => ({
      OTEL_EXPORTER_OTLP_ENDPOINT: `https://127.0.0.1:${httpPort}/`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_EXPORTER_OTLP_CERTIFICATE: stranger.certificateFile,
    }),
    says: /cert/i,
  },
];

test.each(refusals)('once exits 4 and says why when it pushes to $name', async ({ collector: options, settings, says }) => {
  const account = await startAccount();
  const collector = await startCollector(options);

  const result = await runCli(['once', '--timeout', '4s'], { ...account.environment, ...settings(collector) });
  await collector.stop();

  expect(result.code).toBe(4);
  expect(result.stderr).toMatch(says);
  expect(result.stderr).not.toContain('other-fake-token');
  expect(collector.requests()).toEqual([]);
});
