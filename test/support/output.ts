import type { RunningCli } from './cli.ts';

/** Resolves once a stream of a running command line has said this; rejects when it ends without. */
export function said({ child, ended }: RunningCli, stream: 'stdout' | 'stderr', text: string | RegExp): Promise<void> {
  let heard = '';
  return new Promise((resolve, reject) => {
    child[stream]?.on('data', (part: string) => {
      heard += part;
      if (typeof text === 'string' ? heard.includes(text) : text.test(heard)) resolve();
    });
    void ended.then(() => reject(new Error(`ended without ${String(text)}: ${heard}`)));
  });
}
