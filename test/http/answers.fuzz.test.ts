import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect } from 'vitest';
import { openPollers } from '../../src/agent-sources.ts';
import { loadConfig } from '../../src/config/config.ts';
import type { HttpGet, HttpResponse } from '../../src/http/client.ts';
import { parseJson } from '../../src/http/json.ts';
import { maxRetryAfterMs, retryAfterMs } from '../../src/http/retry-after.ts';
import { valueAt } from '../../src/metrics/gauges.ts';
import { reasons } from '../../src/model/reasons.ts';
import { SourceError } from '../../src/model/source-error.ts';
import { acceptedFormat, acceptsGzip } from '../../src/server/negotiation.ts';
import { instantField } from '../../src/sources/fields.ts';
import { ManualClock } from '../support/agent.ts';
import { fuzz } from '../support/fuzz.ts';
import { anyJson, damaged, torn, withOtherValues } from '../support/outside.ts';

const now = new Date('2026-11-18T12:00:00Z');
const recorded = ['claude-ai', 'openrouter', 'admin-api'].flatMap((name) => {
  const folder = new URL(`../fixtures/${name}/`, import.meta.url);
  return readdirSync(folder).filter((file) => /\.(json|html)$/.test(file)).map((file) => readFileSync(new URL(file, folder), 'utf8'));
});

const dates = fc.oneof(
  fc.constantFrom('Wed, 18 Nov 2026 12:00:30 GMT', 'Wednesday, 18-Nov-26 12:00:30 GMT', 'Wed Nov 18 12:00:30 2026', '2026-11-18T12:00:30Z', 'Wed, 99 Foo 2026 99:99:99 GMT'),
  fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
);
const waits = fc.oneof(
  fc.constantFrom('0', '1', '1.5', '-1', '1e9', 'NaN', 'Infinity', '0x10', '9'.repeat(400), `Mon${'a'.repeat(5_000)}`, ' 5 ', '5, 6', '٣'),
  fc.nat().map(String),
  dates,
  torn(['Wed, 18 Nov 2026 12:00:30 GMT', 'Wed Nov 18 12:00:30 2026', '120']),
  fc.string({ unit: 'binary' }),
);

/** A wait is a finite number of milliseconds above zero and no longer than a week; an instant is one. */
fuzz('waits and dates', fc.tuple(waits, fc.oneof(anyJson, dates, waits)), ([text, value]) => {
  const wait = retryAfterMs(text, now);
  if (wait !== undefined) expect(wait > 0 && wait <= maxRetryAfterMs && Number.isInteger(wait)).toBe(true);
  const instant = instantField(value);
  if (instant.state === 'read') expect(instant.value.getTime()).not.toBeNaN();
  expect(['openmetrics', 'text']).toContain(acceptedFormat({ accept: text }));
  expect(acceptsGzip({ 'accept-encoding': text })).toBeTypeOf('boolean');
});

const anyBody = fc.oneof(
  { weight: 4, arbitrary: withOtherValues(recorded) },
  { weight: 2, arbitrary: torn(recorded) },
  { weight: 2, arbitrary: fc.constantFrom(...recorded) },
  fc.json(),
  fc.nat(200).map((levels) => `${'['.repeat(levels)}${']'.repeat(levels)}`),
  fc.string({ unit: 'binary' }),
);
const anyBytes = fc.oneof(
  { weight: 3, arbitrary: anyBody.map((text) => Buffer.from(text)) },
  damaged(recorded.map((text) => Buffer.from(text))),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
);

/** What JSON.parse makes of it, or a refusal. */
fuzz('bodies of JSON', anyBytes, (bytes) => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    expect(() => parseJson(bytes, 'the body')).toThrow(SourceError);
    return;
  }
  try {
    expect(parseJson(bytes, 'the body')).toEqual(parsed);
  } catch (error) {
    expect(error).toMatchObject({ reason: 'too_large' });
  }
});

const response: fc.Arbitrary<HttpResponse> = fc
  .record({
    status: fc.oneof({ weight: 5, arbitrary: fc.constant(200) }, fc.constantFrom(0, 100, 204, 301, 400, 401, 403, 404, 429, 429, 500, 503, 504, 529, 999)),
    contentType: fc.constantFrom('application/json', 'application/json', '', 'text/html; charset=utf-8', 'x'),
    headers: fc.dictionary(fc.constantFrom('retry-after', 'date', 'cf-mitigated', 'anthropic-ratelimit-requests-reset'), fc.oneof(waits, fc.constant('challenge'))),
    bytes: anyBytes,
  })
  .map(({ headers, bytes, ...others }) => ({ ...others, header: (name) => headers[name], bytes: new Uint8Array(bytes) }));

const config = loadConfig({
  environment: {
    CLAUDE_COOKIE: 'sessionKey=sk-ant-sid01-fake',
    ANTHROPIC_ADMIN_API_KEY: 'sk-ant-admin01-fake',
    OPENROUTER_API_KEY: 'sk-or-v1-fake',
  },
  envFile: fileURLToPath(new URL('../support/empty.env', import.meta.url)),
  flags: {},
});

/** Requests that one source may make of one input. */
const mostRequests = 30;

/** Whatever the answers are: every source ends with success or one of its reasons, and what it says can be true. */
fuzz('answers to every source', fc.array(response, { minLength: 1, maxLength: 6 }), async (answers) => {
  const connect = (): HttpGet => {
    let asked = 0;
    return {
      get() {
        const answer = answers[asked++ % answers.length];
        if (answer === undefined || asked > mostRequests) return Promise.reject(new SourceError('network', 'no answer'));
        return Promise.resolve({ ...answer, bytes: answer.bytes.slice() });
      },
    };
  };
  const clock = new ManualClock(now);
  // Requests of all sources of the organization share a limit, which must not make any of them wait here.
  const unlimited = { now: () => clock.now(), monotonicMs: () => (clock.advance(1_000), clock.monotonicMs()) };
  const open = openPollers(config, { clock: unlimited, random: () => 0, deadlineMs: 10_000, connect });
  await Promise.all(open.pollers.map((poller) => poller.refresh()));
  open.close();
  for (const { last } of open.pollers) {
    expect(['success', ...reasons]).toContain(last?.outcome);
    for (const { reason, message, retryAfterMs: wait } of last?.failures ?? []) {
      expect(reason, message).not.toBe('internal');
      expect(message).not.toMatch(/\p{Cc}/u);
      expect(Buffer.byteLength(message)).toBeLessThan(400);
      if (wait !== undefined) expect(wait > 0 && wait <= maxRetryAfterMs).toBe(true);
    }
    for (const point of last?.reading?.gauges ?? []) expect(valueAt(point, now), point.metric).toSatisfy(Number.isFinite);
    for (const { value } of last?.reading?.report?.cells ?? []) expect(value).toBeTypeOf('bigint');
  }
});
