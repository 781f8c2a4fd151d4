import { createAgent } from '../agent.ts';
import { ConfigError } from '../config/config-error.ts';
import type { TotalsState } from '../state/totals-state.ts';
import type { CommandContext } from './context.ts';
import { deliveryOf } from './delivery-report.ts';
import { type ExitCode, codeOf, exitCode } from './exit-code.ts';
import { jsonText, unusable } from './report.ts';
import { show } from './show.ts';
import { reportOf } from './source-report.ts';
import { disabledWarning, loadTraces, openState, sayWarnings } from './start.ts';

/** From start to exit, whatever hangs; opening STATE_DIR gets half at most, reads half of what is left, delivery the rest. */
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
  const state = await stateOf(context, timeoutMs / 2);
  // One document on stdout.
  const write = context.json ? context.writeError : context.write;
  const traces = await loadTraces(config, { logger, write });
  const agent = createAgent(config, {
    logger,
    write,
    readDeadlineMs: (timeoutMs - (performance.now() - startedMs)) / 2,
    // The next run would be the first to send its value.
    firstZeros: false,
    ...(state && { state }),
    ...(traces && { traces }),
    // Who looks at a terminal sees them there, unless the log is asked for.
    logStates: context.screen === undefined || context.json || config.logLevel !== 'error',
  });
  await agent.readSources();
  // A moment is kept for the way out.
  agent.limitDelivery(timeoutMs * 0.95 - (performance.now() - startedMs));
  const at = new Date();
  const outcome = await agent.push();
  await agent.close();
  const code = agent.growthWaits ? exitCode.notDelivered : codeOf(agent.pollers, outcome);
  // What the console exporter prints is the result then.
  if (console && !context.json) return code;
  const sources = agent.pollers.map((poller) => reportOf(poller, at));
  const delivery = otlp === undefined || outcome === undefined ? null : deliveryOf(otlp, outcome);
  const { warnings } = config;
  await show({ command: 'once', exitCode: code, at: at.toISOString(), problems: [], warnings, sources, delivery, traces: null }, context);
  return code;
}

/** Growth needs something to have grown from. */
async function stateOf({ config, json, logger, write }: CommandContext, waitMs: number): Promise<TotalsState | undefined> {
  try {
    if (config.export.temporality === 'delta' && config.anthropic !== undefined && config.stateFolder === undefined) {
      throw new ConfigError(['once cannot send an organization’s totals as deltas without STATE_DIR, where the last ones are kept']);
    }
    return await openState(config, logger, waitMs);
  } catch (error) {
    if (json && error instanceof ConfigError) write(jsonText(unusable('once', error.problems)));
    throw error;
  }
}

async function nothingToDo(context: CommandContext): Promise<ExitCode> {
  context.logger.warn(disabledWarning);
  if (context.json) await show({ ...unusable('once', []), exitCode: exitCode.delivered, warnings: [disabledWarning] }, context);
  return exitCode.delivered;
}
