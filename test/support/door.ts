import { type Socket, connect } from 'node:net';
import { createServer } from 'node:tls';
import type { Identity } from './certificates.ts';
import { listening } from './proxy.ts';

/** What stands before a plain server of this machine and speaks TLS for it. */
export interface Door {
  readonly port: number;
  /** From now on it shows this certificate; no connection of before is left. */
  show(identity: Identity): Promise<void>;
  /** Nothing listens any more, and no connection is left. */
  shut(): Promise<void>;
  /** Listens again, at the same port. */
  open(): Promise<void>;
  /** Ends every connection, and waits until the other side has seen it. */
  cut(): Promise<void>;
}

/** Starts one. @param protocol what it agrees to, by its name in ALPN. */
export async function startDoor(target: number, identity: Identity, protocol: 'h2' | 'http/1.1'): Promise<Door> {
  const sockets = new Set<Socket>();
  const context = ({ certificate, key }: Identity): { cert: string; key: string } => ({ cert: certificate, key });
  const server = createServer({ ...context(identity), ALPNProtocols: [protocol] }, (socket) => {
    const onward = connect(target, '127.0.0.1');
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    for (const one of [socket, onward]) one.on('error', () => one.destroy());
    socket.pipe(onward).pipe(socket);
  });
  const port = await listening(server);
  const cut = async (): Promise<void> => {
    await Promise.all([...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve).end())));
  };
  return {
    port,
    cut,
    async show(next) {
      server.setSecureContext(context(next));
      await cut();
    },
    async shut() {
      if (!server.listening) return;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await cut();
      await closed;
    },
    async open() {
      if (!server.listening) await listening(server, port);
    },
  };
}

/** Port of an address of this machine. */
export function portOf(url: string | undefined): number {
  return Number(new URL(url ?? '').port);
}

