/*
 * An OTLP/HTTP receiver in a process of its own that counts points without making anything of them. Tells its parent the address,
 * and on any message what it has acknowledged so far.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the parent is told first. */
export interface ReceiverAddress {
  readonly url: string;
}

/** What was acknowledged so far. */
export interface ReceiverFigures {
  readonly requests: number;
  readonly wireBytes: number;
  readonly points: number;
}

const varint = 0;
const fixed64 = 1;
const bytes = 2;
const fixed32 = 5;

/** Fields of opentelemetry.proto.collector.metrics.v1 on the way to a message's points: resource, scope, metric, gauge or sum, point. */
const way: readonly (readonly number[])[] = [[1], [2], [2], [5, 7], [1]];

/** How many points a part of a request has; `depth` of {@link way} leads there. */
function pointsIn(message: Buffer, from: number, to: number, depth: number): number {
  if (depth === way.length) return 1;
  let points = 0;
  let at = from;
  const read = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = message[at++] ?? 0;
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  while (at < to) {
    const tag = read();
    const [field, type] = [Math.floor(tag / 8), tag % 8];
    if (type === varint) read();
    else if (type === fixed64) at += 8;
    else if (type === fixed32) at += 4;
    else if (type === bytes) {
      const length = read();
      if (way[depth]?.includes(field) === true) points += pointsIn(message, at, at + length, depth + 1);
      at += length;
    } else throw new Error('not a protobuf message');
  }
  return points;
}

let requests = 0;
let wireBytes = 0;
let points = 0;
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks);
    // Traces come to the same address.
    if (request.url === '/v1/metrics') {
      requests += 1;
      wireBytes += body.length;
      points += pointsIn(body, 0, body.length, 0);
    }
    response.writeHead(200, { 'content-type': 'application/x-protobuf' });
    response.end();
  });
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

process.on('message', () => process.send?.({ requests, wireBytes, points } satisfies ReceiverFigures));
// Not to outlive the parent.
process.on('disconnect', () => process.exit());
process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } satisfies ReceiverAddress);
