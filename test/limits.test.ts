import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { longestHoldMs } from '../src/export/hold.ts';
import { maxAnswerBytes } from '../src/export/http-transport.ts';
import { parseJson } from '../src/http/json.ts';
import { defaultLimits, mostHeaderBytes, mostLevels, mostValues, pageLimits } from '../src/http/limits.ts';
import { maxRetryAfterMs, retryAfterMs } from '../src/http/retry-after.ts';
import { SourceError } from '../src/model/source-error.ts';
import { cleanText, maxAttributeBytes } from '../src/model/text.ts';
import { cookieHeader, maxCookieCharacters, maxHeaderCharacters, parseCookies } from '../src/sources/cookies/cookie-string.ts';

/** What is taken at a size, or the reason why it is not. */
function outcomeOf(take: () => unknown): unknown {
  try {
    take();
    return 'taken';
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    return error.reason;
  }
}

const now = new Date('2026-11-18T12:00:00Z');
const nested = (levels: number): Buffer => Buffer.from(`${'['.repeat(levels)}${']'.repeat(levels)}`);
const values = (count: number): Buffer => Buffer.from(`[${'1,'.repeat(count - 2)}1]`);
const cookies = (characters: number): string => 'sessionKey=s; _ga='.padEnd(characters, 'x');
const header = (characters: number): string => 'sessionKey='.padEnd(characters, 'x');

test.each<[what: string, limit: number, times: number, take: (size: number) => unknown]>([
  ['levels of JSON', mostLevels, 1_000, (levels) => parseJson(nested(levels), 'the body')],
  // A thousand times as many are more bytes than any answer may have.
  ['values of JSON', mostValues, 4, (count) => parseJson(values(count), 'the body')],
  ['characters of cookies', maxCookieCharacters, 1_000, (characters) => parseCookies(cookies(characters))],
  ['characters of a cookie header', maxHeaderCharacters, 1_000, (characters) => cookieHeader(parseCookies(header(characters)), ['*'], now)],
])('%s: %i are taken, one more is not, nor %i times as many', { timeout: 60_000 }, (_what, limit, times, take) => {
  expect(outcomeOf(() => take(limit))).toBe('taken');
  expect(outcomeOf(() => take(limit + 1))).toBe('too_large');
  expect(outcomeOf(() => take(limit * times))).toBe('too_large');
});

test.each([maxAttributeBytes, maxAttributeBytes + 1, maxAttributeBytes * 1_000])('of an attribute of %i bytes what fits is left', (bytes) => {
  expect(cleanText('a'.repeat(bytes))).toBe('a'.repeat(maxAttributeBytes));
  expect(Buffer.byteLength(cleanText('模'.repeat(Math.ceil(bytes / 3))))).toBe(maxAttributeBytes - (maxAttributeBytes % 3));
});

test.each([1, 1_000])('a wait of %i times a week is one of a week', (times) => {
  const weekSeconds = maxRetryAfterMs / 1_000;
  expect(retryAfterMs(String(weekSeconds * times + 1), now)).toBe(maxRetryAfterMs);
  expect(retryAfterMs(String(weekSeconds), now)).toBe(maxRetryAfterMs);
});

test('the page of limits has them as they are', () => {
  const page = readFileSync(new URL('../docs/limits.md', import.meta.url), 'utf8');
  const size = (bytes: number): string => (bytes < 1024 * 1024 ? `${bytes / 1024} KiB` : `${bytes / 1024 / 1024} MiB`);
  for (const row of [
    `| Answer on the wire | ${size(defaultLimits.wireBytes)}; of the Admin API ${size(pageLimits.wireBytes)} |`,
    `| Answer inflated | ${size(defaultLimits.inflatedBytes)}; of the Admin API ${size(pageLimits.inflatedBytes)} |`,
    `| Inflated bytes per byte on the wire | ${defaultLimits.ratio}, from ${size(defaultLimits.ratioFromBytes)} on |`,
    `| Status line and headers of an answer | ${size(mostHeaderBytes)} |`,
    `| Levels of nested JSON | ${mostLevels} |`,
    `| Values of a body of JSON | ${mostValues.toLocaleString('en-US')} |`,
    `| Cookies, all together | ${size(maxCookieCharacters)} |`,
    `| Cookie header that is sent | ${size(maxHeaderCharacters)} |`,
    `| Attribute value, text in a log line | ${maxAttributeBytes} bytes |`,
    `| Retry-After | ${maxRetryAfterMs / 86_400_000} days |`,
    `| The same of an OTLP backend | ${longestHoldMs / 3_600_000} hour |`,
    `| Answer of an OTLP/HTTP backend | ${size(maxAnswerBytes)} |`,
  ]) {
    expect(page).toContain(row);
  }
});
