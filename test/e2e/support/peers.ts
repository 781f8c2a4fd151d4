import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { onTestFinished } from 'vitest';

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** A port where nothing listens. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Accepts and never answers. */
export async function startHungServer(): Promise<{ readonly port: number; readonly connected: Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer();
  const connected = new Promise<void>((resolve) => {
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      resolve();
    });
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  return { port: await listen(server), connected };
}

/** Resets its first connection, and then no longer listens. */
export async function startBrokenServer(): Promise<{ readonly port: number; readonly gone: Promise<void> }> {
  const server = createServer((socket) => {
    socket.resetAndDestroy();
    server.close();
  });
  const gone = new Promise<void>((resolve) => server.once('close', resolve));
  return { port: await listen(server), gone };
}

/** Passes connections on to a port, and keeps what the clients sent. */
export async function startRelay(to: number): Promise<{ readonly port: number; passed(): string }> {
  let passed = '';
  const server = createServer((socket) => {
    const onward = connect(to, '127.0.0.1');
    socket.on('data', (bytes) => (passed += bytes.toString('latin1')));
    socket.pipe(onward).pipe(socket);
    for (const end of [socket, onward]) end.on('error', () => end.destroy());
  });
  return { port: await listen(server), passed: () => passed };
}
