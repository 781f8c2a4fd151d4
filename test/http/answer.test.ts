import { inspect } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type HttpAnswer, startUpstream } from '../../src/demo/http-server.ts';
import { jsonOf } from '../../src/http/answer.ts';
import { HttpClient } from '../../src/http/client.ts';
import type { Reason } from '../../src/model/reasons.ts';
import { SourceError } from '../../src/model/source-error.ts';

// A date without a zone means UTC, wherever the agent runs.
beforeAll(() => void vi.stubEnv('TZ', 'Asia/Kathmandu'));
afterAll(() => void vi.unstubAllEnvs());

const now = new Date('2026-11-21T12:00:00Z');
const html = { 'content-type': 'text/html; charset=UTF-8' };
const page = '<!DOCTYPE html><html><head><title>Welcome</title></head></html>';
const challenge = '<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>';
const script = '<html><body><script src="/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1"></script></body></html>';
const mitigated = { 'cf-mitigated': 'challenge' };

test.each<{ name: string; status: number; body: unknown; headers?: Record<string, string>; reason: Reason }>([
  { name: 'a challenge page', status: 200, body: challenge, headers: html, reason: 'challenged' },
  { name: 'a challenge page', status: 403, body: challenge, headers: html, reason: 'challenged' },
  { name: 'a challenge page', status: 503, body: challenge, headers: html, reason: 'challenged' },
  { name: 'a challenge page', status: 401, body: challenge, headers: html, reason: 'challenged' },
  { name: 'a challenge page', status: 429, body: challenge, headers: html, reason: 'challenged' },
  { name: 'a page with the challenge script', status: 403, body: script, headers: html, reason: 'challenged' },
  { name: 'a challenge page of no declared type', status: 200, body: `\n ${challenge}`, reason: 'challenged' },
  { name: 'the challenge header and a page without marks', status: 403, body: page, headers: { ...html, ...mitigated }, reason: 'challenged' },
  { name: 'the challenge header alone', status: 403, body: '', headers: mitigated, reason: 'challenged' },
  { name: 'JSON that speaks of challenges', status: 403, body: { error: { message: script } }, reason: 'forbidden' },
  { name: 'another page', status: 200, body: page, headers: html, reason: 'schema' },
  { name: 'another page of no declared type', status: 200, body: page, reason: 'schema' },
  { name: 'another page', status: 403, body: page, headers: html, reason: 'forbidden' },
  { name: 'another page', status: 502, body: page, headers: html, reason: 'upstream' },
  { name: 'JSON that calls itself a page', status: 200, body: '{"data":1}', headers: html, reason: 'schema' },
  { name: 'an error envelope', status: 200, body: { error: { code: 500, message: 'no' } }, reason: 'schema' },
  { name: 'an error envelope beside good parts', status: 200, body: { error: {}, data: { usage: 1 } }, reason: 'schema' },
  { name: 'an error by its type', status: 200, body: { type: 'error', message: 'no', five_hour: null }, reason: 'schema' },
  { name: 'an error in a word', status: 200, body: { error: 'no', data: { usage: 1 } }, reason: 'schema' },
  { name: 'nothing', status: 200, body: '', reason: 'schema' },
  { name: 'truncated JSON', status: 200, body: '{"data":{"usage":1', reason: 'schema' },
  { name: 'two values', status: 200, body: '{"data":{}}{"data":{}}', reason: 'schema' },
  { name: 'plain text', status: 200, body: 'OK', reason: 'schema' },
  { name: '65 levels', status: 200, body: '['.repeat(65) + ']'.repeat(65), reason: 'too_large' },
  { name: '65 levels after a backslash', status: 200, body: `["\\\\",${'['.repeat(64)}${']'.repeat(64)}]`, reason: 'too_large' },
  { name: 'a million levels', status: 200, body: '{"a":'.repeat(800_000), reason: 'too_large' },
  { name: 'a million levels', status: 403, body: '['.repeat(1_000_000), reason: 'forbidden' },
  { name: 'an error', status: 401, body: { error: { message: 'User not found.', code: 401 } }, reason: 'credential_expired' },
  { name: 'nothing', status: 401, body: '', reason: 'credential_expired' },
  { name: 'an invalid session', status: 403, body: { error: { details: { error_code: 'account_session_invalid' } } }, reason: 'credential_expired' },
  { name: 'another error', status: 403, body: { error: { details: { error_code: 'read_only_mode' } } }, reason: 'forbidden' },
  { name: 'nothing', status: 403, body: '', reason: 'forbidden' },
  { name: 'an invalid session', status: 400, body: { error: { details: { error_code: 'account_session_invalid' } } }, reason: 'upstream' },
  { name: 'an error', status: 429, body: { error: { type: 'rate_limit_error' } }, reason: 'rate_limited' },
  ...[201, 204, 205, 206, 300, 304, 400, 402, 404, 408, 409, 410, 418, 451, 500, 501, 502, 503, 504, 520, 524, 529, 599].map(
    (status) => ({ name: 'nothing', status, body: '', reason: 'upstream' as const }),
  ),
])('$status with $name is $reason', async ({ status, body, headers, reason }) => {
  const error = await failureOf({ status, body, ...(headers && { headers }) });
  expect(error.reason).toBe(reason);
  expect(error.message).toMatch(/^upstream \/key answered /);
});

