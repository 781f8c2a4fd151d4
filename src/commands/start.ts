import type { OpenTraces, TracesEnvironment } from '../agent-traces.ts';
import { ConfigError } from '../config/config-error.ts';
import type { Config } from '../config/config.ts';
import { StateFolderError, type TotalsState, openTotalsState } from '../state/totals-state.ts';
import type { Logger } from '../telemetry/log.ts';

/** What OTEL_SDK_DISABLED makes of `run` and `once`. */
export const disabledWarning = 'OTEL_SDK_DISABLED is true: nothing is read and nothing is pushed';

/** Says what the settings made worth saying. */
export function sayWarnings(config: Config, logger: Logger): void {
  for (const warning of config.warnings) logger.warn(warning);
}

/** Where metrics and traces go, for the start-up line. */
export function describeTarget(config: Config): object {
  const { traces } = config;
  return {
    ...targetOf(config.export),
    intervalMs: config.export.intervalMs,
    ...(traces && { traces: targetOf(traces) }),
  };
}

/** What makes the agent’s own traces; loaded where there are any, as it takes its time. */
export async function loadTraces({ traces }: Config, environment: Omit<TracesEnvironment, 'onOutcome'>): Promise<OpenTraces | undefined> {
  if (traces === undefined) return undefined;
  const { openTraces } = await import('../agent-traces.ts');
  return (resource, onOutcome) => openTraces(traces, resource, { ...environment, onOutcome });
}

function targetOf({ otlp, console }: Pick<Config['export'], 'otlp' | 'console'>): object {
  return {
    ...(otlp && { otlp: { endpoint: otlp.url, protocol: otlp.protocol, tls: otlp.tls } }),
    ...(console && { console }),
  };
}

/**
 * Takes STATE_DIR, where there is one and something to be kept in it.
 * @param waitMs longest that the folder is waited for, where not as long as usual.
 * @throws {ConfigError} when another agent uses it, or it can never be written.
 */
export async function openState({ account, anthropic, stateFolder }: Config, logger: Logger, waitMs?: number): Promise<TotalsState | undefined> {
  if (stateFolder === undefined || anthropic === undefined) return undefined;
  try {
    const state = await openTotalsState(stateFolder, account, undefined, waitMs);
    for (const notice of state.notices) logger.warn(notice);
    return state;
  } catch (error) {
    if (error instanceof StateFolderError) throw new ConfigError([`STATE_DIR: ${error.message}`]);
    throw error;
  }
}
