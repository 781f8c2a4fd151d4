/*
 * The peers of the agent, in a process of their own so that only the agent is measured: upstreams of a steady account, and a
 * receiver behind a meter. Tells its parent first the settings, then of each push.
 */
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { startReceiver } from '../src/demo/receiver.ts';
import { startUpstreams } from '../src/demo/upstreams.ts';
import { World } from '../src/demo/world.ts';
import { systemClock } from '../src/model/clock.ts';

/** What the parent is told. */
export type SimulatorMessage =
  | { readonly kind: 'settings'; readonly settings: Readonly<Record<string, string>> }
  /** A push has arrived: how many points, and bytes on the wire to the receiver so far. */
  | { readonly kind: 'push'; readonly points: number; readonly wireBytes: number };

function tell(message: SimulatorMessage): void {
  process.send?.(message);
}

let wireBytes = 0;
const receiver = await startReceiver({
  onRequest: (requests) => tell({ kind: 'push', points: requests.flatMap(({ points }) => points).length, wireBytes }),
});
const meter = createServer((socket) => {
  const onward = connect(receiver.port, '127.0.0.1');
  socket.on('data', (chunk) => (wireBytes += chunk.length));
  socket.on('error', () => onward.destroy()).pipe(onward);
  onward.on('error', () => socket.destroy()).pipe(socket);
});
await new Promise<void>((resolve) => meter.listen(0, '127.0.0.1', resolve));
const upstreams = await startUpstreams(new World({ seed: 7, clock: systemClock, speed: 1 }));
const { port } = meter.address() as AddressInfo;
tell({ kind: 'settings', settings: { ...upstreams.settings, OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` } });

// Not to outlive the parent.
process.on('disconnect', () => process.exit());
