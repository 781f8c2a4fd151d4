import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';

/** A stretch of network in front of a port of this machine. */
export interface Proxy {
  readonly port: number;
  /** Bytes on the way to the port so far. */
  readonly bytes: number;
  readonly connections: number;
  /** The connections of now pass nothing on any more, as after a cable was pulled; new ones do. */
  freeze(): void;
  stop(): Promise<void>;
}

/** Starts a proxy. */
export async function startProxy(target: number): Promise<Proxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let bytes = 0;
  let connections = 0;
  const server = createServer((socket) => {
    const onward = connect(target, '127.0.0.1');
    const pair = [socket, onward] as const;
    pairs.add(pair);
    connections += 1;
    socket.on('data', (chunk) => (bytes += chunk.length));
    socket.on('error', () => onward.destroy()).pipe(onward);
    onward.on('error', () => socket.destroy()).pipe(socket);
  });
  const port = await listening(server);
  return {
    port,
    get bytes() {
      return bytes;
    },
    get connections() {
      return connections;
    },
    freeze() {
      for (const [socket, onward] of pairs) {
        socket.unpipe().pause();
        onward.unpipe().pause();
      }
    },
    async stop() {
      for (const sockets of pairs) for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Binds a server to any free port of loopback. */
export async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
