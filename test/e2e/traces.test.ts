import { expect, test } from 'vitest';
import { version } from '../../src/version.ts';
import { runCli } from '../support/cli.ts';
import { instantsFrom, startAccount } from './support/account.ts';
import { startCollector } from './support/collector.ts';

test.each(['grpc', 'http/protobuf'])('one cycle is one trace at the Collector, over %s', async (protocol) => {
  const account = await startAccount(instantsFrom(Date.now()));
  const collector = await startCollector();
  const port = protocol === 'grpc' ? collector.grpcPort : collector.httpPort;
  const { code } = await runCli(['once', '--timeout', '20s'], {
    ...account.environment,
    // As where nobody says anything.
    OTEL_TRACES_EXPORTER: '',
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_SERVICE_NAME: 'my-agent',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
  });
  await collector.stop();
  expect(code).toBe(0);

  const spans = collector.spans();
  const nameOf = new Map(spans.map(({ spanId, name }) => [spanId, name]));
  const exported = protocol === 'grpc' ? 'opentelemetry.proto.collector.metrics.v1.MetricsService/Export' : 'POST';
  expect(spans.map(({ parentSpanId, name }) => `${nameOf.get(parentSpanId) ?? '-'} > ${name}`).sort()).toEqual(
    [
      '- > collect',
      'collect > export',
      `export > ${exported}`,
      'collect > read claude-ai',
      'read claude-ai > cookiejar.v1.CookieService/GetCookies',
      'read claude-ai > GET /api/organizations',
      'read claude-ai > GET /api/organizations/{organization}/usage',
      'collect > read openrouter',
      'read openrouter > GET /key',
      'read openrouter > GET /credits',
    ].sort(),
  );
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  expect(spans.filter(({ failed }) => failed)).toEqual([]);
  expect(spans.filter(({ kind }) => kind === 3)).toHaveLength(6);
  expect(spans[0]?.scope).toMatchObject({ name: 'claude-usage-metrics', version });
  expect(spans[0]?.resource).toMatchObject({ 'service.name': 'my-agent', 'service.version': version, 'deployment.environment.name': 'test' });
  // Traces and metrics are of the same instance.
  const [metrics] = collector.requests();
  expect((metrics?.resource['attributes'] as Record<string, unknown>)['service.instance.id']).toBe(spans[0]?.resource['service.instance.id']);

  const call = spans.find(({ name }) => name.startsWith('cookiejar'));
  expect(account.cookiejar.metadata.map((metadata) => metadata.get('traceparent'))).toEqual([[`00-${call?.traceId}-${call?.spanId}-01`]]);
  const vendors = [...account.claude.requests, ...account.openRouter.requests];
  expect(vendors.flatMap(({ headers }) => Object.keys(headers)).filter((name) => /^trace|^baggage/.test(name))).toEqual([]);
});
