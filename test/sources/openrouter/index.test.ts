import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { type HttpAnswer, type SimulatedUpstream, startUpstream } from '../../../src/demo/http-server.ts';
import { systemClock } from '../../../src/model/clock.ts';
import type { Reading, Source } from '../../../src/model/reading.ts';
import { Secret } from '../../../src/model/secret.ts';
import { Poller } from '../../../src/sources/poller.ts';
import { ManualClock } from '../../support/agent.ts';
import { fakeKey, openRouterAt, startOpenRouter } from './support.ts';

const now = new Date('2026-11-21T12:00:00Z');
const spend = { usage: 4, usage_daily: 1, usage_weekly: 2, usage_monthly: 3 };
const inferenceKey = { status: 200, body: { data: { ...spend, is_management_key: false } } };
const managementKey = { status: 200, body: { data: { ...spend, is_management_key: true } } };
const unknownKey = { status: 200, body: { data: spend } };
const credits = { status: 200, body: { data: { total_credits: 10, total_usage: 4 } } };
const nothing = { status: 200, body: { data: { total_credits: 0, total_usage: 0 } } };
const refused = { status: 403, body: { error: { code: 403, message: 'Only management keys can perform this operation' } } };

test.each(['/api/v1', '/api/v1/', '/gateway/a%20b/v1//'])('both paths are asked for below the base URL, with the key: %s', async (base) => {
  const upstream = await started(() => ({ status: 200, body: { data: { ...spend, total_credits: 1, total_usage: 0 } } }));
  await read(openRouterAt(`${upstream.url}${base}`));
  const path = base.replace(/\/+$/, '');
  expect(upstream.requests.map((request) => `${request.method} ${request.path}`)).toEqual([`GET ${path}/key`, `GET ${path}/credits`]);
  for (const { headers } of upstream.requests) {
    expect(headers.authorization).toBe(`Bearer ${fakeKey}`);
    expect(headers['user-agent']).toBe('claude-usage-metrics/test');
    expect(headers).not.toHaveProperty('x-title');
    expect(headers).not.toHaveProperty('http-referer');
  }
});

test('the credits are not asked for when the key is refused', async () => {
  const upstream = await answering({ key: refused, credits });
  await expect(read(openRouterAt(`${upstream.url}/api/v1`))).rejects.toMatchObject({ reason: 'forbidden', status: 403 });
  expect(upstream.requests).toHaveLength(1);
});

test.each<{ name: string; key: HttpAnswer; credits: HttpAnswer; outcome: 'shown' | 'withheld' | 'failed' }>([
  { name: 'a management key, a balance', key: managementKey, credits, outcome: 'shown' },
  { name: 'a management key, {0, 0}', key: managementKey, credits: nothing, outcome: 'shown' },
  { name: 'a management key, 403', key: managementKey, credits: refused, outcome: 'failed' },
  { name: 'an inference key, a balance', key: inferenceKey, credits, outcome: 'shown' },
  { name: 'an inference key, {0, 0}', key: inferenceKey, credits: nothing, outcome: 'withheld' },
  { name: 'an inference key, 403', key: inferenceKey, credits: refused, outcome: 'withheld' },
  { name: 'an inference key, 401', key: inferenceKey, credits: { status: 401, body: '' }, outcome: 'failed' },
  { name: 'an inference key, 404', key: inferenceKey, credits: { status: 404, body: '' }, outcome: 'failed' },
  { name: 'a key of unknown kind, {0, 0}', key: unknownKey, credits: nothing, outcome: 'withheld' },
  { name: 'a key of unknown kind, 403', key: unknownKey, credits: refused, outcome: 'withheld' },
])('credits for $name are $outcome', async ({ key, credits: answer, outcome }) => {
  const upstream = await answering({ key, credits: answer });
  const reading = await read(openRouterAt(`${upstream.url}/api/v1`));
  expect(countOf(reading, 'openrouter.key.usage')).toBe(4);
  expect(countOf(reading, 'openrouter.credits.')).toBe(outcome === 'shown' ? 3 : 0);
  expect(reading.notices.map(({ level }) => level)).toEqual(outcome === 'withheld' ? ['info'] : []);
  expect(reading.failures).toHaveLength(outcome === 'failed' ? 1 : 0);
});

