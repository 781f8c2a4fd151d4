import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { pipeline } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a stretch of network does to the connections that are made over it. */
export type NetworkFault =
  | { readonly kind: 'none' }
  /** The answer begins so much later. */
  | { readonly kind: 'latency'; readonly ms: number }
  /** After so many bytes of answers the connection is reset, or closed as if all were said. */
  | { readonly kind: 'reset' | 'cut'; readonly afterBytes: number }
  /** Answers come in pieces of so many bytes. */
  | { readonly kind: 'drip'; readonly bytes: number; readonly everyMs: number }
  /** Is made, and passes nothing on. */
  | { readonly kind: 'black hole' }
  /** Is not made: nothing listens. */
  | { readonly kind: 'refuse' };

/** A stretch of network in front of a port of this machine. */
export interface Proxy {
  readonly port: number;
  /** Bytes on the way to the port so far. */
  readonly bytes: number;
  readonly connections: number;
  /** From now on for new connections. */
  become(fault: NetworkFault): Promise<void>;
  /** The connections of now pass nothing on any more, as after a cable was pulled; new ones do. */
  freeze(): void;
  stop(): Promise<void>;
}

interface Connection {
  readonly sockets: readonly Socket[];
  isFrozen: boolean;
}

/**
 * Starts a proxy.
 * @param host address of its own, of this machine; 127.0.0.1 if absent.
 * @param ownPort any free one if absent.
 */
export async function startProxy(target: number, host = '127.0.0.1', ownPort = 0): Promise<Proxy> {
  const connections = new Set<Connection>();
  let bytes = 0;
  let made = 0;
  let fault: NetworkFault = { kind: 'none' };
  const server = createServer((socket) => {
    const onward = connect(target, '127.0.0.1');
    const connection: Connection = { sockets: [socket, onward], isFrozen: fault.kind === 'black hole' };
    connections.add(connection);
    made += 1;
    socket.on('data', (chunk) => (bytes += chunk.length));
    pipeline(socket, (asked: AsyncIterable<Buffer>) => passed(asked, connection, { kind: 'none' }), onward, () => undefined);
    const answers = (answer: AsyncIterable<Buffer>): AsyncGenerator<Buffer> => passed(answer, connection, fault, () => socket.resetAndDestroy());
    pipeline(onward, answers, socket, () => undefined);
  });
  const port = await listening(server, ownPort, host);
  const close = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
  return {
    port,
    get bytes() {
      return bytes;
    },
    get connections() {
      return made;
    },
    async become(next) {
      fault = next;
      // Connections that were made stay; they are not waited for.
      if (next.kind === 'refuse') void close();
      else if (!server.listening) await listening(server, port, host);
    },
    freeze() {
      for (const connection of connections) connection.isFrozen = true;
    },
    async stop() {
      for (const { sockets } of connections) for (const socket of sockets) socket.destroy();
      if (server.listening) await close();
    },
  };
}

async function* passed(from: AsyncIterable<Buffer>, connection: Connection, fault: NetworkFault, reset?: () => void): AsyncGenerator<Buffer> {
  let count = 0;
  for await (const chunk of from) {
    if (fault.kind === 'latency' && count === 0) await sleep(fault.ms, undefined, { ref: false });
    if (connection.isFrozen) await forEver;
    const end = count + chunk.length;
    if (fault.kind === 'drip') {
      for (let at = 0; at < chunk.length; at += fault.bytes) {
        yield chunk.subarray(at, at + fault.bytes);
        await sleep(fault.everyMs, undefined, { ref: false });
      }
    } else if ((fault.kind === 'cut' || fault.kind === 'reset') && end > fault.afterBytes) {
      yield chunk.subarray(0, fault.afterBytes - count);
      if (fault.kind === 'reset') reset?.();
      return;
    } else {
      yield chunk;
    }
    count = end;
  }
  // Nor does its end pass.
  if (connection.isFrozen) await forEver;
}

const forEver = new Promise<never>(() => undefined);

/** Binds a server to a port of loopback, any free one unless told otherwise. */
export async function listening(server: Server, port = 0, host = '127.0.0.1'): Promise<number> {
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  return (server.address() as AddressInfo).port;
}
