#!/usr/bin/env node
import { main } from './commands/cli.ts';
import { createLogger } from './telemetry/log.ts';

function bug(error: unknown): never {
  createLogger('error').fatal({ err: error }, 'a bug in claude-usage-metrics; please report this line');
  process.exit(1);
}

process.on('uncaughtException', bug);
process.on('unhandledRejection', bug);

const code = await main({
  arguments: process.argv.slice(2),
  environment: process.env,
  write: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
  terminal: process.stdout.isTTY,
}).catch(bug);
// Results first; then out, whatever call still hangs.
process.stdout.write('', () => process.exit(code));
