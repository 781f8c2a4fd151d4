import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** How a run of the command line ended. */
export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running command line. */
export interface RunningCli {
  readonly child: ChildProcess;
  /** What it has written to stderr so far. */
  readonly stderr: string;
  readonly ended: Promise<CliResult>;
}

const entry = process.env['TEST_ENTRY'] ?? fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** What Node has compiled once is not compiled again by each of many short processes. */
const compileCache = fileURLToPath(new URL('../../node_modules/.cache/compiled', import.meta.url));

/**
 * Starts the agent's command line with nothing but these environment variables; its server takes any free port, and it makes no
 * traces unless told to: most receivers here take metrics alone.
 * @param nodeArgs options for Node itself. @param program another build's entry.
 */
export function startCli(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  cwd?: string,
  nodeArgs: readonly string[] = [],
  program = entry,
): RunningCli {
  const child = spawn(process.execPath, [...nodeArgs, '--', program, ...args], {
    env: { PATH: process.env['PATH'] ?? '', HTTP_ADDRESS: '127.0.0.1:0', OTEL_TRACES_EXPORTER: 'none', NODE_COMPILE_CACHE: compileCache, ...environment },
    // The default .env of a developer's checkout must not reach a test.
    cwd: cwd ?? fileURLToPath(new URL('.', import.meta.url)),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<CliResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return {
    child,
    get stderr() {
      return stderr;
    },
    ended,
  };
}

/** Runs the command line to its end. */
export function runCli(args: readonly string[], environment?: Readonly<Record<string, string>>, cwd?: string): Promise<CliResult> {
  return startCli(args, environment, cwd).ended;
}

/** The log lines of a run's stderr. */
export function logLines({ stderr }: CliResult): Record<string, unknown>[] {
  return stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
