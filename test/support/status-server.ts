import { type Http2Session, type ServerHttp2Stream, createServer } from 'node:http2';
import { listening } from './proxy.ts';

/** How one gRPC answer looks on the wire. */
export interface WireStatus {
  readonly code: number;
  /** Bytes of a google.rpc.Status. */
  readonly details?: Buffer;
  /** All of it in the one block of headers that also opens the answer, instead of in trailers behind it. */
  readonly isTrailersOnly: boolean;
  /** Whether an empty message stands before the trailers. */
  readonly hasMessage?: boolean;
}

/** A server that answers calls as it is told, also as no gRPC library would. */
export interface StatusServer {
  readonly port: number;
  /** When each call had come in full; of `performance.now()`. */
  readonly callsAtMs: readonly number[];
  stop(): Promise<void>;
}

/** Starts one on loopback; `answer` gets how many calls came before. */
export async function startStatusServer(answer: (before: number) => WireStatus): Promise<StatusServer> {
  const callsAtMs: number[] = [];
  const sessions = new Set<Http2Session>();
  const server = createServer();
  server.on('session', (session) => void sessions.add(session));
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    stream.resume().once('end', () => {
      send(stream, answer(callsAtMs.push(performance.now()) - 1));
    });
  });
  return {
    port: await listening(server),
    callsAtMs,
    async stop() {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Five bytes of a message that is not compressed and has no bytes. */
const emptyMessage = Buffer.alloc(5);

function send(stream: ServerHttp2Stream, { code, details, isTrailersOnly, hasMessage = false }: WireStatus): void {
  const opening = { ':status': 200, 'content-type': 'application/grpc+proto' };
  const status = {
    'grpc-status': String(code),
    'grpc-message': 'said%20by%20the%20server',
    ...(details && { 'grpc-status-details-bin': details.toString('base64').replace(/=+$/, '') }),
  };
  if (isTrailersOnly) {
    stream.respond({ ...opening, ...status }, { endStream: true });
    return;
  }
  stream.respond(opening, { waitForTrailers: true });
  stream.once('wantTrailers', () => stream.sendTrailers(status));
  stream.end(hasMessage ? emptyMessage : undefined);
}