test.each<{ name: string; answer: HttpAnswer; reason: string; retryAfterMs?: number }>([
  { name: 'fail', answer: { status: 500, body: '' }, reason: 'upstream' },
  { name: 'are asked for too often', answer: { status: 429, body: '', headers: { 'retry-after': '90' } }, reason: 'rate_limited', retryAfterMs: 90_000 },
  { name: 'meet a challenge', answer: { status: 403, body: '<title>Just a moment...</title>', headers: { 'cf-mitigated': 'challenge' } }, reason: 'challenged' },
  { name: 'break off', answer: halfThenReset, reason: 'network' },
  { name: 'are half', answer: { status: 200, body: '{"data":{"total_credits":10' }, reason: 'schema' },
  { name: 'lead elsewhere', answer: { status: 307, body: '', headers: { location: '/api/v1/other' } }, reason: 'upstream' },
])('credits that $name leave the key its points', async ({ answer, reason, retryAfterMs }) => {
  const upstream = await answering({ key: managementKey, credits: answer });
  const reading = await read(openRouterAt(`${upstream.url}/api/v1`));
  expect(countOf(reading, 'openrouter.key.usage')).toBe(4);
  expect(countOf(reading, 'openrouter.credits.')).toBe(0);
  expect(reading.failures.map((failure) => [failure.reason, failure.retryAfterMs])).toEqual([[reason, retryAfterMs]]);
  expect(upstream.requests).toHaveLength(2);
});

test.each<{ name: string; key: HttpAnswer; answer: HttpAnswer; outcome: string }>([
  { name: '500', key: managementKey, answer: { status: 500, body: {} }, outcome: 'upstream' },
  { name: '429 without a Retry-After', key: managementKey, answer: { status: 429, body: {} }, outcome: 'rate_limited' },
  { name: '403 to a management key', key: managementKey, answer: refused, outcome: 'forbidden' },
  { name: '403 to an inference key', key: inferenceKey, answer: refused, outcome: 'success' },
  { name: '200 without a number', key: managementKey, answer: { status: 200, body: { data: {} } }, outcome: 'schema' },
])('credits that answer $name for good are asked for at most twelve times an hour, and the key each time', async ({ key, answer, outcome }) => {
  let answers = { key, credits: answer };
  const upstream = await started(({ path }) => (path === '/api/v1/key' ? answers.key : answers.credits));
  const clock = new ManualClock(now);
  const poller = new Poller({ source: openRouterAt(`${upstream.url}/api/v1`), clock, random: () => 0, deadlineMs: 10_000 });
  const asked = (path: string): number => upstream.requests.filter((request) => request.path === `/api/v1/${path}`).length;
  for (let minutes = 0; minutes < 60; minutes++) {
    await poller.refresh();
    expect(poller.last).toMatchObject({ outcome, reading: { notices: outcome === 'success' ? [{ level: 'info' }] : [] } });
    clock.advance(60_000);
  }
  expect(asked('key')).toBe(60);
  expect(asked('credits')).toBeGreaterThan(4);
  expect(asked('credits')).toBeLessThanOrEqual(12);
  answers = { key, credits };
  clock.advance(15 * 60_000);
  await poller.refresh();
  expect(poller.last).toMatchObject({ outcome: 'success', reading: { notices: [] } });
  expect(poller.points(clock.now()).filter(({ metric }) => metric.startsWith('openrouter.credits.'))).toHaveLength(3);
});

test('a management key in the place of an inference key is asked with at once', async () => {
  let answers: { readonly key: HttpAnswer; readonly credits: HttpAnswer } = { key: inferenceKey, credits: refused };
  const upstream = await started(({ path }) => (path === '/api/v1/key' ? answers.key : answers.credits));
  const clock = new ManualClock(now);
  const poller = new Poller({ source: openRouterAt(`${upstream.url}/api/v1`), clock, random: () => 0, deadlineMs: 10_000 });
  for (let minutes = 0; minutes < 20; minutes++) {
    await poller.refresh();
    clock.advance(60_000);
  }
  answers = { key: managementKey, credits };
  await poller.refresh();
  expect(poller.last?.outcome).toBe('success');
  expect(poller.points(clock.now()).filter(({ metric }) => metric.startsWith('openrouter.credits.'))).toHaveLength(3);
});