test.each([
  [{ error: null, data: 1 }],
  [[1, { a: `a quote " before ${'['.repeat(100)}` }]],
  [null],
  ['text'],
])('200 with %j is that value', async (body) => {
  expect(await answered({ status: 200, body: JSON.stringify(body) })).toEqual(body);
});

test('64 levels are read', async () => {
  expect(await answered({ status: 200, body: '['.repeat(64) + ']'.repeat(64) })).toHaveLength(1);
});

test.each([
  ['120', 120_000],
  ['0.5', 500],
  [' 7 ', 7_000],
  ['Sat, 21 Nov 2026 12:01:30 GMT', 90_000],
  ['Saturday, 21-Nov-26 12:01:30 GMT', 90_000],
  ['Sat Nov 21 12:01:30 2026', 90_000],
  ['604800', 604_800_000],
  // Longer than a week is no wish but a mistake.
  ['604801', 604_800_000],
  ['99999999999999999999', 604_800_000],
  ['Sat, 21 Nov 2099 12:00:00 GMT', 604_800_000],
  ['0', undefined],
  ['-5', undefined],
  ['1e9', undefined],
  ['0x10', undefined],
  ['Infinity', undefined],
  ['Sat, 21 Nov 2026 11:59:59 GMT', undefined],
  ['Sat, 32 Nov 2026 12:00:00 GMT', undefined],
  ['soon', undefined],
  ['foo 2030', undefined],
  ['2030-01-01T00:00:00Z', undefined],
  ['', undefined],
  [undefined, undefined],
])('a Retry-After of %j asks to wait for %j ms, whatever the refusal', async (header, waitMs) => {
  const headers = { date: now.toUTCString(), ...(header !== undefined && { 'retry-after': header }) };
  for (const status of [403, 429, 503]) {
    expect((await failureOf({ status, body: '', headers })).retryAfterMs, String(status)).toBe(waitMs);
  }
  const challenged = await failureOf({ status: 403, body: challenge, headers: { ...headers, ...html } });
  expect(challenged.retryAfterMs).toBe(waitMs);
});

test('a Retry-After date is by the clock of who answered, whatever this machine takes the time to be', async () => {
  const headers = { date: 'Mon, 01 Jan 2035 00:00:00 GMT', 'retry-after': 'Mon, 01 Jan 2035 00:01:00 GMT' };
  expect((await failureOf({ status: 429, body: '', headers })).retryAfterMs).toBe(60_000);
});

test('a refusal names the vendor’s word for it, and never what might be an echo', async () => {
  const key = 'sk-or-v1-visibly-fake';
  const said = await failureOf({ status: 429, body: { error: { type: 'rate_limit_error', message: 'slow down' } } });
  expect(said.message).toBe('upstream /key answered 429 (rate_limit_error)');
  for (const error of [{ type: key }, { type: `bearer ${key}` }, { message: key, code: key }, { type: 'a'.repeat(65) }, key, [key]]) {
    const echoed = await failureOf({ status: 400, body: { error, key } });
    expect(echoed.message).toBe('upstream /key answered 400');
    expect(inspect(echoed, { depth: 9, showHidden: true })).not.toContain(key);
  }
  const page = await failureOf({ status: 200, body: `{"${key}` });
  expect(inspect(page, { depth: 9, showHidden: true })).not.toContain(key);
});

async function answered(answer: Exclude<HttpAnswer, (...parameters: never[]) => unknown>): Promise<unknown> {
  const upstream = await startUpstream(() => answer);
  try {
    const response = await new HttpClient({ userAgent: 'test' }).get({
      url: new URL(upstream.url),
      headers: {},
      signal: AbortSignal.timeout(10_000),
    });
    return jsonOf(response, 'upstream /key', now);
  } finally {
    await upstream.stop();
  }
}

async function failureOf(answer: Parameters<typeof answered>[0]): Promise<SourceError> {
  const outcome: unknown = await answered(answer).catch((error: unknown) => error);
  if (!(outcome instanceof SourceError)) throw new Error(`expected a SourceError: ${inspect(outcome)}`);
  return outcome;
}
