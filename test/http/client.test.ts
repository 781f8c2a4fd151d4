import { getEventListeners } from 'node:events';
import type { Socket } from 'node:net';
import { inspect } from 'node:util';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { HttpClient, type HttpResponse } from '../../src/http/client.ts';
import { parseJson } from '../../src/http/json.ts';
import type { Reason } from '../../src/model/reasons.ts';
import { SourceError } from '../../src/model/source-error.ts';
import { type Script, startRawServer, writeAnswer, writeHead } from '../support/raw-server.ts';

const key = 'sk-or-v1-visibly-fake';
const goodJson = { data: { usage: 1 } };
const good = JSON.stringify(goodJson);
const gzipped = gzipSync(good.repeat(50));

/** The deadline of a request that is meant to meet it, and of one that is not. */
const shortMs = 2_000;
const longMs = 10_000;

/** Bytes on the wire, and what the client is to say of them. */
const faults: readonly { readonly name: string; readonly reason: Reason; readonly serve: Script }[] = [
  { name: 'no answer at all', reason: 'timeout', serve: () => undefined },
  { name: 'a head that never ends', reason: 'timeout', serve: (socket) => socket.write('HTTP/1.1 200 OK\r\nx-one: 1\r\n') },
  { name: 'a body that never comes', reason: 'timeout', serve: (socket) => writeHead(socket, '200 OK', { 'content-length': 20 }) },
  { name: 'a body of one byte a second', reason: 'timeout', serve: drip },
  { name: 'interim answers without end', reason: 'timeout', serve: interim },
  { name: 'a connection closed before the answer', reason: 'network', serve: (socket) => socket.end() },
  { name: 'a connection reset before the answer', reason: 'network', serve: (socket) => socket.resetAndDestroy() },
  { name: 'a connection closed within the head', reason: 'network', serve: (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-le') },
  { name: 'a connection reset within the body', reason: 'network', serve: beginThen((socket) => socket.resetAndDestroy()) },
  { name: 'a body shorter than its length', reason: 'network', serve: beginThen((socket) => socket.end()) },
  { name: 'a chunked body without its end', reason: 'network', serve: (socket) => chunked(socket, '5\r\n{"dat\r\n').end() },
  { name: 'a chunk of no size', reason: 'schema', serve: (socket) => chunked(socket, 'zz\r\n{"dat\r\n') },
  { name: 'two lengths', reason: 'schema', serve: text('HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}') },
  { name: 'a length that is none', reason: 'schema', serve: text('HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n{}') },
  { name: 'a body without a head', reason: 'schema', serve: text('<html>Good day</html>\r\n') },
  { name: 'bytes of another protocol', reason: 'schema', serve: (socket) => socket.end(Buffer.from('160303007a0200007603', 'hex')) },
  { name: 'a body longer than its length', reason: 'schema', serve: text(`HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}and more`) },
  { name: 'a change of protocol that nobody asked for', reason: 'upstream', serve: text('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n') },
  { name: 'a header of 64 kB', reason: 'too_large', serve: text(`HTTP/1.1 200 OK\r\nx-large: ${'a'.repeat(65_536)}\r\n\r\n`) },
  { name: 'ten thousand headers', reason: 'too_large', serve: text(`HTTP/1.1 200 OK\r\n${'x-one: 1\r\n'.repeat(10_000)}\r\n`) },
  { name: 'truncated gzip', reason: 'schema', serve: encoded('gzip', gzipped.subarray(0, -12)) },
  { name: 'gzip with a wrong checksum', reason: 'schema', serve: encoded('gzip', Buffer.concat([gzipped.subarray(0, -8), Buffer.alloc(8, 1)])) },
  { name: 'truncated deflate', reason: 'schema', serve: encoded('deflate', deflateSync(good.repeat(50)).subarray(0, -8)) },
  { name: 'truncated brotli', reason: 'schema', serve: encoded('br', brotliCompressSync(good.repeat(50)).subarray(0, -4)) },
  { name: 'brotli that is none', reason: 'schema', serve: encoded('br', Buffer.from('ffffffffffffffff', 'hex')) },
  { name: 'gzip that is none', reason: 'schema', serve: encoded('gzip', Buffer.from(good)) },
  { name: 'an encoding that nobody asked for', reason: 'schema', serve: encoded('zstd', Buffer.from(good)) },
  { name: 'two encodings', reason: 'schema', serve: encoded('gzip, gzip', gzipSync(gzipped)) },
];

describe.concurrent('a fault on the wire', () => {
  test.each(faults)('$name is $reason, and the next request goes well', async ({ reason, serve }) => {
    const seen: (number | undefined)[] = [];
    await using server = await startRawServer((socket) => {
      if (server.heads.length === 1) serve(socket);
      else writeAnswer(socket, '200 OK', good);
    });
    const client = new HttpClient({ userAgent: 'test', observe: (status) => seen.push(status) });
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), reason === 'timeout' ? shortMs : longMs);

    const startedMs = performance.now();
    const error = await failureOf(client.get(request(server.url, deadline.signal)));
    const tookMs = performance.now() - startedMs;
    clearTimeout(timer);

    expect(error.reason).toBe(reason);
    expect(error.message).toContain(server.url.host);
    expect(tookMs).toBeLessThan(2 * (reason === 'timeout' ? shortMs : longMs));
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(key);
    expect(seen).toHaveLength(1);
    expect(getEventListeners(deadline.signal, 'abort')).toEqual([]);
    await server.allClosed();

    const answer = await client.get(request(server.url));
    expect(answer.status).toBe(200);
    expect(jsonOf(answer)).toEqual(goodJson);
    expect(server.heads).toHaveLength(2);
  });
});