test('parts of the key that cannot be read leave the rest, and the credits', async () => {
  const upstream = await answering({ key: { status: 200, body: { data: { ...spend, usage: '$4' } } }, credits });
  const reading = await read(openRouterAt(`${upstream.url}/api/v1`));
  expect(countOf(reading, 'openrouter.key.usage')).toBe(3);
  expect(countOf(reading, 'openrouter.credits.')).toBe(3);
  expect(reading.failures.map(({ reason }) => reason)).toEqual(['schema']);
});

test('credits that hang leave the key its points at the deadline', async () => {
  const upstream = await answering({ key: managementKey, credits: () => undefined });
  const deadlineMs = 1_000;
  const poller = new Poller({
    source: openRouterAt(`${upstream.url}/api/v1`),
    clock: systemClock,
    random: () => 0.5,
    deadlineMs,
  });
  const startedMs = performance.now();
  await poller.refresh();
  expect(performance.now() - startedMs).toBeLessThan(2 * deadlineMs);
  expect(poller.last?.outcome).toBe('timeout');
  expect(poller.points(new Date()).filter(({ metric }) => metric === 'openrouter.key.usage')).toHaveLength(4);
});

test('a redirect takes the key nowhere', async () => {
  const other = await started(() => credits);
  for (const status of [301, 302, 303, 307, 308]) {
    const upstream = await started(({ path }) => ({ status, body: '', headers: { location: `${other.url}${path}` } }));
    await expect(read(openRouterAt(`${upstream.url}/api/v1`))).rejects.toMatchObject({ reason: 'upstream', status });
    expect(upstream.requests).toHaveLength(1);
  }
  expect(other.requests).toEqual([]);
});

test.each([
  ['empty', ''],
  ['of two lines', `${fakeKey}\r\nx-other: 1`],
  ['with a space in it', `${fakeKey} more`],
  ['with a NUL', `${fakeKey}\0`],
  ['of other letters', 'sk-or-v1-schlüssel'],
])('a key that is %s is asked for, and goes nowhere', async (_name, key) => {
  const upstream = await answering({ key: managementKey, credits });
  const failure: unknown = await read(openRouterAt(`${upstream.url}/api/v1`, Secret.of(key))).catch((error: unknown) => error);
  expect(failure).toMatchObject({ reason: 'credential_missing' });
  if (key !== '') expect(inspect(failure, { depth: 9, showHidden: true })).not.toContain(key);
  expect(upstream.requests).toEqual([]);
});

test('a key in a file is read at each use', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'key-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'key');
  const upstream = await answering({ key: managementKey, credits });
  const source = openRouterAt(`${upstream.url}/api/v1`, Secret.fromFile(file));
  await expect(read(source)).rejects.toMatchObject({ reason: 'credential_missing', message: 'the file with the OpenRouter key cannot be read (ENOENT)' });
  writeFileSync(file, 'sk-or-v1-first-fake\n');
  await read(source);
  writeFileSync(file, 'sk-or-v1-second-fake');
  await read(source);
  expect(upstream.requests.map(({ headers }) => headers.authorization)).toEqual([
    ...Array<string>(2).fill('Bearer sk-or-v1-first-fake'),
    ...Array<string>(2).fill('Bearer sk-or-v1-second-fake'),
  ]);
});

async function started(answer: Parameters<typeof startUpstream>[0]): Promise<SimulatedUpstream> {
  const upstream = await startUpstream(answer);
  onTestFinished(() => upstream.stop());
  return upstream;
}

async function answering(answers: Parameters<typeof startOpenRouter>[0]): Promise<SimulatedUpstream> {
  const upstream = await startOpenRouter(answers);
  onTestFinished(() => upstream.stop());
  return upstream;
}

function read(source: Source): Promise<Reading> {
  return source.read({ signal: AbortSignal.timeout(10_000), now });
}

function countOf(reading: Reading, metric: string): number {
  return reading.gauges.filter((point) => point.metric.startsWith(metric)).length;
}

function halfThenReset(response: ServerResponse): void {
  response.writeHead(200, { 'content-length': '100' });
  response.write('{"data":{"total_credits":10', () => response.socket?.resetAndDestroy());
}
