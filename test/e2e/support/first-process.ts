import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';

/** A built agent under way. */
export interface SignalledAgent {
  /** What it has written to stderr so far. */
  readonly stderr: string;
  /** To the agent itself, from outside. */
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly atMs: number }>;
}

/** Who starts the agent: a shell or the like, or a container's runtime, in which the agent is process 1. */
export type StartedAs = 'a process' | 'process 1';

const unshare = ['unshare', ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']), '--pid', '--fork', '--kill-child'];

/** Starts the built agent with nothing but these variables; it ends with the test at the latest. Process 1 is Linux's. */
export function startAs(as: StartedAs, args: readonly string[], environment: Readonly<Record<string, string>>): SignalledAgent {
  const own = [process.execPath, '--', process.env['TEST_ENTRY'] ?? '', ...args];
  const [program = '', ...rest] = as === 'a process' ? own : [...unshare, ...own];
  const env = { PATH: process.env['PATH'] ?? '', HTTP_ADDRESS: '127.0.0.1:0', ...environment };
  const child = spawn(program, rest, { env, cwd: import.meta.dirname, stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<Awaited<SignalledAgent['ended']>>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, atMs: performance.now() }));
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return {
    get stderr() {
      return stderr;
    },
    signal: (signal) => process.kill(as === 'a process' ? Number(child.pid) : childOf(child), signal),
    ended,
  };
}

function childOf({ pid }: ChildProcess): number {
  const child = Number(readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8').trim());
  // Before there is one: a signal to 0 goes to the tests' own process group.
  if (!(child > 0)) throw new Error(`process ${String(pid)} has no child yet`);
  return child;
}
