import { startAgentServer, startDisabledServer } from '../agent-server.ts';
import { type Agent, createAgent } from '../agent.ts';
import { isDelivered } from '../export/outcome.ts';
import { systemClock } from '../model/clock.ts';
import { within } from '../model/within.ts';
import { Cycles } from '../server/cycles.ts';
import { StatusPage } from '../server/page/status-page.ts';
import type { CommandContext } from './context.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import { serverWatch } from './server-watch.ts';
import { describeTarget, disabledWarning, loadTraces, openState, sayWarnings } from './start.ts';
import { stopSignal } from './stop-signal.ts';

/** Longest time of one read. */
const readDeadlineMs = 20_000;

/** From the signal to the end of the process, whatever hangs. */
const stopWithinMs = 10_000;

/** Reads and pushes until a signal; then one last push. 0 if that was acknowledged, else 4. */
export async function run({ config, logger, write, timeoutMs }: CommandContext): Promise<ExitCode> {
  const stop = stopSignal();
  sayWarnings(config, logger);
  if (config.disabled) {
    logger.warn(disabledWarning);
    const server = await startDisabledServer(config.http, logger);
    await stop.received;
    await server?.stop();
    return exitCode.delivered;
  }
  const opening = openState(config, logger);
  // Another holder of the folder may be watched for longer than a stop may take.
  const state = await Promise.race([opening, stop.received]);
  if (typeof state === 'string') {
    opening.catch(() => undefined);
    logger.error({ signal: state }, 'stopped before anything was read');
    return exitCode.notDelivered;
  }
  const deadlineMs = timeoutMs ?? readDeadlineMs;
  const { intervalMs, timeoutMs: exportMs, otlp, console } = config.export;
  const pushes = otlp !== undefined || console;
  const cycles = new Cycles({ clock: systemClock, intervalMs, timeoutMs: exportMs, readDeadlineMs: deadlineMs, pushes, keepsMetrics: config.export.scrape });
  const page = config.http?.statusPage === true ? new StatusPage({
    cycles,
    clock: systemClock,
    pushes,
    sources: () => agent.pollers,
    onError: (error) => logger.error({ err: error }, 'a cycle could not be shown on the status page'),
  }) : undefined;
  const traces = await loadTraces(config, { logger, write });
  const agent: Agent = createAgent(config, {
    logger,
    ...(state && { state }),
    ...(traces && { traces }),
    write,
    readDeadlineMs: deadlineMs,
    watch: serverWatch(cycles, page),
  });
  const server = await startAgentServer({ http: config.http, compatibility: config.compatibility, cycles, page, sources: agent.pollers, onScraped: (metrics) => agent.scraped(metrics), logger });
  logger.info({ sources: agent.pollers.map((poller) => poller.source.id), ...describeTarget(config) }, 'started');

  const firstCycle = agent.start();
  await Promise.race([firstCycle, stop.received]);
  const signal = await stop.received;

  logger.info({ signal }, 'stopping: one last push');
  agent.limitDelivery(stopWithinMs - 1_000);
  const stopped = server?.stop();
  const outcome = await within(agent.stop(), stopWithinMs);
  await stopped;
  const delivered = outcome !== undefined && isDelivered(outcome);
  if (!delivered) logger.error('the last push was not acknowledged');
  if (agent.growthWaits) logger.error('the last push was without the growth that could not be kept in STATE_DIR');
  return delivered && !agent.growthWaits ? exitCode.delivered : exitCode.notDelivered;
}
