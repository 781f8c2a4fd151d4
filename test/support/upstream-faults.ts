import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { createGzip, gzipSync } from 'node:zlib';
import type { HttpAnswer } from '../../src/demo/http-server.ts';
import type { Reason } from '../../src/model/reasons.ts';
import { type Script, pour, writeHead } from './raw-server.ts';

/** A fault of an upstream that answers, or should. */
export interface UpstreamFault {
  readonly name: string;
  /** What it is to be called. */
  readonly reason: Reason;
  /** What the upstream does with each request. */
  readonly answer: HttpAnswer;
}

const mebibyte = 1024 * 1024;
const challengePage = '<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>';
const json = { 'content-type': 'application/json' };

/** So much of zeros in so few bytes that only the ratio can tell. */
const bomb = gzipSync(Buffer.alloc(2 * mebibyte));

/** Faults that end by themselves. */
export const answeredFaults: readonly UpstreamFault[] = [
  refusal('401', 'credential_expired', 401),
  refusal('403', 'forbidden', 403),
  { name: 'a challenge page with 403', reason: 'challenged', answer: page(403, challengePage) },
  { name: 'a challenge page with 200', reason: 'challenged', answer: page(200, challengePage) },
  refusal('429', 'rate_limited', 429),
  refusal('429 for 90 seconds', 'rate_limited', 429, { 'retry-after': '90' }),
  refusal('429 until a date', 'rate_limited', 429, { 'retry-after': new Date(Date.now() + 90_000).toUTCString() }),
  refusal('429 until a date that has passed', 'rate_limited', 429, { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }),
  refusal('429 for an absurd time', 'rate_limited', 429, { 'retry-after': 'soon' }),
  refusal('302', 'upstream', 302, { location: '/elsewhere' }),
  refusal('404', 'upstream', 404),
  refusal('500', 'upstream', 500),
  refusal('502', 'upstream', 502),
  refusal('503', 'upstream', 503),
  refusal('504', 'upstream', 504),
  refusal('529', 'upstream', 529),
  { name: 'an HTML page', reason: 'schema', answer: page(200, '<html>hello</html>') },
  { name: 'an empty body', reason: 'schema', answer: { status: 200, headers: json, body: '' } },
  { name: 'broken JSON', reason: 'schema', answer: { status: 200, headers: json, body: '{"data": [' } },
  { name: 'JSON of another type', reason: 'schema', answer: { status: 200, body: ['nonsense', null, 7] } },
  { name: 'fields of another type', reason: 'schema', answer: { status: 200, body: { data: 'nonsense', limits: 'nonsense' } } },
  { name: 'an error in a 200', reason: 'schema', answer: { status: 200, body: { type: 'error', error: { type: 'api_error', message: 'no' } } } },
  { name: 'an encoding that was not asked for', reason: 'schema', answer: { status: 200, headers: { 'content-encoding': 'zstd' }, body: '{}' } },
  { name: 'gzip that is none', reason: 'schema', answer: { status: 200, headers: { 'content-encoding': 'gzip' }, body: 'no gzip' } },
  { name: 'another protocol', reason: 'schema', answer: raw((socket) => socket.end('SSH-2.0-fake\r\n')) },
  { name: 'a length that is too short', reason: 'schema', answer: raw((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{"data": []}')) },
  { name: 'a connection closed before the answer', reason: 'network', answer: raw((socket) => socket.destroy()) },
  { name: 'a connection reset before the answer', reason: 'network', answer: raw((socket) => socket.resetAndDestroy()) },
  { name: 'a body that is cut', reason: 'network', answer: raw((socket) => partOfABody(socket, () => socket.end())) },
  { name: 'a body that is reset', reason: 'network', answer: raw((socket) => partOfABody(socket, () => socket.resetAndDestroy())) },
  { name: '100 MB announced', reason: 'too_large', answer: raw((socket) => writeHead(socket, '200 OK', { 'content-length': 100_000_000 })) },
  { name: 'a gzip bomb', reason: 'too_large', answer: { status: 200, headers: { 'content-encoding': 'gzip' }, body: bomb } },
  { name: 'JSON too deep', reason: 'too_large', answer: { status: 200, headers: json, body: `${'['.repeat(1_000)}${']'.repeat(1_000)}` } },
  { name: 'headers of a megabyte', reason: 'too_large', answer: raw((socket) => socket.write(`HTTP/1.1 200 OK\r\n${`x: ${'y'.repeat(1_000)}\r\n`.repeat(1_000)}\r\n`)) },
];

/** Faults that would not end. */
export const endlessFaults: readonly UpstreamFault[] = [
  { name: 'no answer', reason: 'timeout', answer: () => undefined },
  { name: 'a head without a body', reason: 'timeout', answer: (response) => response.writeHead(200, json).flushHeaders() },
  { name: 'a body that stops', reason: 'timeout', answer: raw((socket) => partOfABody(socket, () => undefined)) },
  { name: 'a byte at a time', reason: 'timeout', answer: raw(inTurn((socket) => writeHead(socket, '200 OK', json), (socket) => drip(socket, ' '))) },
  { name: 'a header at a time', reason: 'timeout', answer: raw(inTurn((socket) => socket.write('HTTP/1.1 200 OK\r\n'), (socket) => drip(socket, 'x: y\r\n'))) },
];

/** Faults that cost the most memory where nobody counts. */
export const largeFaults: readonly UpstreamFault[] = [
  { name: '100 MB in chunks', reason: 'too_large', answer: (response) => pourBody(response, 100 * mebibyte) },
  { name: '100 MB of spaces until the connection closes', reason: 'too_large', answer: raw(inTurn((socket) => writeHead(socket, '200 OK', json), (socket) => pour(socket, megabytes(100)))) },
  { name: 'a gzip bomb without end', reason: 'too_large', answer: endlessBomb },
];

function refusal(name: string, reason: Reason, status: number, headers: Readonly<Record<string, string>> = {}): UpstreamFault {
  // In a proxy's words: in its own, the Admin API says what it withholds by design.
  return { name, reason, answer: { status, headers, body: 'no' } };
}

function page(status: number, body: string): HttpAnswer {
  return { status, headers: { 'content-type': 'text/html' }, body };
}

/** Whatever bytes a script writes, on the connection of the request. */
function raw(script: Script): HttpAnswer {
  return ({ socket }) => {
    if (socket !== null) script(socket);
  };
}

function inTurn(...scripts: readonly ((socket: Socket) => unknown)[]): Script {
  return (socket) => {
    for (const script of scripts) script(socket);
  };
}

function partOfABody(socket: Socket, then: () => void): void {
  writeHead(socket, '200 OK', { 'content-length': 1_000, ...json });
  socket.write('{"data": [', () => setTimeout(then, 10));
}

function drip(socket: Socket, piece: string): void {
  const timer = setInterval(() => socket.write(piece), 20);
  socket.once('close', () => clearInterval(timer));
}

function* megabytes(count: number): Generator<Buffer> {
  const one = Buffer.alloc(mebibyte, ' ');
  for (let i = 0; i < count; i++) yield one;
}

function pourBody(response: ServerResponse, bytes: number): void {
  const pieces = megabytes(bytes / mebibyte);
  const more = (): void => {
    while (!response.destroyed) {
      const piece = pieces.next();
      if (piece.done === true) response.end();
      else if (!response.write(piece.value)) response.once('drain', more);
      else continue;
      return;
    }
  };
  response.writeHead(200, json);
  more();
}

function endlessBomb(response: ServerResponse): void {
  response.writeHead(200, { ...json, 'content-encoding': 'gzip' });
  const gzip = createGzip();
  gzip.pipe(response);
  response.once('close', () => gzip.destroy());
  const zeros = Buffer.alloc(mebibyte);
  const more = (): void => {
    while (!gzip.destroyed && gzip.write(zeros));
    if (!gzip.destroyed) gzip.once('drain', more);
  };
  more();
}
