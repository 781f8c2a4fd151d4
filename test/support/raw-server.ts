import { type AddressInfo, type Socket, createServer } from 'node:net';

/** What a raw server does once a whole request head has come. */
export type Script = (socket: Socket) => void;

/** A server that speaks whatever bytes its script writes. */
export interface RawServer extends AsyncDisposable {
  readonly url: URL;
  readonly port: number;
  /** Heads of the requests that came, in order. */
  readonly heads: readonly string[];
  /** Bytes handed to the network on all connections so far. */
  sentBytes(): number;
  connections(): number;
  /** Resolves when no connection is open any more. */
  allClosed(): Promise<void>;
}

/** Starts a raw server on loopback; every request gets `script`. */
export async function startRawServer(script: Script, host = '127.0.0.1'): Promise<RawServer> {
  const sockets = new Set<Socket>();
  const open = new Set<Socket>();
  const heads: string[] = [];
  let whenClosed: (() => void)[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    open.add(socket);
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      const end = received.indexOf('\r\n\r\n');
      if (end < 0) return;
      heads.push(received.slice(0, end));
      received = received.slice(end + 4);
      script(socket);
    });
    // The client hangs up on most of what is served here.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      open.delete(socket);
      if (open.size > 0) return;
      for (const resolve of whenClosed) resolve();
      whenClosed = [];
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://${host}:${port}/key`),
    port,
    heads,
    sentBytes: () => [...sockets].reduce((sum, socket) => sum + socket.bytesWritten - socket.writableLength, 0),
    connections: () => sockets.size,
    allClosed: () => (open.size === 0 ? Promise.resolve() : new Promise((resolve) => whenClosed.push(resolve))),
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Writes an answer's head. */
export function writeHead(socket: Socket, status: string, headers: Readonly<Record<string, string | number>>): void {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`);
}

/** Writes a whole answer with its length. */
export function writeAnswer(
  socket: Socket,
  status: string,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): void {
  const bytes = Buffer.from(body);
  writeHead(socket, status, { 'content-length': bytes.length, ...headers });
  socket.write(bytes);
}

/** Writes pieces no faster than the other side takes them, until there is none left or the connection has gone. */
export function pour(socket: Socket, pieces: Iterator<Buffer>): void {
  while (!socket.destroyed) {
    const next = pieces.next();
    if (next.done === true) {
      socket.end();
      return;
    }
    if (!socket.write(next.value)) {
      socket.once('drain', () => pour(socket, pieces));
      return;
    }
  }
}