test('a port that nobody listens on is network', async () => {
  const server = await startRawServer(() => undefined);
  await server[Symbol.asyncDispose]();
  const seen: (number | undefined)[] = [];
  const client = new HttpClient({ userAgent: 'test', observe: (status) => seen.push(status) });
  const error = await failureOf(client.get(request(server.url)));
  expect(error).toMatchObject({ reason: 'network', message: `no complete answer from 127.0.0.1:${server.port}: ECONNREFUSED` });
  expect(seen).toEqual([undefined]);
});

test.each([
  // No name server is asked for this one: a label has at most 63 characters.
  `${'a'.repeat(64)}.invalid`,
  'upstream.invalid',
])('a name that does not resolve is dns: %s', async (host) => {
  const startedMs = performance.now();
  const error = await failureOf(new HttpClient({ userAgent: 'test' }).get(request(new URL(`http://${host}/`))));
  // A resolver that is out of reach may take its time; then the deadline ends the request.
  expect(performance.now() - startedMs).toBeLessThan(2 * longMs);
  expect(host.startsWith('a') ? ['dns'] : ['dns', 'timeout']).toContain(error.reason);
});

test('a request whose deadline has passed is not made', async () => {
  await using server = await startRawServer((socket) => writeAnswer(socket, '200 OK', good));
  const seen: (number | undefined)[] = [];
  const client = new HttpClient({ userAgent: 'test', observe: (status) => seen.push(status) });
  const error = await failureOf(client.get(request(server.url, AbortSignal.abort())));
  expect(error.reason).toBe('timeout');
  expect(seen).toEqual([]);
  expect(server.connections()).toBe(0);
});

test('bytes that come after a good answer cost its connection and nothing else', async () => {
  const sockets: Socket[] = [];
  await using server = await startRawServer((socket) => {
    sockets.push(socket);
    writeAnswer(socket, '200 OK', good);
  });
  const client = new HttpClient({ userAgent: 'test' });
  expect(jsonOf(await client.get(request(server.url)))).toEqual(goodJson);
  sockets[0]?.write('and then some\r\n\r\n');
  await server.allClosed();
  expect(jsonOf(await client.get(request(server.url)))).toEqual(goodJson);
  expect(server.connections()).toBe(2);
});

test('a good answer leaves its connection to the next request', async () => {
  await using server = await startRawServer((socket) => writeAnswer(socket, '200 OK', good));
  const client = new HttpClient({ userAgent: 'test' });
  for (let i = 0; i < 3; i++) await client.get(request(server.url));
  expect(server.heads).toHaveLength(3);
  expect(server.connections()).toBe(1);
});

test.each([
  ['nothing', undefined, Buffer.from(good)],
  ['identity', 'identity', Buffer.from(good)],
  ['gzip', 'gzip', gzipSync(good)],
  ['x-gzip', 'x-gzip', gzipSync(good)],
  ['GZIP', 'GZIP', gzipSync(good)],
  ['deflate', 'deflate', deflateSync(good)],
  ['brotli', 'br', brotliCompressSync(good)],
  ['a byte order mark', undefined, Buffer.from(`\ufeff${good}`)],
])('a body encoded with %s is read', async (_name, encoding, bytes) => {
  await using server = await startRawServer((socket) =>
    writeAnswer(socket, '200 OK', bytes, encoding === undefined ? {} : { 'content-encoding': encoding }),
  );
  const answer = await new HttpClient({ userAgent: 'test' }).get(request(server.url));
  expect(jsonOf(answer)).toEqual(goodJson);
  // Node's own buffers lie in memory that others use too: that could not be handed to a worker.
  expect(answer.bytes.buffer.byteLength).toBe(answer.bytes.length);
});

test('the request carries what is asked for and nothing of the process', async () => {
  await using server = await startRawServer((socket) => writeAnswer(socket, '200 OK', good));
  await new HttpClient({ userAgent: 'claude-usage-metrics/0' }).get(request(server.url));
  const [line, ...headers] = server.heads[0]?.split('\r\n') ?? [];
  expect(line).toBe('GET /key HTTP/1.1');
  expect(headers.map((header) => header.toLowerCase()).sort()).toEqual([
    'accept-encoding: gzip, deflate, br',
    'accept: application/json',
    `authorization: bearer ${key}`,
    'connection: keep-alive',
    `host: 127.0.0.1:${server.port}`,
    'user-agent: claude-usage-metrics/0',
  ]);
});

