import { format } from 'node:util';
import { setLogger } from '@grpc/grpc-js';
import { DiagLogLevel, type DiagLogger, diag } from '@opentelemetry/api';
import type { Logger } from './log.ts';

const levels: Readonly<Record<string, DiagLogLevel>> = {
  none: DiagLogLevel.NONE,
  error: DiagLogLevel.ERROR,
  warn: DiagLogLevel.WARN,
  info: DiagLogLevel.INFO,
  debug: DiagLogLevel.DEBUG,
  verbose: DiagLogLevel.VERBOSE,
  all: DiagLogLevel.ALL,
};

/**
 * Brings the messages of the SDK and of gRPC into the agent's log, past its redaction. With `OTEL_LOG_LEVEL` the SDK's come
 * at their own level; without, at debug: the agent says the same things itself, once and not at each cycle. Of gRPC's
 * only the errors come: the traces of `GRPC_TRACE` quote whatever peers send, cookies that go nowhere too.
 */
export function logSdkMessages(logger: Logger, otelLogLevel: string | undefined): void {
  const chosen = otelLogLevel === undefined ? undefined : levels[otelLogLevel.toLowerCase()];
  const at = (level: 'debug' | 'info' | 'warn' | 'error') => {
    return (...parts: unknown[]): void => {
      logger[chosen === undefined ? 'debug' : level]({ from: 'opentelemetry' }, format(...parts));
    };
  };
  const sink: DiagLogger = {
    verbose: at('debug'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  };
  diag.setLogger(sink, { logLevel: chosen ?? DiagLogLevel.INFO, suppressOverrideMessage: true });

  const drop = (): void => undefined;
  setLogger({ debug: drop, info: drop, error: (...parts: unknown[]) => logger.warn({ from: 'grpc' }, format(...parts)) });
}
