import { createServer } from 'node:http';
import { type Socket, connect } from 'node:net';
import { listening } from './proxy.ts';

/** An HTTP proxy on loopback that opens ways by CONNECT. */
export interface ConnectProxy {
  readonly port: number;
  /** What it was asked for: `host:port`, and the credentials for the proxy that came with it. */
  readonly asked: readonly { readonly target: string; readonly authorization: string | undefined }[];
  stop(): Promise<void>;
}

/**
 * Starts a proxy.
 * @param way a port of this machine, whatever it was asked for; or the status that it answers instead; or nothing, ever.
 */
export async function startConnectProxy(way: (target: string) => { readonly port: number } | { readonly status: number } | 'hang'): Promise<ConnectProxy> {
  const asked: { target: string; authorization: string | undefined }[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((_request, response) => void response.writeHead(405).end());
  server.on('connection', (socket) => void sockets.add(socket));
  server.on('connect', (request, socket) => {
    socket.on('error', () => socket.destroy());
    const target = request.url ?? '';
    const authorization = request.headers['proxy-authorization'];
    asked.push({ target, authorization });
    const where = way(target);
    if (where === 'hang') return;
    if ('status' in where) {
      // It quotes the credentials for it, wherever there is text.
      socket.end(`HTTP/1.1 ${where.status} No ${authorization}\r\ncontent-type: text/html\r\nx-asked: ${authorization}\r\n\r\nno ${authorization}`);
      return;
    }
    const onward = connect(where.port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    sockets.add(onward);
    onward.on('error', () => socket.destroy());
  });
  return {
    port: await listening(server),
    asked,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
