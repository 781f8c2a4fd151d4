import type { ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { expect, test, vi } from 'vitest';
import { startReceiver } from '../../src/demo/receiver.ts';
import type { AttemptResult } from '../../src/export/attempt.ts';
import { httpSender } from '../../src/export/otlp-http.ts';
import { cleanup } from '../support/cleanup.ts';
import { statusWithMessage } from '../support/google-rpc.ts';
import { type HttpReceiver, startHttpReceiver } from '../support/http-receiver.ts';
import { gaugeRequest } from '../support/metrics.ts';
import { listening, startProxy } from '../support/proxy.ts';

const after = cleanup();

async function receiverThat(answer?: (response: ServerResponse, count: number) => void): Promise<HttpReceiver> {
  const receiver = await startHttpReceiver(answer);
  after(() => receiver.stop());
  return receiver;
}

async function sendTo(answer: (response: ServerResponse, count: number) => void): Promise<AttemptResult> {
  const receiver = await receiverThat(answer);
  const sender = httpSender(receiver.url);
  after(() => sender.close());
  return sender.send(gaugeRequest(3), 5_000);
}

/** Bytes of an ExportMetricsServiceResponse that rejects some points: fields 1 and 2 of its field 1. */
function partialSuccess(rejected: number, message: string): Buffer {
  const partial = Buffer.concat([Buffer.from([0x08, rejected, 0x12, message.length]), Buffer.from(message)]);
  return Buffer.concat([Buffer.from([0x0a, partial.length]), partial]);
}

test('what is sent arrives as protobuf in one POST, and is acknowledged', async () => {
  const receiver = await receiverThat();
  const sender = httpSender(receiver.url);
  after(() => sender.close());
  expect(await sender.send(gaugeRequest(3), 5_000)).toEqual({ status: 'acknowledged', rejectedPoints: 0 });
  expect(receiver.exports).toHaveLength(1);
  expect(receiver.exports[0]).toMatchObject({
    method: 'POST',
    path: '/v1/metrics',
    headers: { 'content-type': 'application/x-protobuf', 'user-agent': expect.stringMatching(/^claude-usage-metrics\//) as string },
  });
  const points = receiver.exports[0]?.requests.flatMap((request) => request.points) ?? [];
  expect(points.map(({ value, attributes }) => [value, attributes['index']])).toEqual([
    [0.5, '0'],
    [1.5, '1'],
    [2.5, '2'],
  ]);
});

test('headers and compression come from the environment, those for metrics before the general ones', async () => {
  vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'x-general=one,x-both=general');
  vi.stubEnv('OTEL_EXPORTER_OTLP_METRICS_HEADERS', 'x-both=metrics,x-spaced=a%20b');
  vi.stubEnv('OTEL_EXPORTER_OTLP_METRICS_COMPRESSION', 'gzip');
  after(() => vi.unstubAllEnvs());
  const receiver = await receiverThat();
  const sender = httpSender(receiver.url);
  after(() => sender.close());
  expect(await sender.send(gaugeRequest(500), 5_000)).toMatchObject({ status: 'acknowledged' });
  const [sent] = receiver.exports;
  expect(sent?.headers).toMatchObject({ 'x-general': 'one', 'x-both': 'metrics', 'x-spaced': 'a b', 'content-encoding': 'gzip' });
  expect(sent?.requests.flatMap((request) => request.points)).toHaveLength(500);
});

test.each([
  [400, false],
  [401, false],
  [403, false],
  [404, false],
  [408, false],
  [413, false],
  [429, true],
  [500, false],
  [501, false],
  [502, true],
  [503, true],
  [504, true],
])('an answer of %i may be tried again: %s; it is not tried again behind the back', async (statusCode, retryable) => {
  let requests = 0;
  const result = await sendTo((response) => {
    requests += 1;
    response.writeHead(statusCode).end();
  });
  expect(result).toMatchObject({ status: 'failed', retryable, cause: String(statusCode) });
  expect(result).not.toHaveProperty('retryAfterMs');
  expect(requests).toBe(1);
});

test('Retry-After is told', async () => {
  const seconds = await sendTo((response) => response.writeHead(503, { 'retry-after': '7' }).end());
  expect(seconds).toMatchObject({ retryable: true, retryAfterMs: 7_000 });
  const zero = await sendTo((response) => response.writeHead(429, { 'retry-after': '0' }).end());
  expect(zero).toMatchObject({ retryable: true });
  expect(zero).not.toHaveProperty('retryAfterMs');
});

test.each([
  [401, /answered 401: see OTEL_EXPORTER_OTLP_HEADERS/],
  [403, /answered 403: see OTEL_EXPORTER_OTLP_HEADERS/],
  [404, /answered 404: it takes no metrics at this path.*Collector in between/],
  [405, /answered 405: it takes no metrics at this path/],
  [415, /answered 415: it takes no metrics at this path/],
])('an answer of %i says what to do', async (statusCode, message) => {
  const result = await sendTo((response) => response.writeHead(statusCode).end());
  expect(result).toMatchObject({ message: expect.stringMatching(message) as string });
});

test('a redirect is not followed, and says so', async () => {
  const elsewhere = await receiverThat();
  const result = await sendTo((response) => response.writeHead(307, { location: elsewhere.url }).end());
  expect(result).toMatchObject({ status: 'failed', retryable: false, cause: '307', message: expect.stringContaining('it redirects') as string });
  expect(elsewhere.exports).toHaveLength(0);
});

test('the reason that a backend gives is passed on, from a status, and from text', async () => {
  const asStatus = await sendTo((response) =>
    response.writeHead(400, { 'content-type': 'application/x-protobuf' }).end(statusWithMessage('duplicate label\u0000')),
  );
  expect(asStatus).toMatchObject({ message: expect.stringMatching(/answered 400: duplicate label$/) as string });
  const asText = await sendTo((response) => response.writeHead(401, { 'content-type': 'text/plain; charset=utf-8' }).end('no token\n'));
  expect(asText).toMatchObject({ message: expect.stringMatching(/answered 401: no token: see /) as string });
  const page = await sendTo((response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<html>Bad gateway</html>'));
  expect(page).toMatchObject({ message: expect.stringMatching(/answered 502$/) as string });
});

test.each([
  ['text/html', '<html>Please log in</html>', 'text/html'],
  ['application/xhtml+xml', '<html/>', 'application/xhtml+xml'],
  ['text/plain; charset=utf-8', 'login first', 'text/plain'],
  ['text/plain', '{}', 'text/plain'],
  ['application/json; charset=utf-8', '{"error":"unauthorized"}', 'application/json'],
  ['application/json', '{"partialSuccess":{"rejectedDataPoints":"many"}}', 'application/json'],
  ['application/json', '{"partialSuccess":{},"error":"unauthorized"}', 'application/json'],
  ['application/json', '[]', 'application/json'],
  ['application/json', 'login first', 'application/json'],
  ['application/x-protobuf', '{"error":"unauthorized"}', 'application/x-protobuf'],
  ['application/x-protobuf', Buffer.from('0affffffff', 'hex'), 'application/x-protobuf'],
  [undefined, '<!doctype html><title>Log in</title>', 'bytes without a content type'],
  [undefined, '{}', 'bytes without a content type'],
])('a 200 with %s %j is no acknowledgement, and says what came', async (type, body, said) => {
  const result = await sendTo((response) => response.writeHead(200, type === undefined ? {} : { 'content-type': type }).end(body));
  expect(result).toMatchObject({ status: 'failed', retryable: false, cause: 'not_otlp' });
  expect(result.message).toContain(`with ${said}: what answers there is no OTLP endpoint`);
});

test.each([
  ['text/html', '', { rejectedPoints: 0 }],
  ['application/x-protobuf', partialSuccess(2, 'too old'), { rejectedPoints: 2, message: 'too old' }],
  [undefined, partialSuccess(2, 'too old'), { rejectedPoints: 2, message: 'too old' }],
  ['application/json', '{}', { rejectedPoints: 0 }],
  ['application/json', '{"partialSuccess":null}', { rejectedPoints: 0 }],
  ['application/json', '{"status":"ok"}', { rejectedPoints: 0 }],
  ['application/json; charset=utf-8', '{"partialSuccess":{"rejectedDataPoints":"2","errorMessage":"too old"}}', { rejectedPoints: 2, message: 'too old' }],
  ['application/json', '{"partialSuccess":{"rejectedDataPoints":2}}', { rejectedPoints: 2 }],
])('a 200 with %s %j is an acknowledgement', async (type, body, said) => {
  const result = await sendTo((response) => response.writeHead(200, type === undefined ? {} : { 'content-type': type }).end(body));
  expect(result).toEqual({ status: 'acknowledged', ...said });
});

test('a partial success is acknowledged with what was rejected, and does not stick to the next request', async () => {
  const receiver = await receiverThat((response, count) => {
    response.writeHead(200, { 'content-type': 'application/x-protobuf' });
    response.end(count === 1 ? partialSuccess(2, 'too old') : undefined);
  });
  const sender = httpSender(receiver.url);
  after(() => sender.close());
  expect(await sender.send(gaugeRequest(3), 5_000)).toEqual({ status: 'acknowledged', rejectedPoints: 2, message: 'too old' });
  expect(await sender.send(gaugeRequest(3), 5_000)).toEqual({ status: 'acknowledged', rejectedPoints: 0 });
});

test('a receiver that hangs, before its answer or within it, is given up in time', async () => {
  const parts: ((response: ServerResponse) => void)[] = [
    () => undefined,
    (response) => response.writeHead(200).write('a'),
  ];
  for (const part of parts) {
    const receiver = await receiverThat(part);
    const result = await httpSender(receiver.url).send(gaugeRequest(3), 100);
    expect(result).toMatchObject({ status: 'failed', retryable: true, cause: 'timeout', message: expect.stringContaining('within 0.1 s') as string });
  }
});

test('a request that is given up, and a sender that is closed, end no other request', async () => {
  const late = Promise.withResolvers<ServerResponse>();
  const receiver = await receiverThat((response, count) => {
    if (count === 1) late.resolve(response);
    else if (count > 2) response.end();
  });
  const sender = httpSender(receiver.url);
  after(() => sender.close());
  const first = sender.send(gaugeRequest(1), 5_000);
  const held = await late.promise;
  expect(await sender.send(gaugeRequest(1), 100)).toMatchObject({ cause: 'timeout' });
  expect(await sender.send(gaugeRequest(1), 5_000)).toMatchObject({ status: 'acknowledged' });
  sender.close();
  held.end();
  expect(await first).toMatchObject({ status: 'acknowledged' });
});

test('a connection that died without a word costs one attempt', async () => {
  const receiver = await receiverThat();
  const network = await startProxy(receiver.port);
  after(() => network.stop());
  const sender = httpSender(`http://127.0.0.1:${network.port}/v1/metrics`);
  after(() => sender.close());
  expect(await sender.send(gaugeRequest(1), 5_000)).toMatchObject({ status: 'acknowledged' });
  expect(await sender.send(gaugeRequest(1), 5_000)).toMatchObject({ status: 'acknowledged' });
  expect(network.connections).toBe(1);
  network.freeze();
  expect(await sender.send(gaugeRequest(1), 100)).toMatchObject({ cause: 'timeout' });
  expect(await sender.send(gaugeRequest(1), 5_000)).toMatchObject({ status: 'acknowledged' });
});

test('an answer without end is not read to its end', async () => {
  const result = await sendTo((response) => {
    response.writeHead(200, { 'content-type': 'text/plain' });
    const chunk = Buffer.alloc(256 * 1024);
    const more = (): void => {
      while (!response.destroyed && response.write(chunk));
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  });
  expect(result).toMatchObject({ status: 'failed', retryable: false, message: expect.stringContaining('more than 1048576 bytes') as string });
});

test('a connection that breaks is tried again, with its cause in words', async () => {
  const broken = await sendTo((response) => response.destroy());
  expect(broken).toMatchObject({ retryable: true, cause: 'ECONNRESET', message: expect.stringContaining('closed the connection') as string });
  const nobody = await httpSender('http://127.0.0.1:1/v1/metrics').send(gaugeRequest(1), 5_000);
  expect(nobody).toMatchObject({
    retryable: true,
    cause: 'ECONNREFUSED',
    message: 'http://127.0.0.1:1/v1/metrics (OTLP/HTTP) cannot be reached: nothing listens there',
  });
});

test('an endpoint that is not HTTP is told apart, with the setting for OTLP/gRPC', async () => {
  const grpc = await startReceiver();
  after(() => grpc.stop());
  const ssh = createServer((socket) => socket.on('error', () => undefined).write('SSH-2.0-fake\r\n'));
  after(() => ssh.close());
  for (const port of [grpc.port, await listening(ssh)]) {
    const result = await httpSender(`http://127.0.0.1:${port}/v1/metrics`).send(gaugeRequest(1), 5_000);
    expect(result).toMatchObject({ retryable: false, message: expect.stringMatching(/does not speak HTTP\/1\.1.*PROTOCOL=grpc/) as string });
  }
});

test('a header that cannot be sent is not quoted', async () => {
  vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'authorization=fake-secret%0Afake-secret');
  after(() => vi.unstubAllEnvs());
  const result = await httpSender('http://127.0.0.1:1/v1/metrics').send(gaugeRequest(1), 5_000);
  expect(JSON.stringify(result)).toContain('OTEL_EXPORTER_OTLP_HEADERS');
  expect(JSON.stringify(result)).not.toContain('fake-secret');
});
