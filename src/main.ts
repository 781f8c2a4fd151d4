#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';

/** `engines` of package.json, which npm only warns about. */
const oldestNode = [22, 15] as const;

/**
 * V8 else lets what is new and soon forgotten, here nearly all there is, grow to 48 MB and more before it looks through it: the
 * agent had half as much memory again after a minute of cycles.
 */
setFlagsFromString('--semi-space-growth-factor=1');

/** Longest that results wait for their reader after a signal. */
const longestDrainMs = 500;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1])) {
  process.stderr.write(`claude-usage-metrics needs Node.js ${oldestNode.join('.')} or newer; this is ${process.versions.node}\n`);
  process.exitCode = 2;
} else await start();

/**
 * As PID 1 of a container a process without handlers ignores the signals. A command that has something to do before it leaves
 * takes them over.
 */
function leaveOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      // Who started it sees a signal, as of any program; PID 1 survives its own, and has not delivered.
      process.kill(process.pid, signal);
      process.exit(4);
    });
  }
}

/** Nothing is imported before the check: an older Node would stop at the first import it cannot read. */
async function start(): Promise<void> {
  leaveOnSignals();
  const { createLogger } = await import('./telemetry/log.ts');
  const { redact } = await import('./model/redaction.ts');
  const bug = (error: unknown): never => {
    createLogger('error').fatal({ err: error }, 'a bug in claude-usage-metrics; please report this line');
    process.exit(1);
  };
  process.on('uncaughtException', bug);
  process.on('unhandledRejection', bug);
  // Node prints them as plain text among the log's lines: grpc-js leads to one at each TLS address that is an IP.
  process.noDeprecation = true;
  // Nobody is left to be told.
  process.stderr.on('error', () => undefined);
  // Who reads the results may stop reading (`once | head`), or their disk be full; the exit code stays that of the work.
  let isSaid = false;
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code !== 'EPIPE' && !isSaid) createLogger('error').error({ code }, 'stdout cannot be written: results are missing there');
    isSaid = true;
  });

  const { main } = await import('./commands/cli.ts');
  const { isStopAsked } = await import('./commands/stop-signal.ts');
  const { screenOf } = await import('./commands/terminal/screen.ts');
  const screen = screenOf(process.stdout, process.env);
  const code = await main({
    arguments: process.argv.slice(2),
    entry: fileURLToPath(import.meta.url),
    environment: process.env,
    write: (text) => process.stdout.write(redact(text)),
    writeError: (text) => process.stderr.write(redact(text)),
    ...(screen && { screen }),
  }).catch(bug);
  // Results first; then out, whatever call still hangs. Who asked the process to stop waits for no reader.
  process.stdout.write('', () => process.exit(code));
  if (isStopAsked()) setTimeout(() => process.exit(code), longestDrainMs);
}
