import { createServer as createHttpServer } from 'node:http';
import { type Server, createServer } from 'node:net';
import { promisify } from 'node:util';
import { type Metadata, Server as GrpcServer, ServerCredentials, status } from '@grpc/grpc-js';
import { expect, test, vi } from 'vitest';
import type { ReceivedRequest } from '../../src/demo/otlp-messages.ts';
import { type Answer, startReceiver } from '../../src/demo/receiver.ts';
import type { Sender } from '../../src/export/attempt.ts';
import { grpcSender } from '../../src/export/otlp-grpc.ts';
import { cleanup } from '../support/cleanup.ts';
import { statusDetails, statusWithRetryInfo } from '../support/google-rpc.ts';
import { listening, startProxy } from '../support/proxy.ts';
import { gaugeRequest } from '../support/metrics.ts';

const after = cleanup();

async function sendTo(answer: Answer): Promise<unknown> {
  const receiver = await startReceiver({ answer: () => answer });
  after(() => receiver.stop());
  const sender = grpcSender(`http://127.0.0.1:${receiver.port}`);
  after(() => sender.close());
  return sender.send(gaugeRequest(3), 5_000);
}

/** A server that speaks something else. */
async function other(server: Server): Promise<number> {
  after(() => server.close());
  return listening(server);
}

test('what is sent arrives as it was, and is acknowledged', async () => {
  const requests: ReceivedRequest[] = [];
  const receiver = await startReceiver({ onRequest: (received) => requests.push(...received) });
  after(() => receiver.stop());
  const sender = grpcSender(`http://127.0.0.1:${receiver.port}`);
  after(() => sender.close());
  expect(await sender.send(gaugeRequest(3), 5_000)).toEqual({ status: 'acknowledged', rejectedPoints: 0 });
  expect(requests).toHaveLength(1);
  expect(requests[0]).toMatchObject({ resource: { 'service.name': 'test' }, scope: { name: 'test' } });
  expect(requests[0]?.points.map(({ value, attributes }) => [value, attributes['index']])).toEqual([
    [0.5, '0'],
    [1.5, '1'],
    [2.5, '2'],
  ]);
});

test('a proxy of the environment is not asked by itself', async () => {
  vi.stubEnv('http_proxy', 'http://127.0.0.1:1');
  after(() => vi.unstubAllEnvs());
  const receiver = await startReceiver();
  after(() => receiver.stop());
  for (const host of ['127.0.0.1', 'localhost']) {
    const sender = grpcSender(`http://${host}:${receiver.port}`);
    after(() => sender.close());
    expect(await sender.send(gaugeRequest(3), 5_000)).toEqual({ status: 'acknowledged', rejectedPoints: 0 });
  }
});

