import { createAgent } from '../agent.ts';
import type { CommandContext } from './context.ts';
import { deliveryOf } from './delivery-report.ts';
import { type ExitCode, codeOf, exitCode } from './exit-code.ts';
import { unusable } from './report.ts';
import { show } from './show.ts';
import { reportOf } from './source-report.ts';
import { disabledWarning, sayWarnings } from './start.ts';

/** From start to exit, whatever hangs; reads get the first half, delivery the rest. */
export const onceTimeoutMs = 40_000;

/** Reads every source, pushes once, and says by its exit code whether all of it worked: for cron and CronJobs. */
export async function once(context: CommandContext): Promise<ExitCode> {
  const { config, logger } = context;
  sayWarnings(config, logger);
  if (config.disabled) return nothingToDo(context);
  const { otlp, console, scrape } = config.export;
  if (scrape && otlp === undefined && !console) logger.warn('OTEL_METRICS_EXPORTER is prometheus alone: once listens nowhere, so nobody gets these metrics');
  const timeoutMs = context.timeoutMs ?? onceTimeoutMs;
  const startedMs = performance.now();
  const agent = createAgent(config, {
    logger,
    // One document on stdout.
    write: context.json ? context.writeError : context.write,
    readDeadlineMs: timeoutMs / 2,
    // Who looks at a terminal sees them there, unless the log is asked for.
    logStates: context.screen === undefined || context.json || config.logLevel !== 'error',
  });
  await agent.readSources();
  // A moment is kept for the way out.
  agent.limitDelivery(timeoutMs * 0.95 - (performance.now() - startedMs));
  const at = new Date();
  const outcome = await agent.push();
  void agent.close();
  const code = codeOf(agent.pollers, outcome);
  // What the console exporter prints is the result then.
  if (console && !context.json) return code;
  const sources = agent.pollers.map((poller) => reportOf(poller, at));
  const delivery = otlp === undefined || outcome === undefined ? null : deliveryOf(otlp, outcome);
  const { warnings } = config;
  await show({ command: 'once', exitCode: code, at: at.toISOString(), problems: [], warnings, sources, delivery }, context);
  return code;
}

async function nothingToDo(context: CommandContext): Promise<ExitCode> {
  context.logger.warn(disabledWarning);
  if (context.json) await show({ ...unusable('once', []), exitCode: exitCode.delivered, warnings: [disabledWarning] }, context);
  return exitCode.delivered;
}
