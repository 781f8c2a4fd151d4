import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { type Transform, pipeline } from 'node:stream';
import { constants, createBrotliCompress, createDeflate, createGzip, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { HttpClient } from '../../src/http/client.ts';
import { mostHeaderBytes } from '../../src/http/limits.ts';
import { SourceError } from '../../src/model/source-error.ts';
import { type Script, pour, startRawServer, writeAnswer, writeHead } from '../support/raw-server.ts';

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

/** What the kernel may have taken from the server for a client that reads no more. */
const socketBuffers = 16 * mebibyte;

test.each<{ name: string; serve: Script; atMostSent: number }>([
  { name: '100 MB with their length', serve: hundredMegabytes('announced'), atMostSent: socketBuffers },
  { name: '100 MB in chunks', serve: hundredMegabytes('chunked'), atMostSent: 4 * mebibyte + socketBuffers },
  { name: '100 MB until the connection closes', serve: hundredMegabytes('until closed'), atMostSent: 4 * mebibyte + socketBuffers },
  { name: 'a thousand times as much as is taken, with its length', serve: announced(4_000 * mebibyte), atMostSent: socketBuffers },
  { name: 'no end in chunks', serve: endlessChunks, atMostSent: 4 * mebibyte + socketBuffers },
  // A megabyte on the wire inflates to a thousand; the limit on the wire is not what ends these.
  { name: 'a gzip bomb without end', serve: bomb('gzip', createGzip), atMostSent: mebibyte },
  { name: 'a deflate bomb without end', serve: bomb('deflate', createDeflate), atMostSent: mebibyte },
  { name: 'a brotli bomb without end', serve: bomb('br', quickBrotli), atMostSent: mebibyte },
])('$name: too large, and the client stops reading', async ({ serve, atMostSent }) => {
  await using server = await startRawServer(serve);
  expect(await read(server.url)).toBe('too_large');
  await server.allClosed();
  expect(server.sentBytes()).toBeLessThan(atMostSent);
});

test.each<{ name: string; serve: Script; outcome: number | 'too_large' }>([
  { name: '4 MiB with their length', serve: plain(4 * mebibyte), outcome: 4 * mebibyte },
  { name: 'a byte more with its length', serve: plain(4 * mebibyte + 1), outcome: 'too_large' },
  { name: '4 MiB in chunks', serve: chunks(4 * mebibyte), outcome: 4 * mebibyte },
  { name: 'a byte more in chunks', serve: chunks(4 * mebibyte + 1), outcome: 'too_large' },
  { name: '100 MB announced, of which none has come', serve: (socket) => writeHead(socket, '200 OK', { 'content-length': 1e8 }), outcome: 'too_large' },
  { name: 'more than 4 MiB that inflate to fewer', serve: chunkedGzip(randomBytes(4 * mebibyte)), outcome: 'too_large' },
  { name: '4 MiB inflated', serve: zipped(text(4 * mebibyte)), outcome: 4 * mebibyte },
  { name: 'a byte more inflated', serve: zipped(text(4 * mebibyte + 1)), outcome: 'too_large' },
  { name: '256 KiB that inflated a thousandfold', serve: zipped(spaces(256 * kibibyte)), outcome: 256 * kibibyte },
  { name: 'a byte more that inflated a thousandfold', serve: zipped(spaces(256 * kibibyte + 1)), outcome: 'too_large' },
])('$name: $outcome', async ({ serve, outcome }) => {
  await using server = await startRawServer(serve);
  expect(await read(server.url)).toBe(outcome);
});

/** An answer whose status text, header names and values have so many bytes together. */
function headers(bytes: number): Script {
  const others = 'OKcontent-length2x'.length;
  return (socket) => writeAnswer(socket, '200 OK', '{}', { x: 'a'.repeat(bytes - others) });
}

test.each<[bytes: number, outcome: number | 'too_large']>([
  [mostHeaderBytes - 1, 2],
  [mostHeaderBytes, 'too_large'],
  [mostHeaderBytes * 1_000, 'too_large'],
])('headers of %i bytes: %s', async (bytes, outcome) => {
  await using server = await startRawServer(headers(bytes));
  expect(await read(server.url)).toBe(outcome);
});

/** Length of the body that was read, or the reason why none was. */
async function read(url: URL): Promise<number | string> {
  const client = new HttpClient({ userAgent: 'test' });
  try {
    const { bytes } = await client.get({ url, headers: {}, signal: AbortSignal.timeout(15_000) });
    return bytes.length;
  } catch (error) {
    if (error instanceof SourceError) return error.reason;
    throw error;
  }
}

function hundredMegabytes(framing: 'announced' | 'chunked' | 'until closed'): Script {
  return (socket) => {
    const piece = Buffer.alloc(100_000, ' ');
    if (framing === 'announced') writeHead(socket, '200 OK', { 'content-length': 1e8 });
    else if (framing === 'chunked') writeHead(socket, '200 OK', { 'transfer-encoding': 'chunked' });
    else writeHead(socket, '200 OK', { connection: 'close' });
    const bytes = framing === 'chunked' ? chunk(piece) : piece;
    pour(socket, Array<Buffer>(1_000).fill(bytes).values());
  };
}

function announced(bytes: number): Script {
  return (socket) => {
    writeHead(socket, '200 OK', { 'content-length': bytes });
    pour(socket, forever(Buffer.alloc(100_000, ' ')));
  };
}

function endlessChunks(socket: Socket): void {
  writeHead(socket, '200 OK', { 'transfer-encoding': 'chunked' });
  pour(socket, forever(chunk(Buffer.alloc(100_000, ' '))));
}

function* forever(piece: Buffer): Generator<Buffer> {
  for (;;) yield piece;
}

function bomb(encoding: string, compressor: () => Transform): Script {
  return (socket) => {
    writeHead(socket, '200 OK', { 'content-encoding': encoding, connection: 'close' });
    pipeline(zeros, compressor(), socket, () => undefined);
  };
}

async function* zeros(): AsyncGenerator<Buffer> {
  const piece = Buffer.alloc(64 * kibibyte);
  for (;;) {
    // Lets the other side hang up in between.
    await new Promise((resolve) => setImmediate(resolve));
    yield piece;
  }
}

function quickBrotli(): Transform {
  return createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
}

function plain(bytes: number): Script {
  return (socket) => writeAnswer(socket, '200 OK', spaces(bytes));
}

function chunks(bytes: number): Script {
  return (socket) => {
    writeHead(socket, '200 OK', { 'transfer-encoding': 'chunked' });
    socket.write(chunk(spaces(bytes - 1)));
    socket.write(chunk(Buffer.from(' ')));
    socket.write('0\r\n\r\n');
  };
}

function zipped(bytes: Buffer): Script {
  return (socket: Socket) => writeAnswer(socket, '200 OK', gzipSync(bytes), { 'content-encoding': 'gzip' });
}

function chunkedGzip(bytes: Buffer): Script {
  return (socket) => {
    writeHead(socket, '200 OK', { 'content-encoding': 'gzip', 'transfer-encoding': 'chunked' });
    socket.write(chunk(gzipSync(bytes)));
    socket.write('0\r\n\r\n');
  };
}

function chunk(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
}

function spaces(bytes: number): Buffer {
  return Buffer.alloc(bytes, ' ');
}

/** Bytes that hardly get smaller. */
function text(bytes: number): Buffer {
  return Buffer.from(randomBytes(bytes).toString('base64').slice(0, bytes));
}