test('a proxy that is not there, or refuses, is named without its credentials', async () => {
  vi.spyOn(console, 'error').mockReturnValue();
  after(() => vi.restoreAllMocks());
  after(() => vi.unstubAllEnvs());
  const refusing = createHttpServer().on('connect', (_request, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'));
  for (const port of [1, await other(refusing)]) {
    vi.stubEnv('https_proxy', `http://fake-user:fake-password@127.0.0.1:${port}`);
    for (const target of ['http://backend.example:4317', 'http://[2001:db8::1]:4317', 'https://backend.example']) {
      const sender = grpcSender(target, { proxied: true });
      after(() => sender.close());
      expect(await sender.send(gaugeRequest(1), 5_000)).toMatchObject({
        status: 'failed',
        retryable: true,
        message: `${target} (OTLP/gRPC) cannot be reached: no connection came about (through the proxy 127.0.0.1:${port} of grpc_proxy, https_proxy or http_proxy; no_proxy exempts)`,
      });
    }
  }
});

test('the port that an address leaves out is its scheme’s own', async () => {
  const asked: (string | undefined)[] = [];
  const proxy = await other(createHttpServer().on('connect', ({ url }, socket) => void (asked.push(url), socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'))));
  vi.spyOn(console, 'error').mockReturnValue();
  after(() => vi.restoreAllMocks());
  vi.stubEnv('grpc_proxy', `http://127.0.0.1:${proxy}`);
  after(() => vi.unstubAllEnvs());
  for (const url of ['http://backend.example', 'http://backend.example:80', 'https://backend.example', 'https://backend.example:80', 'http://backend.example:443']) {
    const sender = grpcSender(url, { proxied: true });
    after(() => sender.close());
    await sender.send(gaugeRequest(1), 5_000);
  }
  expect(asked.map((host) => host?.split(':')[1])).toEqual(['80', '80', '443', '80', '443']);
});

test('without a proxy none is named', async () => {
  vi.stubEnv('https_proxy', 'http://127.0.0.1:1');
  after(() => vi.unstubAllEnvs());
  const sender = grpcSender('http://127.0.0.1:1');
  after(() => sender.close());
  expect(await sender.send(gaugeRequest(1), 5_000)).toMatchObject({ message: 'http://127.0.0.1:1 (OTLP/gRPC) cannot be reached: nothing listens there' });
});

test('a success with an answer that is none of OTLP is no acknowledgement', async () => {
  const asIs = (bytes: Buffer): Buffer => bytes;
  const server = new GrpcServer();
  after(() => server.forceShutdown());
  const Export = {
    path: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
    requestStream: false,
    responseStream: false,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
  server.addService({ Export }, { Export: (_call: unknown, done: (error: null, answer: Buffer) => void) => done(null, Buffer.from('0affffffff', 'hex')) });
  const port = await promisify(server.bindAsync.bind(server))('127.0.0.1:0', ServerCredentials.createInsecure());
  const sender = grpcSender(`http://127.0.0.1:${port}`);
  after(() => sender.close());
  expect(await sender.send(gaugeRequest(3), 5_000)).toMatchObject({ status: 'failed', retryable: false, cause: 'not_otlp' });
});

const mayBeRepeated = ['CANCELLED', 'DEADLINE_EXCEEDED', 'ABORTED', 'OUT_OF_RANGE', 'UNAVAILABLE', 'DATA_LOSS'];
const mayNot = [
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAUTHENTICATED',
];

test.each([
  ...mayBeRepeated.map((name) => [name, true] as const),
  ...mayNot.map((name) => [name, false] as const),
])('%s may be tried again: %s', async (name, retryable) => {
  const code = status[name as keyof typeof status];
  const result = await sendTo({ kind: 'refuse', code });
  const cause = name === 'DEADLINE_EXCEEDED' ? 'timeout' : name;
  expect(result).toMatchObject({ status: 'failed', retryable, cause });
  expect(result).not.toHaveProperty('retryAfterMs');
});

test.each([
  ['RESOURCE_EXHAUSTED', { seconds: 1, nanos: 500_000_000 }, { retryable: true, retryAfterMs: 1_500 }],
  ['RESOURCE_EXHAUSTED', {}, { retryable: true, retryAfterMs: 0 }],
  ['UNAVAILABLE', { seconds: 3_600 }, { retryable: true, retryAfterMs: 3_600_000 }],
  ['INVALID_ARGUMENT', { seconds: 1 }, { retryable: false }],
] as const)('%s with a RetryInfo of %j is told with its wish', async (name, delay, expected) => {
  const metadata = statusDetails(statusWithRetryInfo(delay));
  expect(await sendTo({ kind: 'refuse', code: status[name], metadata })).toMatchObject({ status: 'failed', ...expected });
});

test('a partial success is acknowledged with what was rejected, and why', async () => {
  const result = await sendTo({ kind: 'partial', rejectedPoints: 2, message: 'too\u0000 old\n' });
  expect(result).toEqual({ status: 'acknowledged', rejectedPoints: 2, message: 'too old' });
});

test('a partial success does not stick to the next request', async () => {
  const answers: Answer[] = [{ kind: 'partial', rejectedPoints: 1, message: 'no' }, { kind: 'acknowledge' }];
  const receiver = await startReceiver({ answer: () => answers.shift() ?? { kind: 'hang' } });
  after(() => receiver.stop());
  const sender = grpcSender(`http://127.0.0.1:${receiver.port}`);
  after(() => sender.close());
  expect(await sender.send(gaugeRequest(3), 5_000)).toMatchObject({ rejectedPoints: 1 });
  expect(await sender.send(gaugeRequest(3), 5_000)).toEqual({ status: 'acknowledged', rejectedPoints: 0 });
});

test('a backend without metrics is told apart, with what to put in between', async () => {
  const result = await sendTo({ kind: 'refuse', code: status.UNIMPLEMENTED });
  expect(result).toMatchObject({ message: expect.stringMatching(/UNIMPLEMENTED.*Jaeger.*Collector in between/) as string });
});

test.each(['UNAUTHENTICATED', 'PERMISSION_DENIED'] as const)('%s leads to the headers', async (name) => {
  const result = await sendTo({ kind: 'refuse', code: status[name] });
  expect(result).toMatchObject({ message: expect.stringContaining(`${name}: refused by the receiver: see OTEL_EXPORTER_OTLP_HEADERS`) as string });
});

test('a receiver that hangs is given up in time, and the next request goes over a new connection', async () => {
  const answers: Answer[] = [{ kind: 'hang' }];
  const peers = new Set<string>();
  const receiver = await startReceiver({
    answer: () => answers.shift() ?? { kind: 'acknowledge' },
    onRequest: (_requests, _metadata, peer) => peers.add(peer),
  });
  after(() => receiver.stop());
  const sender = grpcSender(`http://127.0.0.1:${receiver.port}`);
  after(() => sender.close());
  expect(await sender.send(gaugeRequest(3), 100)).toEqual({
    status: 'failed',
    retryable: true,
    reconnect: true,
    cause: 'timeout',
    message: `http://127.0.0.1:${receiver.port} (OTLP/gRPC) did not answer within 0.1 s`,
  });
  expect(await sender.send(gaugeRequest(3), 5_000)).toMatchObject({ status: 'acknowledged' });
  expect(peers.size).toBe(2);
});

test('an answer that comes too late is not taken for the answer to the next request', async () => {
  const late = Promise.withResolvers<undefined>();
  const answers: Answer[] = [{ kind: 'acknowledge', after: late.promise }];
  const receiver = await startReceiver({ answer: () => answers.shift() ?? { kind: 'refuse', code: status.PERMISSION_DENIED } });
  after(() => receiver.stop());
  const sender = grpcSender(`http://127.0.0.1:${receiver.port}`);
  after(() => sender.close());
  expect(await sender.send(gaugeRequest(3), 100)).toMatchObject({ cause: 'timeout' });
  const next = sender.send(gaugeRequest(3), 5_000);
  late.resolve(undefined);
  expect(await next).toMatchObject({ status: 'failed', cause: 'PERMISSION_DENIED' });
});

test('a receiver that was down is reached as soon as it is back', async () => {
  const first = await startReceiver();
  const { port } = first;
  const sender = grpcSender(`http://127.0.0.1:${port}`);
  after(() => sender.close());
  expect(await sender.send(gaugeRequest(1), 5_000)).toMatchObject({ status: 'acknowledged' });
  first.stop();
  expect(await sender.send(gaugeRequest(1), 5_000)).toMatchObject({ retryable: true });
  expect(await sender.send(gaugeRequest(1), 5_000)).toMatchObject({ cause: 'UNAVAILABLE', retryable: true });
  const second = await startReceiver({ port });
  after(() => second.stop());
  expect(await sender.send(gaugeRequest(1), 5_000)).toMatchObject({ status: 'acknowledged' });
});

test('a connection that died without a word costs one attempt', async () => {
  const receiver = await startReceiver();
  after(() => receiver.stop());
  const network = await startProxy(receiver.port);
  after(() => network.stop());
  const sender = grpcSender(`http://127.0.0.1:${network.port}`);
  after(() => sender.close());
  expect(await sender.send(gaugeRequest(1), 5_000)).toMatchObject({ status: 'acknowledged' });
  network.freeze();
  expect(await sender.send(gaugeRequest(1), 100)).toMatchObject({ cause: 'timeout', retryable: true });
  expect(await sender.send(gaugeRequest(1), 5_000)).toMatchObject({ status: 'acknowledged' });
});

test('a connection that died is left, though another channel to the same address holds on to it', async () => {
  const receiver = await startReceiver();
  after(() => receiver.stop());
  const network = await startProxy(receiver.port);
  after(() => network.stop());
  const [holding, leaving] = [1, 2].map(() => grpcSender(`http://127.0.0.1:${network.port}`)) as [Sender, Sender];
  for (const sender of [holding, leaving]) {
    after(() => sender.close());
    expect(await sender.send(gaugeRequest(1), 5_000)).toMatchObject({ status: 'acknowledged' });
  }
  network.freeze();
  const held = holding.send(gaugeRequest(1), 400);
  expect(await leaving.send(gaugeRequest(1), 100)).toMatchObject({ cause: 'timeout' });
  expect(await leaving.send(gaugeRequest(1), 200)).toMatchObject({ status: 'acknowledged' });
  await held;
});

test('a request that is given up, and a sender that is closed, end no other request', async () => {
  const late = Promise.withResolvers<undefined>();
  const answers: Answer[] = [{ kind: 'acknowledge', after: late.promise }, { kind: 'hang' }];
  let asked = 0;
  const peers = new Set<string>();
  const receiver = await startReceiver({
    answer: () => answers[asked++] ?? { kind: 'acknowledge' },
    onRequest: (_requests, _metadata, peer) => peers.add(peer),
  });
  after(() => receiver.stop());
  const sender = grpcSender(`http://127.0.0.1:${receiver.port}`);
  after(() => sender.close());
  const first = sender.send(gaugeRequest(1), 5_000);
  await expect.poll(() => asked).toBe(1);
  expect(await sender.send(gaugeRequest(1), 100)).toMatchObject({ cause: 'timeout' });
  expect(peers.size).toBe(1);
  expect(await sender.send(gaugeRequest(1), 5_000)).toMatchObject({ status: 'acknowledged' });
  expect(peers.size).toBe(2);
  sender.close();
  late.resolve(undefined);
  expect(await first).toMatchObject({ status: 'acknowledged' });
});

test('a request is given up at once when it is stopped', async () => {
  const asked = Promise.withResolvers<undefined>();
  const receiver = await startReceiver({ answer: () => ({ kind: 'hang' }), onRequest: () => asked.resolve(undefined) });
  after(() => receiver.stop());
  const stop = new AbortController();
  const sent = grpcSender(`http://127.0.0.1:${receiver.port}`).send(gaugeRequest(1), 15_000, stop.signal);
  await asked.promise;
  const stoppedAtMs = performance.now();
  stop.abort();
  expect(await sent).toMatchObject({ status: 'failed', retryable: false, cause: 'stopped' });
  expect(performance.now() - stoppedAtMs).toBeLessThan(10_000);
});

test('headers and compression come from the environment, those for metrics before the general ones', async () => {
  vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'x-general=one,x-both=general');
  vi.stubEnv('OTEL_EXPORTER_OTLP_METRICS_HEADERS', 'x-both=metrics,x-spaced=a%20b');
  vi.stubEnv('OTEL_EXPORTER_OTLP_COMPRESSION', 'gzip');
  after(() => vi.unstubAllEnvs());
  const seen: { metadata?: Metadata; points?: number } = {};
  const receiver = await startReceiver({
    onRequest(requests, metadata) {
      seen.metadata = metadata;
      seen.points = requests.flatMap((request) => request.points).length;
    },
  });
  after(() => receiver.stop());
  const wire = await startProxy(receiver.port);
  after(() => wire.stop());
  const sender = grpcSender(`http://127.0.0.1:${wire.port}`);
  after(() => sender.close());
  expect(await sender.send(gaugeRequest(2_000), 5_000)).toMatchObject({ status: 'acknowledged' });
  expect(seen.points).toBe(2_000);
  expect(seen.metadata?.getMap()).toMatchObject({ 'x-general': 'one', 'x-both': 'metrics', 'x-spaced': 'a b' });
  // Uncompressed they are more than twenty times as many.
  expect(wire.bytes).toBeLessThan(40_000);
});

test('a header that cannot be sent is not quoted', async () => {
  vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'authorization=fake-secret%0Afake-secret');
  after(() => vi.unstubAllEnvs());
  const sender = grpcSender('http://127.0.0.1:1');
  const result = await sender.send(gaugeRequest(1), 5_000);
  expect(result).toMatchObject({ status: 'failed', retryable: false });
  expect(JSON.stringify(result)).toContain('OTEL_EXPORTER_OTLP_HEADERS');
  expect(JSON.stringify(result)).not.toContain('fake-secret');
});

test('where nobody listens, and a name that does not exist, are said in words', async () => {
  const refused = await grpcSender('http://127.0.0.1:1').send(gaugeRequest(1), 5_000);
  expect(refused).toMatchObject({ message: 'http://127.0.0.1:1 (OTLP/gRPC) cannot be reached: nothing listens there' });
  const unknown = await grpcSender('http://nowhere.invalid:4317').send(gaugeRequest(1), 5_000);
  expect(unknown).toMatchObject({ message: 'http://nowhere.invalid:4317 (OTLP/gRPC) cannot be reached: the host name is not known' });
});

test('an endpoint that is not gRPC is told apart, with the setting for OTLP/HTTP', async () => {
  const web = await other(createHttpServer((_, response) => response.end('hello')));
  const ssh = await other(createServer((socket) => socket.write('SSH-2.0-fake\r\n')));
  for (const port of [web, ssh]) {
    const result = await grpcSender(`http://127.0.0.1:${port}`).send(gaugeRequest(1), 5_000);
    expect(result).toMatchObject({ message: expect.stringMatching(/does not speak gRPC.*OTEL_EXPORTER_OTLP_PROTOCOL=http\/protobuf/) as string });
  }
  const mute = await other(createServer(() => undefined));
  const result = await grpcSender(`http://127.0.0.1:${mute}`).send(gaugeRequest(1), 200);
  expect(result).toMatchObject({ cause: 'timeout', retryable: true });
});
