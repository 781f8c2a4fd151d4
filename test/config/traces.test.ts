import { afterAll, describe, expect, test } from 'vitest';
import type { TracesConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/config-error.ts';
import { load, removeFiles } from './load.ts';

afterAll(removeFiles);

function traces(variables: Readonly<Record<string, string>>): TracesConfig | undefined {
  const environment = Object.fromEntries(Object.entries(variables).map(([name, text]) => [`OTEL_${name}`, text]));
  return load({ OPENROUTER_API_KEY: 'sk-or-v1-fake', ...environment }).traces;
}

function problemsOf(variables: Readonly<Record<string, string>>): readonly string[] {
  try {
    traces(variables);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('traces go', () => {
  const targets: readonly (readonly [Record<string, string>, string | undefined, string | undefined])[] = [
    [{}, undefined, undefined],
    [{ EXPORTER_OTLP_ENDPOINT: 'http://collector:4317' }, 'http://collector:4317', 'grpc'],
    [{ EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }, 'http://collector:4318/v1/traces', 'http/protobuf'],
    [{ EXPORTER_OTLP_ENDPOINT: 'https://host/otlp' }, 'https://host/otlp/v1/traces', 'http/protobuf'],
    [{ EXPORTER_OTLP_TRACES_ENDPOINT: 'http://jaeger:4317' }, 'http://jaeger:4317', 'grpc'],
    [{ EXPORTER_OTLP_ENDPOINT: 'http://a:4317', EXPORTER_OTLP_TRACES_ENDPOINT: 'http://b:4318/x' }, 'http://b:4318/x', 'http/protobuf'],
    [{ EXPORTER_OTLP_ENDPOINT: 'http://a', EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf' }, 'http://a/v1/traces', 'http/protobuf'],
    [{ EXPORTER_OTLP_METRICS_ENDPOINT: 'http://a:4317' }, undefined, undefined],
    [{ EXPORTER_OTLP_ENDPOINT: 'http://a:4317', TRACES_EXPORTER: 'None' }, undefined, undefined],
    [{ TRACES_EXPORTER: 'otlp' }, 'http://localhost:4317', 'grpc'],
    [{ TRACES_EXPORTER: 'otlp', METRICS_EXPORTER: 'none' }, 'http://localhost:4317', 'grpc'],
  ];

  test.each(targets)('with %o to %s', (variables, url, protocol) => {
    const chosen = traces(variables);
    if (url === undefined) expect(chosen).toBeUndefined();
    else expect(chosen).toMatchObject({ console: false, otlp: { url, protocol, timeoutMs: 10_000 } });
  });

  test('to the console, alone or beside', () => {
    expect(traces({ TRACES_EXPORTER: 'console' })).toMatchObject({ console: true });
    expect(traces({ TRACES_EXPORTER: 'console' })?.otlp).toBeUndefined();
    expect(traces({ TRACES_EXPORTER: ' OTLP, console' })).toMatchObject({ console: true, otlp: { protocol: 'grpc' } });
  });
});

test('sampler and batches are the standard’s', () => {
  const on = { TRACES_EXPORTER: 'otlp' };
  expect(traces(on)).toMatchObject({
    sampler: { kind: 'parentbased_always_on', ratio: 1 },
    batch: { delayMs: 5_000, timeoutMs: 30_000, maxQueueSize: 2_048, maxBatchSize: 512 },
  });
  const chosen = traces({
    ...on,
    TRACES_SAMPLER: 'TraceIdRatio',
    TRACES_SAMPLER_ARG: '0.25',
    BSP_SCHEDULE_DELAY: '100',
    BSP_EXPORT_TIMEOUT: '2000',
    BSP_MAX_QUEUE_SIZE: '100',
    EXPORTER_OTLP_TIMEOUT: '1',
    EXPORTER_OTLP_TRACES_TIMEOUT: '3000',
  });
  expect(chosen).toMatchObject({
    otlp: { timeoutMs: 3_000 },
    sampler: { kind: 'traceidratio', ratio: 0.25 },
    batch: { delayMs: 100, timeoutMs: 2_000, maxQueueSize: 100, maxBatchSize: 100 },
  });
});

test.each<[Record<string, string>, string]>([
  [{ TRACES_EXPORTER: 'zipkin' }, 'OTEL_TRACES_EXPORTER may list otlp and console, or be none ("zipkin")'],
  [{ TRACES_EXPORTER: 'none,otlp' }, 'OTEL_TRACES_EXPORTER: none stands alone'],
  [
    { TRACES_SAMPLER: 'jaeger_remote' },
    'OTEL_TRACES_SAMPLER must be one of always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off, parentbased_traceidratio ("jaeger_remote")',
  ],
  [{ TRACES_SAMPLER: 'traceidratio', TRACES_SAMPLER_ARG: '2' }, 'OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1 ("2")'],
  [{ BSP_SCHEDULE_DELAY: '5s' }, 'OTEL_BSP_SCHEDULE_DELAY must be a whole number of milliseconds above 0 ("5s")'],
  [{ BSP_MAX_QUEUE_SIZE: '-1' }, 'OTEL_BSP_MAX_QUEUE_SIZE must be a whole number of spans above 0 ("-1")'],
  [{ BSP_MAX_EXPORT_BATCH_SIZE: '5000' }, 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE must be at most OTEL_BSP_MAX_QUEUE_SIZE, which is 2048'],
  [
    { EXPORTER_OTLP_TRACES_ENDPOINT: 'http://a/path', EXPORTER_OTLP_TRACES_PROTOCOL: 'grpc' },
    'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT has a path, which OTLP/gRPC has no place for; set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf',
  ],
])('%o is refused', (variables, problem) => {
  expect(problemsOf(variables)).toEqual([problem]);
});

test('what is wrong for metrics and traces alike is said once', () => {
  expect(problemsOf({ EXPORTER_OTLP_ENDPOINT: 'nowhere://x' })).toHaveLength(1);
});
