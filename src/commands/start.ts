import type { Config } from '../config/config.ts';
import type { Logger } from '../telemetry/log.ts';

/** What OTEL_SDK_DISABLED makes of `run` and `once`. */
export const disabledWarning = 'OTEL_SDK_DISABLED is true: nothing is read and nothing is pushed';

/** Says what the settings made worth saying. */
export function sayWarnings(config: Config, logger: Logger): void {
  for (const warning of config.warnings) logger.warn(warning);
}

/** Where the metrics go, for the start-up line. */
export function describeTarget(config: Config): object {
  const { otlp, console } = config.export;
  return {
    ...(otlp && { otlp: { endpoint: otlp.url, protocol: otlp.protocol, tls: otlp.tls } }),
    ...(console && { console }),
    intervalMs: config.export.intervalMs,
  };
}
