import { exitCode } from './exit-code.ts';

/** The first SIGINT or SIGTERM. */
export interface StopSignal {
  readonly received: Promise<NodeJS.Signals>;
}

/**
 * Waits for the first stop signal and keeps the process alive until then; a second one ends it at once. Handlers are
 * needed: as PID 1 of a container a process without them ignores the signals.
 */
export function stopSignal(): StopSignal {
  // The reader's timer holds nothing open.
  const keepAlive = setInterval(() => undefined, 2 ** 30);
  const received = new Promise<NodeJS.Signals>((resolve) => {
    let stopping = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (stopping) process.exit(exitCode.notDelivered);
      stopping = true;
      clearInterval(keepAlive);
      resolve(signal);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
  return { received };
}
