import { Command, CommanderError, Option } from 'commander';
import { ConfigError } from '../config/config-error.ts';
import { loadConfig } from '../config/config.ts';
import { parseDuration } from '../config/duration.ts';
import { settingsHelp } from '../config/help.ts';
import { mayBeSecret, shown } from '../config/shown.ts';
import { createLogger, logLevels } from '../telemetry/log.ts';
import { version } from '../version.ts';
import type { CommandContext } from './context.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import { jsonText, unusable } from './report.ts';
import type { Screen } from './terminal/screen.ts';

/** What a command is started with. */
export interface Invocation {
  /** Without the interpreter and the script. */
  readonly arguments: readonly string[];
  /** The program's own file, for a command that starts another. */
  readonly entry: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  /** The terminal that stdout is; absent when nobody looks at it. */
  readonly screen?: Screen;
}

interface CommonFlags {
  readonly config?: string;
  readonly envFile?: string;
  readonly logLevel?: string;
  readonly timeout?: string;
  readonly json?: true;
}

interface DemoFlags {
  readonly cycles?: string;
  readonly interval: string;
  readonly json?: true;
}

const exitCodes = `
Exit codes:
  0  delivered, and every source answered
  2  settings or command line
  3  delivered, but a source failed
  4  not delivered
  1  a bug

To see it work without an account: claude-usage-metrics demo`;

const programFlags = ['-h', '--help', '-V', '--version'];

/**
 * The command first, though options may stand before it; without one it is `run`. Said here and not to commander, which would
 * take a misspelt command for an argument of run.
 */
function commandFirst(args: readonly string[], program: Command): readonly string[] {
  if (programFlags.includes(args[0] ?? '')) return args;
  const withValue = new Set(program.commands.flatMap(({ options }) => options).filter(({ required }) => required).map(({ long }) => long));
  const at = args.findIndex((arg, index) => !arg.startsWith('-') && !withValue.has(args[index - 1]));
  const command = args[at];
  return command === undefined ? ['run', ...args] : [command, ...args.toSpliced(at, 1)];
}

/** Runs the command line; resolves with the exit code. */
export async function main(invocation: Invocation): Promise<ExitCode> {
  let code: ExitCode = exitCode.delivered;
  const { write, writeError, screen } = invocation;
  const program = new Command('claude-usage-metrics')
    .description('Reads what an account uses of Claude and OpenRouter, and pushes it as OpenTelemetry metrics.')
    .version(version)
    .addHelpText('after', () => `${exitCodes}\n${settingsHelp()}`)
    .showHelpAfterError('(claude-usage-metrics --help lists commands and options)')
    .exitOverride()
    .configureOutput({
      writeOut: write,
      writeErr: writeError,
      outputError: (message, print) => print(withoutValues(message)),
      ...(screen && { getOutHelpWidth: () => screen.width }),
    });

  const agentCommand = (name: string, description: string, timeout: string): Command =>
    program
      .command(name)
      .description(description)
      .option('--config <file>', 'settings from a YAML or JSON file')
      .option('--env-file <file>', 'settings from an env file; default: .env, if there is one')
      .addOption(new Option('--log-level <level>', 'how much is logged').choices(logLevels))
      .option('--timeout <duration>', timeout);

  agentCommand('run', 'read and push until stopped (the default)', 'longest time of one read; 20s').action(
    async (flags: CommonFlags) => {
      const context = contextOf(flags, invocation);
      code = await (await import('./run.ts')).run(context);
    },
  );
  agentCommand('once', 'read and push once, then exit: for cron', 'from start to exit, whatever hangs; 40s')
    .option('--json', 'what was read and delivered, as one JSON document')
    .action(async (flags: CommonFlags) => {
      const context = contextOf(flags, invocation, 'once');
      code = await (await import('./once.ts')).once(context);
    });
  agentCommand('check', 'try settings, sources and endpoint, and say what to do; exports nothing', 'from start to exit, whatever hangs; 20s')
    .option('--json', 'what was found, as one JSON document')
    .action(async (flags: CommonFlags) => {
      const context = contextOf(flags, invocation, 'check');
      code = await (await import('./check.ts')).check(context);
    });
  program
    .command('demo')
    .description('see it work: simulated upstreams, the real agent, and what arrives; needs no account')
    .option('--cycles <number>', 'end after so many pushes have arrived')
    .option('--interval <duration>', 'time between two pushes', '2s')
    .option('--json', 'what arrives, as a line of JSON a cycle')
    .action(async (flags: DemoFlags) => {
      const intervalMs = duration('--interval', flags.interval);
      const cycles = flags.cycles === undefined ? undefined : Number(flags.cycles);
      if (cycles !== undefined && !(Number.isSafeInteger(cycles) && cycles > 0)) {
        throw new ConfigError([`--cycles must be a whole number above 0${shown(flags.cycles ?? '')}`]);
      }
      if (intervalMs < 500) throw new ConfigError(['--interval must be 500ms or more']);
      const { demo } = await import('./demo.ts');
      code = await demo({ ...invocation, intervalMs, json: flags.json === true, ...(cycles !== undefined && { cycles }) });
    });

  try {
    await program.parseAsync(commandFirst(invocation.arguments, program), { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof ConfigError) {
      for (const problem of error.problems) writeError(`${problem}\n`);
      return exitCode.settings;
    }
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.delivered : exitCode.settings;
    throw error;
  }
}

/** commander quotes what it does not know, as in `--api-key=secret`. */
function withoutValues(message: string): string {
  const [said = '', ...hint] = message.split('\n');
  const clean = said.replace(/(--[^'=\s]+)=[^']*/g, '$1=…').replace(/[^\s']+/g, (word) => (mayBeSecret(word) ? '…' : word));
  // The hint is a name of our own, with a question mark behind it.
  return [clean, ...hint.filter((line) => /^$|^\(Did you mean [\w -]+\?\)$/.test(line))].join('\n');
}

/** @throws {ConfigError} after the report that `--json` promises for a command. */
function contextOf(flags: CommonFlags, invocation: Invocation, command?: 'once' | 'check'): CommandContext {
  const { environment, screen, write, writeError } = invocation;
  const json = flags.json === true;
  try {
    const timeoutMs = flags.timeout === undefined ? undefined : duration('--timeout', flags.timeout);
    const config = loadConfig({
      ...(flags.config !== undefined && { configFile: flags.config }),
      ...(flags.envFile !== undefined && { envFile: flags.envFile }),
      environment,
      flags: flags.logLevel === undefined ? {} : { LOG_LEVEL: flags.logLevel },
      // Whoever looks at the terminal is told the same there, and better.
      ...(command !== undefined && screen !== undefined && { defaults: { LOG_LEVEL: 'error' } }),
    });
    return {
      config,
      logger: createLogger(config.logLevel),
      write,
      writeError,
      json,
      ...(screen && { screen }),
      ...(timeoutMs !== undefined && { timeoutMs }),
    };
  } catch (error) {
    if (json && command !== undefined && error instanceof ConfigError) write(jsonText(unusable(command, error.problems)));
    throw error;
  }
}

function duration(flag: string, text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds === undefined) {
    throw new ConfigError([`${flag} is not a duration; write a number and ms, s, m or h${shown(text)}`]);
  }
  return milliseconds;
}
