import { expect, test } from 'vitest';
import { rememberSecret } from '../../src/model/redaction.ts';
import { type Logger, createLogger } from '../../src/telemetry/log.ts';

/** What a logger writes, as lines. */
function logged(write: (logger: Logger) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  write(createLogger('debug', { write: (line: string) => void lines.push(line) }));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('a line is JSON with level, time and message, and without what the machine is called', () => {
  const [line] = logged((logger) => logger.warn({ source: 'claude-ai' }, 'the source is down'));
  expect(line).toEqual({ level: 'warn', time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as unknown, source: 'claude-ai', msg: 'the source is down' });
});

test('of an error, type, message, code, stack and causes are kept; requests and headers that hang on it are not', () => {
  const cause = Object.assign(new TypeError('socket closed'), { code: 'ECONNRESET', request: { headers: { cookie: 'fake' } } });
  const error = Object.assign(new Error('read failed', { cause }), { options: { headers: { authorization: 'fake' } } });
  const [line] = logged((logger) => logger.error({ err: error }, 'a bug'));
  expect(line?.['err']).toEqual({
    type: 'Error',
    message: 'read failed',
    stack: error.stack,
    cause: { type: 'TypeError', message: 'socket closed', code: 'ECONNRESET', stack: cause.stack },
  });
});

test('a circle of causes ends, and what is no error is told as text', () => {
  const error = new Error('again');
  error.cause = error;
  const [circle, text] = logged((logger) => {
    logger.error({ err: error });
    logger.error({ err: 'just text' });
  });
  expect(JSON.stringify(circle).length).toBeLessThan(20_000);
  expect(text?.['err']).toEqual({ type: 'string', message: 'just text' });
});

test('a secret that got into any field does not leave', () => {
  rememberSecret('fake-"logged"-secret');
  const [line] = logged((logger) => logger.info({ field: { deep: ['fake-"logged"-secret'] } }, 'fake-"logged"-secret'));
  expect(line).toMatchObject({ field: { deep: ['[redacted]'] }, msg: '[redacted]' });
});
