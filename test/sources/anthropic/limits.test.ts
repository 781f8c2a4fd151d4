import { expect, test } from 'vitest';
import type { HttpAnswer } from '../../../src/demo/http-server.ts';
import type { Reading } from '../../../src/model/reading.ts';
import { anthropicLimitsSource } from '../../../src/sources/anthropic/limits.ts';
import { clientOf, refusal } from './support.ts';

const now = new Date('2026-11-18T12:00:00Z');
const headers = { date: now.toUTCString() };
const me = { id: '00000000-0000-4000-8000-000000000001', name: 'Fixture Org', type: 'organization' };

const entry = (more: object, limits: unknown = [{ type: 'requests_per_minute', value: 50 }]): object => ({ type: 'rate_limit', id: 'rl', limits, ...more });
const models = (...names: readonly string[]): object => ({ group_type: 'model_group', models: names });
const page = (...data: readonly unknown[]): HttpAnswer => ({ status: 200, body: { data, next_page: null }, headers });

interface Answers {
  limits: HttpAnswer;
  me: HttpAnswer;
  readonly asked: string[];
}

async function start(): Promise<{ answers: Answers; read: () => Promise<Reading> }> {
  const answers: Answers = { limits: page(), me: { status: 200, body: me, headers }, asked: [] };
  const client = await clientOf((path) => {
    answers.asked.push(path);
    if (path.includes('page=2')) return page(entry({ group_type: 'files' }));
    return path.endsWith('/me') ? answers.me : answers.limits;
  });
  const source = anthropicLimitsSource({ account: 'default', intervalMs: 3_600_000, client });
  return { answers, read: () => source.read({ signal: AbortSignal.timeout(10_000), now }) };
}

function limitsOf({ gauges }: Reading): (readonly [string | undefined, string | undefined, unknown])[] {
  return gauges.filter(({ metric }) => metric === 'claude.rate_limit').map(({ attributes, value }) => [attributes['group'], attributes['limiter'], value]);
}

test('limits of every page, and who the organization is', async () => {
  const { answers, read } = await start();
  answers.limits = { status: 200, body: { data: [entry({ group_type: 'batch' })], next_page: '2' }, headers };
  const reading = await read();
  expect(limitsOf(reading)).toEqual([['batch', 'requests_per_minute', 50], ['files', 'requests_per_minute', 50]]);
  expect(reading.gauges).toContainEqual({
    metric: 'claude.organization.info',
    value: 1,
    attributes: { 'organization.id': me.id, 'organization.name': me.name },
  });
  expect(answers.asked).toHaveLength(3);
});

test.each<[what: string, row: object, group: string]>([
  ['its display name', { group: { type: 'model_group', id: 'rlg_1', display_name: 'Claude Sonnet 4.x' }, models: ['claude-sonnet-4-5'] }, 'claude_sonnet_4_x'],
  ['what its models have in common', models('claude-opus-4-1', 'claude-opus-4-5', 'claude-opus-4-5-20251101'), 'claude_opus_4'],
  ['its only model', models('claude-opus-5'), 'claude_opus_5'],
  ['its type, when its models have nothing in common', models('claude-opus-5', 'opus'), 'model_group'],
  ['its type, without models', { group_type: 'model_group', models: null }, 'model_group'],
  ['its type, when it is no group of models', { group: { type: 'web_search', id: 'rlg_2', display_name: 'Search' } }, 'web_search'],
])('a group is named by %s', async (_, row, group) => {
  const { answers, read } = await start();
  answers.limits = page(entry(row));
  expect(limitsOf(await read())).toEqual([[group, 'requests_per_minute', 50]]);
});

test('of two entries that cannot be told apart the lower value holds', async () => {
  const { answers, read } = await start();
  const limit = (value: number): object[] => [{ type: 'requests_per_minute', value }];
  answers.limits = page(entry(models('claude-opus-5'), limit(60)), entry(models('claude-opus-5'), limit(40)), entry(models('claude-opus-5'), limit(50)));
  expect(limitsOf(await read())).toEqual([['claude_opus_5', 'requests_per_minute', 40]]);
});

