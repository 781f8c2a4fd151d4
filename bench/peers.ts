import { fork } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { SimulatorMessage } from './simulators.ts';

/** A push as it arrived. */
export type Push = Extract<SimulatorMessage, { kind: 'push' }>;

/** The simulators, seen from here. */
export interface Peers {
  /** Settings that lead an agent to them. */
  readonly settings: Readonly<Record<string, string>>;
  /** The next push that arrives. */
  nextPush(): Promise<Push>;
  stop(): void;
}

/** Starts the simulators in a process of their own. */
export async function startPeers(): Promise<Peers> {
  const child = fork(fileURLToPath(new URL('simulators.ts', import.meta.url)));
  const pushes = new EventEmitter();
  const settings = await new Promise<Readonly<Record<string, string>>>((resolve, reject) => {
    child.once('exit', () => reject(new Error('the simulators ended')));
    child.on('message', (message: SimulatorMessage) => {
      if (message.kind === 'settings') resolve(message.settings);
      else pushes.emit('push', message);
    });
  });
  return {
    settings,
    async nextPush() {
      const [push] = (await once(pushes, 'push')) as [Push];
      return push;
    },
    stop: () => child.disconnect(),
  };
}
