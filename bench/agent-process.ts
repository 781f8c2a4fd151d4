import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { once } from 'node:events';
import { devNull } from 'node:os';
import { fileURLToPath } from 'node:url';

/** What a process has used. */
export interface Usage {
  /** Of all its threads, user and system. */
  readonly cpuMs: number;
  readonly residentMiB: number;
}

/** The built agent in a process of its own. */
export interface AgentProcess {
  /** When it was started, in milliseconds of this process. */
  readonly startedMs: number;
  /** What it has used so far. */
  usage(): Promise<Usage>;
  /** Its exit code, when it has ended. */
  readonly ended: Promise<number | null>;
  /** Asks it to stop. */
  stop(): void;
}

const entry = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/**
 * Loaded into the agent before anything else: answers a question with what the process has used. Node tells it alike on
 * every system, of the own process only.
 */
const probe = `data:text/javascript,${encodeURIComponent(`
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send({ cpuMs: (user + system) / 1000, residentMiB: process.memoryUsage.rss() / 2 ** 20 });
  });
  process.channel.unref();
`)}`;

/**
 * Starts the built agent with these settings and no others.
 * @param preload a module that it loads before anything else, and that speaks with this process.
 */
export function spawnAgent(command: readonly string[], settings: Readonly<Record<string, string>>, preload: string): ChildProcess {
  if (!existsSync(entry)) throw new Error(`there is no ${entry}; run npm run build`);
  return spawn(process.execPath, ['--import', preload, '--', entry, ...command], {
    env: { LOG_LEVEL: 'error', ...windowsOwn(), ...settings },
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

/** Starts the built agent with these settings and no others. */
export function startAgent(command: readonly string[], settings: Readonly<Record<string, string>> = {}): AgentProcess {
  const startedMs = performance.now();
  const child = spawnAgent(command, settings, probe);
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return {
    startedMs,
    ended,
    async usage() {
      const answer = once(child, 'message');
      child.send({});
      const [usage] = (await answer) as [Usage];
      return usage;
    },
    stop: () => void child.kill('SIGTERM'),
  };
}

/** Flags that keep a developer's own settings away. */
export const noEnvFile = ['--env-file', devNull];

/** Windows cannot open a socket without it. */
function windowsOwn(): Record<string, string> {
  const root = process.env['SystemRoot'];
  return root === undefined ? {} : { SystemRoot: root };
}