test.each<[what: string, body: HttpAnswer]>([
  ...[-1, 0.5, 2 ** 53, '50', null, undefined].map((value): [string, HttpAnswer] => [`a value of ${String(value)}`, page(entry({ group_type: 'batch' }, [{ type: 'r', value }]))]),
  ['no group', page(entry({}))],
  ['a group that is no text', page(entry({ group_type: 7 }))],
  ['models that are no list', page(entry({ group_type: 'model_group', models: 'claude-opus-5' }))],
  ['no limits', page(entry({ group_type: 'batch' }, undefined), entry({ group_type: 'files', limits: null }))],
  ['a limit without a name', page(entry({ group_type: 'batch' }, [{ value: 1 }]))],
  ['a limit that is no object', page(entry({ group_type: 'batch' }, [5]))],
  ['an entry of another type', page({ ...entry({ group_type: 'batch' }), type: 'workspace_rate_limit' })],
  ['no list', { status: 200, body: { data: {} }, headers }],
  ['a page of HTML', { status: 200, body: '<html></html>', headers: { ...headers, 'content-type': 'text/html' } }],
  ['a cursor that repeats', { status: 200, body: { data: [], next_page: 'again' }, headers }],
])('limits with %s are left out for a named reason; the organization is told all the same', async (_, body) => {
  const { answers, read } = await start();
  answers.limits = body;
  const reading = await read();
  expect(reading.failures).toMatchObject([{ reason: 'schema' }]);
  expect(reading.gauges.map(({ metric }) => metric)).toEqual(['claude.organization.info']);
  answers.limits = page(entry({ group_type: 'batch' }));
  expect(limitsOf(await read())).toHaveLength(1);
});

test.each<[what: string, body: unknown]>([
  ['no id', { ...me, id: null }],
  ['another type', { ...me, type: 'workspace' }],
  ['a list', { data: [me] }],
])('an organization with %s is none', async (_, body) => {
  const { answers, read } = await start();
  answers.me = { status: 200, body, headers };
  answers.limits = page(entry({ group_type: 'batch' }));
  const reading = await read();
  expect(reading.failures).toMatchObject([{ reason: 'schema' }]);
  expect(reading.gauges.map(({ metric }) => metric)).toEqual(['claude.rate_limit']);
});

test('an organization without a name has its id', async () => {
  const { answers, read } = await start();
  answers.me = { status: 200, body: { ...me, name: null }, headers };
  expect((await read()).gauges).toMatchObject([{ attributes: { 'organization.id': me.id } }]);
});

test('what is withheld is told and not asked for again soon', async () => {
  const { answers, read } = await start();
  answers.limits = refusal(404, 'not_found_error');
  answers.me = refusal(403, 'permission_error');
  const notices = [{ text: expect.stringContaining('rate_limits') as string }, { text: expect.stringContaining('organizations/me') as string }];
  for (let hour = 0; hour < 3; hour++) {
    const reading = await read();
    expect(reading.failures).toEqual([]);
    expect(reading.notices).toHaveLength(2);
    expect(reading.notices).toEqual(expect.arrayContaining(notices.map((notice) => expect.objectContaining(notice) as object)));
  }
  expect(answers.asked).toHaveLength(2);
});

test('there always is an organization: 404 is an address without the API', async () => {
  const { answers, read } = await start();
  answers.me = refusal(404, 'not_found_error');
  await expect(read()).rejects.toMatchObject({ reason: 'upstream', status: 404 });
});

test('when nothing can be read, the longest wait that was asked for is kept', async () => {
  const { answers, read } = await start();
  const busy = (seconds: number): HttpAnswer => ({ status: 429, body: {}, headers: { ...headers, 'retry-after': String(seconds) } });
  answers.limits = busy(1);
  answers.me = busy(600);
  await expect(read()).rejects.toMatchObject({ reason: 'rate_limited', status: 429, retryAfterMs: 600_000 });
});
