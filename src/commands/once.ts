import { createAgent } from '../agent.ts';
import { isDelivered } from '../export/outcome.ts';
import type { CommandContext } from './context.ts';
import { type ExitCode, codeOf, exitCode } from './exit-code.ts';
import { sayWarnings } from './start.ts';

/** From start to exit, whatever hangs; reads get the first half, delivery the rest. */
export const onceTimeoutMs = 40_000;

/** Reads every source, pushes once, and says by its exit code whether all of it worked: for cron and CronJobs. */
export async function once(context: CommandContext): Promise<ExitCode> {
  const { config, logger, write } = context;
  sayWarnings(config, logger);
  if (config.disabled) {
    logger.warn('OTEL_SDK_DISABLED is true: nothing is read and nothing is pushed');
    return exitCode.delivered;
  }
  const timeoutMs = context.timeoutMs ?? onceTimeoutMs;
  const startedMs = performance.now();
  const agent = createAgent(config, { logger, write, readDeadlineMs: timeoutMs / 2 });
  await agent.readSources();
  // A moment is kept for the way out.
  agent.limitDelivery(timeoutMs * 0.95 - (performance.now() - startedMs));
  const outcome = await agent.push();
  void agent.close();
  if (outcome !== undefined && !isDelivered(outcome)) logger.error(outcome.message);
  return codeOf(agent.pollers, outcome);
}