describe.concurrent('a refusal stands even if its page', () => {
  const refusal = { 'retry-after': '120', 'content-type': 'application/json' };
  test.each<{ name: string; deadlineMs: number; serve: Script }>([
    { name: 'never comes', deadlineMs: shortMs, serve: (socket) => writeHead(socket, '429 Slow', { ...refusal, 'content-length': 20 }) },
    { name: 'breaks off', deadlineMs: longMs, serve: (socket) => (writeHead(socket, '429 Slow', { ...refusal, 'content-length': 20 }), socket.end('{')) },
    { name: 'is too large', deadlineMs: longMs, serve: (socket) => writeHead(socket, '429 Slow', { ...refusal, 'content-length': 1e8 }) },
    { name: 'cannot be inflated', deadlineMs: longMs, serve: (socket) => writeAnswer(socket, '429 Slow', 'x', { ...refusal, 'content-encoding': 'gzip' }) },
    { name: 'is empty though encoded', deadlineMs: longMs, serve: (socket) => writeAnswer(socket, '429 Slow', '', { ...refusal, 'content-encoding': 'gzip' }) },
  ])('$name', async ({ deadlineMs, serve }) => {
    await using server = await startRawServer(serve);
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), deadlineMs);
    const response = await new HttpClient({ userAgent: 'test' }).get(request(server.url, deadline.signal));
    clearTimeout(timer);
    expect(response.status).toBe(429);
    expect(response.header('retry-after')).toBe('120');
  });
});

test('an answer that comes after its deadline leaves no rejection behind', async () => {
  const rejections: unknown[] = [];
  const listen = (rejection: unknown): unknown => rejections.push(rejection);
  process.on('unhandledRejection', listen);
  process.on('uncaughtException', listen);
  onTestFinished(() => void process.off('unhandledRejection', listen).off('uncaughtException', listen));
  const waiting: Socket[] = [];
  await using server = await startRawServer((socket) => waiting.push(socket));
  const deadline = new AbortController();
  const read = failureOf(new HttpClient({ userAgent: 'test' }).get(request(server.url, deadline.signal)));
  await expect.poll(() => waiting.length).toBe(1);
  deadline.abort();
  expect((await read).reason).toBe('timeout');
  for (const socket of waiting) {
    socket.write('nonsense, late\r\n\r\n');
    socket.resetAndDestroy();
  }
  await server.allClosed();
  // Rejections are reported once the microtasks of a turn have run.
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  expect(rejections).toEqual([]);
});

function jsonOf({ bytes }: HttpResponse): unknown {
  return parseJson(bytes, 'the upstream');
}

function request(url: URL, signal: AbortSignal = AbortSignal.timeout(longMs)): Parameters<HttpClient['get']>[0] {
  return { url, signal, headers: { authorization: `Bearer ${key}` } };
}

async function failureOf(answer: Promise<unknown>): Promise<SourceError> {
  const outcome: unknown = await answer.catch((error: unknown) => error);
  if (!(outcome instanceof SourceError)) throw new Error(`expected a SourceError: ${inspect(outcome)}`);
  return outcome;
}

function text(bytes: string): Script {
  return (socket) => socket.write(bytes);
}

function encoded(encoding: string, bytes: Buffer): Script {
  return (socket) => writeAnswer(socket, '200 OK', bytes, { 'content-encoding': encoding, connection: 'close' });
}

function chunked(socket: Socket, bytes: string): Socket {
  writeHead(socket, '200 OK', { 'transfer-encoding': 'chunked' });
  socket.write(bytes);
  return socket;
}

/** The first half of a good answer; what follows once it has been sent is up to the caller. */
function beginThen(rest: (socket: Socket) => void): Script {
  return (socket) => {
    writeHead(socket, '200 OK', { 'content-length': good.length });
    socket.write(good.slice(0, 8), () => rest(socket));
  };
}

function drip(socket: Socket): void {
  writeHead(socket, '200 OK', { 'content-length': good.length });
  let sent = 0;
  const timer = setInterval(() => socket.write(good.charAt(sent++)), 1_000);
  socket.write(good.charAt(sent++));
  socket.once('close', () => clearInterval(timer));
}

function interim(socket: Socket): void {
  const timer = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\n'), 100);
  socket.once('close', () => clearInterval(timer));
}

test('a refusal whose page never comes is an answer after a second, and leaves the read the rest of its time', async () => {
  await using server = await startRawServer((socket) => writeHead(socket, '401 Unauthorized', { 'content-length': 20, 'retry-after': 7 }));
  const startedMs = performance.now();
  const answer = await new HttpClient({ userAgent: 'test' }).get(request(server.url));
  expect(answer.status).toBe(401);
  expect(answer.header('retry-after')).toBe('7');
  expect(performance.now() - startedMs).toBeLessThan(2_000);
});
