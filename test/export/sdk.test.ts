/*
 * What is relied on of the SDK's packages and is promised nowhere: the settings of the environment that they hand out, the
 * serializer's answer, and that what is sent is what the official exporter sends.
 */
import type { Metadata } from '@grpc/grpc-js';
import { OTLPMetricExporter as OfficialGrpcExporter } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { OTLPMetricExporter as OfficialHttpExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { convertLegacyHttpOptions } from '@opentelemetry/otlp-exporter-base/node-http';
import { convertLegacyOtlpGrpcOptions } from '@opentelemetry/otlp-grpc-exporter-base';
import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import type { PushMetricExporter } from '@opentelemetry/sdk-metrics';
import { expect, test, vi } from 'vitest';
import type { ReceivedRequest } from '../../src/demo/otlp-messages.ts';
import { startReceiver } from '../../src/demo/receiver.ts';
import { grpcSender } from '../../src/export/otlp-grpc.ts';
import { httpSender } from '../../src/export/otlp-http.ts';
import { cleanup } from '../support/cleanup.ts';
import { startHttpReceiver } from '../support/http-receiver.ts';
import { gaugePoints, gaugeRequest } from '../support/metrics.ts';

const after = cleanup();

function environment(): void {
  vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'authorization=Bearer%20fake,x-both=general');
  vi.stubEnv('OTEL_EXPORTER_OTLP_METRICS_HEADERS', 'x-both=metrics');
  vi.stubEnv('OTEL_EXPORTER_OTLP_COMPRESSION', 'gzip');
  after(() => vi.unstubAllEnvs());
}

async function official(exporter: PushMetricExporter): Promise<void> {
  after(() => exporter.shutdown());
  await new Promise((resolve) => exporter.export(gaugePoints(3), resolve));
}

test('over gRPC it sends what the official exporter sends', async () => {
  environment();
  const seen: { requests: readonly ReceivedRequest[]; headers: Record<string, unknown> }[] = [];
  const receiver = await startReceiver({
    onRequest: (requests, metadata: Metadata) => seen.push({ requests, headers: { ...metadata.getMap(), 'user-agent': '' } }),
  });
  after(() => receiver.stop());
  const url = `http://127.0.0.1:${receiver.port}`;
  const sender = grpcSender(url);
  after(() => sender.close());
  await sender.send(gaugeRequest(3), 5_000);
  await official(new OfficialGrpcExporter({ url }));
  const [own, theirs] = seen;
  expect(own?.headers).toMatchObject({ authorization: 'Bearer fake', 'x-both': 'metrics' });
  expect(own?.headers).toEqual(theirs?.headers);
  expect(points(own?.requests)).toEqual(points(theirs?.requests));
});

test('over HTTP it sends what the official exporter sends', async () => {
  environment();
  const receiver = await startHttpReceiver();
  after(() => receiver.stop());
  const sender = httpSender(receiver.url);
  after(() => sender.close());
  await sender.send(gaugeRequest(3), 5_000);
  await official(new OfficialHttpExporter({ url: receiver.url }));
  const [own, theirs] = receiver.exports;
  const common = ['authorization', 'x-both', 'content-type', 'content-encoding', 'host', 'connection'];
  expect(common.map((name) => own?.headers[name])).toEqual(common.map((name) => theirs?.headers[name]));
  expect(own?.headers).toMatchObject({ authorization: 'Bearer fake', 'x-both': 'metrics', 'content-encoding': 'gzip' });
  expect([own?.method, own?.path]).toEqual([theirs?.method, theirs?.path]);
  expect(points(own?.requests)).toEqual(points(theirs?.requests));
});

test('the gRPC settings have the shape that the transport uses', () => {
  environment();
  const options = convertLegacyOtlpGrpcOptions({ url: 'https://collector.test:4317' }, 'METRICS');
  expect(options.url).toBe('collector.test:4317');
  expect(options.compression).toBe('gzip');
  expect(options.metadata().getMap()).toEqual({ authorization: 'Bearer fake', 'x-both': 'metrics' });
  expect(options.credentials()._isSecure()).toBe(true);
  expect(convertLegacyOtlpGrpcOptions({ url: 'http://collector.test:4317' }, 'METRICS').credentials()._isSecure()).toBe(false);
});

test('the HTTP settings have the shape that the transport uses', async () => {
  environment();
  const options = convertLegacyHttpOptions({ url: 'http://collector.test:4318/v1/metrics' }, 'METRICS', 'v1/metrics', { 'x-required': 'yes' });
  expect(options.url).toBe('http://collector.test:4318/v1/metrics');
  expect(options.compression).toBe('gzip');
  expect(await options.headers()).toMatchObject({ authorization: 'Bearer fake', 'x-both': 'metrics', 'x-required': 'yes' });
  expect(await options.agentFactory('http:')).toHaveProperty('keepAlive', true);
});

test('the serializer reads a partial success, nothing from an empty answer, and throws on what is no answer', () => {
  const partial = Buffer.from([0x0a, 0x06, 0x08, 0x07, 0x12, 0x02, 0x6e, 0x6f]);
  expect(ProtobufMetricsSerializer.deserializeResponse(partial)).toEqual({
    partialSuccess: { rejectedDataPoints: 7, errorMessage: 'no' },
  });
  expect(ProtobufMetricsSerializer.deserializeResponse(new Uint8Array())).toEqual({});
  expect(() => ProtobufMetricsSerializer.deserializeResponse(Buffer.from('0affffffff', 'hex'))).toThrow();
});

function points(requests: readonly ReceivedRequest[] | undefined): unknown {
  return requests?.map(({ resource, scope, points: received }) => ({
    resource,
    scope,
    points: received.map(({ metric, unit, value, valueType, kind, attributes }) => ({ metric, unit, value, valueType, kind, attributes })),
  }));
}
