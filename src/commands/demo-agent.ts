import { spawn } from 'node:child_process';
import { devNull } from 'node:os';
import { createInterface } from 'node:readline';

/** How the agent's process ended. */
export interface AgentEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A line of the agent's log, as far as it is looked at here. */
export interface LogLine {
  readonly level: string;
  /** Absent where the line is not of the log. */
  readonly time?: Date;
  readonly text: string;
  /** Where the agent’s status page is, in the line that says so. */
  readonly statusPage?: string;
}

/** The agent in a process of its own. */
export interface DemoAgent {
  readonly ended: Promise<AgentEnd>;
  /**
   * Asks it to stop, and ends it when it does not.
   * @param interrupted whether this process got an interrupt from the terminal, which the agent then has too.
   */
  stop(interrupted: boolean): Promise<AgentEnd>;
}

/** What an agent is started with. */
export interface DemoAgentOptions {
  /** File of this program. */
  readonly entry: string;
  /** All the agent gets to know. */
  readonly settings: Readonly<Record<string, string>>;
  readonly onLog: (line: LogLine) => void;
}

/** Longer than the agent takes to stop, whatever hangs. */
const killAfterMs = 15_000;
const interruptReachesWithinMs = 300;

/**
 * Starts `claude-usage-metrics run` unchanged: the same program in the same Node, with these settings and no others; the
 * environment of whoever starts the demo, and an .env beside it, do not reach it.
 */
export function startDemoAgent({ entry, settings, onLog }: DemoAgentOptions): DemoAgent {
  // Node itself would look for --env-file behind the script, but for the two dashes.
  const child = spawn(process.execPath, [...process.execArgv, '--', entry, 'run', '--env-file', devNull], {
    env: { ...windowsOwn(), ...settings },
    stdio: ['ignore', 'ignore', 'pipe'],
    windowsHide: true,
  });
  // However this process ends, the agent does not outlive it.
  const kill = (): void => void child.kill('SIGKILL');
  process.on('exit', kill);
  let stopping = false;
  createInterface(child.stderr).on('line', (line) => {
    const parsed = parseLog(line);
    stopping ||= parsed.signal !== undefined;
    onLog(parsed);
  });
  const ended = new Promise<AgentEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      process.off('exit', kill);
      resolve({ code, signal });
    });
  });

  return {
    ended,
    async stop(interrupted) {
      const over = ended.then(() => true);
      if (interrupted) {
        // A second signal would cut its last push short.
        await Promise.race([over, wait(interruptReachesWithinMs)]);
      }
      if (!stopping) child.kill('SIGTERM');
      const timer = setTimeout(kill, killAfterMs);
      const end = await ended;
      clearTimeout(timer);
      return end;
    },
  };
}

/** Windows cannot open a socket without it. */
function windowsOwn(): Record<string, string> {
  const root = process.env['SystemRoot'];
  return root === undefined ? {} : { SystemRoot: root };
}

function parseLog(line: string): LogLine & { readonly signal?: string } {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return { level: 'error', text: line };
  }
  const { level, time, msg, source, reason, signal, statusPage } = fields;
  const message = typeof msg === 'string' ? msg : '';
  return {
    level: typeof level === 'string' ? level : 'info',
    ...(typeof time === 'string' && { time: new Date(time) }),
    ...(typeof signal === 'string' && { signal }),
    ...(typeof statusPage === 'string' && { statusPage }),
    text: typeof reason === 'string' ? `${String(source)} ${reason}: ${message}` : message,
  };
}

function wait(ms: number): Promise<false> {
  return new Promise((resolve) => setTimeout(() => resolve(false), ms));
}
