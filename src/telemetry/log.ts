import { type DestinationStream, type Logger, pino } from 'pino';
import { redact } from '../model/redaction.ts';
import { describeError } from './error.ts';
import { LogLines } from './log-lines.ts';

export type { Logger } from 'pino';

/** Levels a person may choose. */
export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;

/** One of {@link logLevels}. */
export type LogLevel = (typeof logLevels)[number];

/** JSON lines on stderr (stdout is for results), each searched for secrets before it leaves. */
export function createLogger(level: LogLevel, destination: DestinationStream = new LogLines()): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
      hooks: { streamWrite: redact },
    },
    destination,
  );
}
