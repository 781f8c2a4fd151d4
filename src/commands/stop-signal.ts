import { exitCode } from './exit-code.ts';

/** The first SIGINT or SIGTERM. */
export interface StopSignal {
  readonly received: Promise<NodeJS.Signals>;
}

let asked = false;

/** Whether a command that waits for a {@link stopSignal} has got one. */
export function isStopAsked(): boolean {
  return asked;
}

/**
 * Waits for the first stop signal and keeps the process alive until then; a second one ends it at once. Takes the signals
 * over from main, which would leave at the first.
 */
export function stopSignal(): StopSignal {
  // The reader's timer holds nothing open.
  const keepAlive = setInterval(() => undefined, 2 ** 30);
  const received = new Promise<NodeJS.Signals>((resolve) => {
    let stopping = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (stopping) process.exit(exitCode.notDelivered);
      stopping = true;
      asked = true;
      clearInterval(keepAlive);
      resolve(signal);
    };
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const others = process.listeners(signal);
      // Before the others go: with the last listener a signal that has just come would be forgotten.
      process.on(signal, onSignal);
      for (const other of others) process.off(signal, other);
    }
  });
  return { received };
}
