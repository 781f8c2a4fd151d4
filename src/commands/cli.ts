import { Command, CommanderError, Option } from 'commander';
import { ConfigError } from '../config/config-error.ts';
import { loadConfig } from '../config/config.ts';
import { parseDuration } from '../config/duration.ts';
import { createLogger, logLevels } from '../telemetry/log.ts';
import { version } from '../version.ts';
import type { CommandContext } from './context.ts';
import { type ExitCode, exitCode } from './exit-code.ts';

/** What a command is started with. */
export interface Invocation {
  /** Without the interpreter and the script. */
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  readonly terminal: boolean;
}

interface CommonFlags {
  readonly config?: string;
  readonly envFile?: string;
  readonly logLevel?: string;
  readonly timeout?: string;
}

/** Runs the command line; resolves with the exit code. */
export async function main(invocation: Invocation): Promise<ExitCode> {
  let code: ExitCode = exitCode.delivered;
  const program = new Command('claude-usage-metrics')
    .description('Reads what an account uses of Claude and OpenRouter, and pushes it as OpenTelemetry metrics.')
    .version(version)
    .exitOverride()
    .configureOutput({ writeOut: invocation.write, writeErr: invocation.writeError });

  const add = (name: string, description: string, isDefault: boolean, load: () => Promise<(c: CommandContext) => Promise<ExitCode>>): void => {
    const command = program
      .command(name, { isDefault })
      .description(description)
      .option('--config <file>', 'settings from a YAML or JSON file')
      .option('--env-file <file>', 'settings from an env file; default: .env, if there is one')
      .addOption(new Option('--log-level <level>', 'how much is logged').choices(logLevels))
      .option('--timeout <duration>', 'how long it may take, for example 40s');
    command.action(async (flags: CommonFlags) => {
      const context = contextOf(flags, invocation);
      const body = await load();
      code = await body(context);
    });
  };
  add('run', 'read and push until stopped (the default)', true, async () => (await import('./run.ts')).run);
  add('once', 'read and push once, then exit: for cron', false, async () => (await import('./once.ts')).once);

  try {
    await program.parseAsync(invocation.arguments, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof ConfigError) {
      for (const problem of error.problems) invocation.writeError(`${problem}\n`);
      return exitCode.settings;
    }
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.delivered : exitCode.settings;
    throw error;
  }
}

function contextOf(flags: CommonFlags, invocation: Invocation): CommandContext {
  const timeoutMs = flags.timeout === undefined ? undefined : parseDuration(flags.timeout);
  if (flags.timeout !== undefined && timeoutMs === undefined) {
    throw new ConfigError([`--timeout is not a duration; write a number and ms, s, m or h (${JSON.stringify(flags.timeout)})`]);
  }
  const config = loadConfig({
    ...(flags.config !== undefined && { configFile: flags.config }),
    ...(flags.envFile !== undefined && { envFile: flags.envFile }),
    environment: invocation.environment,
    flags: flags.logLevel === undefined ? {} : { LOG_LEVEL: flags.logLevel },
  });
  return {
    config,
    logger: createLogger(config.logLevel),
    write: invocation.write,
    terminal: invocation.terminal,
    ...(timeoutMs !== undefined && { timeoutMs }),
  };
}
