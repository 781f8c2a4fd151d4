/*
 * What a backend or a proxy may do to a request over HTTP in place of answering it: whatever it is, the attempt ends, says what
 * came, and leaves no connection open.
 */
import { expect, test } from 'vitest';
import type { AttemptResult, BytesSender } from '../../src/export/attempt.ts';
import { httpSender } from '../../src/export/otlp-http.ts';
import { metricsSignal, tracesSignal } from '../../src/export/signal.ts';
import { cleanup } from '../support/cleanup.ts';
import { gaugeRequest } from '../support/metrics.ts';
import { type RawServer, type Script, pour, startRawServer, writeHead } from '../support/raw-server.ts';

const after = cleanup();

async function serverThat(script: Script): Promise<RawServer> {
  const server = await startRawServer(script);
  after(() => server[Symbol.asyncDispose]());
  return server;
}

/** @param proxy that leads, or would lead, to a backend which has no address. */
function senderBehind(proxy: RawServer): BytesSender {
  const sender = httpSender('https://backend.invalid/v1/metrics', { proxy: new URL(proxy.url.origin) });
  after(() => sender.close());
  return sender;
}

async function sendTo({ url }: RawServer, timeoutMs = 10_000, signal = metricsSignal): Promise<AttemptResult> {
  const sender = httpSender(`${url.origin}/${signal.path}`, { signal });
  after(() => sender.close());
  return sender.send(gaugeRequest(1), timeoutMs);
}

test.each([
  ['metrics', metricsSignal, { upgrade: 'websocket', connection: 'upgrade' }],
  ['traces', tracesSignal, { upgrade: 'websocket', connection: 'upgrade' }],
  ['metrics, even if it names none', metricsSignal, {}],
])('a change of protocol that nobody asked for is no answer to %s, and is not tried again', async (_, signal, headers) => {
  const server = await serverThat((socket) => writeHead(socket, '101 Switching Protocols', headers));
  expect(await sendTo(server, 10_000, signal)).toMatchObject({
    status: 'failed',
    retryable: false,
    forGood: false,
    cause: '101',
    message: expect.stringMatching(/answered 101: it changes to another protocol, which nobody asked for; check the endpoint$/) as string,
  });
  await server.allClosed();
});

/** How the reason of a refusal may fail to come whole. */
const reasons: readonly { readonly name: string; readonly head: Readonly<Record<string, string>>; readonly body: Script }[] = [
  { name: 'breaks off', head: { 'content-length': '9' }, body: (socket) => socket.end('slow') },
  { name: 'breaks off between its chunks', head: { 'transfer-encoding': 'chunked' }, body: (socket) => socket.end('4\r\nslow\r\n') },
  { name: 'is no chunk where one should be', head: { 'transfer-encoding': 'chunked' }, body: (socket) => socket.write('4\r\nslow\r\nthen\r\n') },
  { name: 'stops coming', head: { 'content-length': '9' }, body: (socket) => socket.write('slow') },
  { name: 'has no end', head: {}, body: (socket) => pour(socket, endless()) },
];

function* endless(): Generator<Buffer> {
  for (;;) yield Buffer.alloc(64 * 1024, 'slow ');
}

test.each(reasons)('a refusal whose reason $name stands, with its Retry-After', async ({ head, body }) => {
  const server = await serverThat((socket) => {
    writeHead(socket, '503 Service Unavailable', { 'content-type': 'text/plain', 'retry-after': 3_600, ...head });
    body(socket);
  });
  expect(await sendTo(server)).toMatchObject({
    status: 'failed',
    retryable: true,
    retryAfterMs: 3_600_000,
    cause: '503',
    // Half of a reason may end in half a secret.
    message: expect.stringMatching(/answered 503$/) as string,
  });
  await server.allClosed();
});

test('one for good stays one for good', async () => {
  const server = await serverThat((socket) => {
    writeHead(socket, '400 Bad Request', { 'content-length': 9 });
    socket.end('slow');
  });
  expect(await sendTo(server)).toMatchObject({ retryable: false, forGood: true, cause: '400' });
});

test('a success whose body breaks off is none', async () => {
  const server = await serverThat((socket) => {
    writeHead(socket, '200 OK', { 'content-type': 'application/x-protobuf', 'content-length': 9 });
    socket.end('slow');
  });
  expect(await sendTo(server)).toMatchObject({ status: 'failed', retryable: true, cause: 'ECONNRESET' });
});

// The proxy itself would be waited for longer than a test may take.
test('a proxy that says nothing is given up in time, and let go', { timeout: 5_000 }, async () => {
  const proxy = await serverThat(() => undefined);
  const result = await senderBehind(proxy).send(gaugeRequest(1), 100);
  expect(result).toMatchObject({ status: 'failed', retryable: true, cause: 'timeout', message: expect.stringMatching(/did not answer within 0\.1 s \(through the proxy/) as string });
  await proxy.allClosed();
  expect(proxy.heads).toEqual([expect.stringMatching(/^CONNECT backend\.invalid:443 /)]);
});

test('and so it is when the agent is stopped', { timeout: 5_000 }, async () => {
  const stop = new AbortController();
  const proxy = await serverThat(() => stop.abort());
  const sender = senderBehind(proxy);
  expect(await sender.send(gaugeRequest(1), 60_000, stop.signal)).toMatchObject({ status: 'failed', retryable: false, cause: 'stopped' });
  await proxy.allClosed();
  // Nor is it asked again.
  expect(await sender.send(gaugeRequest(1), 60_000, stop.signal)).toMatchObject({ cause: 'stopped' });
  expect(proxy.connections()).toBe(1);
});

test('what is stopped before it has a connection makes none', async () => {
  const stop = new AbortController();
  const server = await serverThat((socket) => writeHead(socket, '200 OK', { 'content-length': 0 }));
  const sender = httpSender(server.url.href);
  after(() => sender.close());
  const sent = sender.send(gaugeRequest(1), 60_000, stop.signal);
  stop.abort();
  expect(await sent).toMatchObject({ cause: 'stopped' });
  expect(await sender.send(gaugeRequest(1), 10_000)).toMatchObject({ status: 'acknowledged' });
  expect(server.connections()).toBe(1);
});
