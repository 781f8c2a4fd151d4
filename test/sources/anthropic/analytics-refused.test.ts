import { expect, test } from 'vitest';
import type { HttpAnswer } from '../../../src/demo/http-server.ts';
import { asked, beta, dayMs, rowOf, start, sums } from './analytics-upstream.ts';
import { refusal } from './support.ts';

const unknownBeta = refusal(400, 'invalid_request_error', `Unexpected value(s) \`${beta}\` for the \`anthropic-beta\` header.`);

test.each([
  ['403', refusal(403, 'permission_error')],
  ['404', refusal(404, 'not_found_error')],
  ['400 of an unknown beta', unknownBeta],
])('a key that may not use it (%s) is told once a day, and no failure', async (_, answer) => {
  const { upstream, read } = await start();
  upstream.fault = () => answer;
  const notice = { level: 'info', text: expect.stringContaining('ANTHROPIC_ANALYTICS_BETA') as string };
  expect(await read()).toMatchObject({ gauges: [], failures: [], notices: [notice] });
  expect(await read()).not.toHaveProperty('report');
  expect(asked(upstream)).toEqual(['usage 10-19 11-19']);
  upstream.now = new Date(upstream.now.getTime() + dayMs);
  upstream.fault = () => undefined;
  expect(await read()).toHaveProperty('report');
});

test.each<[what: string, answer: HttpAnswer, error: object]>([
  ['a page of a proxy', { status: 403, body: '<html>Forbidden</html>', headers: { 'content-type': 'text/html' } }, { reason: 'forbidden' }],
  ['an address without the API', { status: 404, body: 'Not Found' }, { reason: 'upstream', status: 404 }],
  [
    'another 400',
    refusal(400, 'invalid_request_error', 'starting_at: must be within the last 365 days'),
    { reason: 'upstream', message: expect.stringContaining('must be within the last 365 days') as string },
  ],
])('%s is a failure', async (_, answer, error) => {
  const { upstream, read } = await start();
  upstream.fault = () => answer;
  await expect(read()).rejects.toMatchObject(error);
});

test('what once was read and then is refused is a failure: something that was known no longer is', async () => {
  const { upstream, read } = await start();
  await read();
  upstream.fault = () => refusal(403, 'permission_error');
  await expect(read()).rejects.toMatchObject({ reason: 'forbidden' });
});

test.each([
  [{ 'retry-after': '30' }, 30_000],
  [{}, 60_000],
])('429 with %j is kept to', async (headers, retryAfterMs) => {
  const { upstream, read } = await start();
  upstream.fault = () => ({ ...(refusal(429, 'rate_limit_error') as { status: number; body: unknown }), headers });
  await expect(read()).rejects.toMatchObject({ reason: 'rate_limited', retryAfterMs });
});

const row = (more: object): object => ({ ...rowOf('usage', { day: '2026-11-17' }), ...more });
const page = (data: unknown, more: object = {}): object => ({ data, has_more: false, next_page: null, data_refreshed_at: null, ...more });
const group = { model: 'm', api_key_id: 'k', workspace_id: 'w', service_tier: null, context_window: null };

test.each<[what: string, body: unknown]>([
  ...[-1, 0.5, 2 ** 53, 1e300, '1', true, undefined].map((requests): [string, unknown] => [`with requests of ${String(requests)}`, page([row({ usage: { requests } })])]),
  ['without usage', page([row({ usage: undefined })])],
  ['without a group', page([row({ group: undefined })])],
  ['without a dimension that was asked for', page([row({ group: { ...group, model: undefined } })])],
  ['with an id that is no text', page([row({ group: { ...group, api_key_id: 7 } })])],
  ['without a time', page([row({ starting_at: undefined })])],
  ['with a time that is a number', page([row({ starting_at: 1_763_337_600 })])],
  ['with a row that is no object', page(['row'])],
  ['with a row of an hour', page([row({ ending_at: '2026-11-17T01:00:00Z' })])],
  ['with a row of two days', page([row({ ending_at: '2026-11-19T00:00:00Z' })])],
  ['with a row that begins at noon', page([row({ starting_at: '2026-11-17T12:00:00Z', ending_at: '2026-11-18T12:00:00Z' })])],
  ['with a row of a day before', page([row({ starting_at: '2026-09-30T00:00:00Z', ending_at: '2026-10-01T00:00:00Z' })])],
  ['with a row of a day to come', page([row({ starting_at: '2026-11-19T00:00:00Z', ending_at: '2026-11-20T00:00:00Z' })])],
  ['whose days are out of order', page([rowOf('usage', { day: '2026-11-17' }), rowOf('usage', { day: '2026-11-16' })])],
  ['with a row twice', page([row({}), row({})])],
  ['whose pages do not end', page([], { has_more: true, next_page: 'again' })],
  ['that says that more follows, but not where', page([], { has_more: true })],
  ['that says that nothing follows, but where', page([row({})], { next_page: '1' })],
  ['without data', page(undefined)],
  ['with a watermark that is no time', page([], { data_refreshed_at: 'yesterday' })],
  ['that is an error', { type: 'error', error: { type: 'api_error', message: 'no' } }],
])('a report of requests %s is refused whole, and the next read recovers', async (_, body) => {
  const { upstream, read } = await start();
  upstream.use = [{ day: '2026-11-17', requests: 3 }];
  upstream.fault = (url) => (url.pathname.endsWith('usage') ? { status: 200, body, headers: { date: upstream.now.toUTCString() } } : undefined);
  await expect(read()).rejects.toMatchObject({ reason: 'schema' });
  upstream.fault = () => undefined;
  expect(sums(await read())).toMatchObject({ 'requests 2026-11 apikey_1 wrkspc_1': 3n });
});

test.each(['1e3', 'abc', '', ' 5', '0x10', 'NaN', 5, null])('a cost of %j makes no report', async (amount) => {
  const { upstream, read } = await start();
  upstream.use = [{ day: '2026-11-17', amount }];
  await expect(read()).rejects.toMatchObject({ reason: 'schema' });
});

test.each([
  ['in another currency', { amount: '5', currency: 'EUR' }],
  ['without an amount', { currency: 'USD' }],
])('a cost %s makes no report', async (_, cost) => {
  const { upstream, read } = await start();
  const body = page([{ ...rowOf('cost', { day: '2026-11-17' }), cost }]);
  upstream.fault = (url) => (url.pathname.endsWith('cost') ? { status: 200, body, headers: { date: upstream.now.toUTCString() } } : undefined);
  await expect(read()).rejects.toMatchObject({ reason: 'schema' });
});

test('what a read has no time for is asked for in fewer days by the next one', async () => {
  const { upstream, source, read } = await start();
  upstream.pageRows = 1;
  upstream.use = ['14', '15', '16', '17', '18'].map((day) => ({ day: `2026-11-${day}`, requests: 1 }));
  const deadline = new AbortController();
  upstream.fault = (url) => {
    if (url.searchParams.get('page') !== '3') return undefined;
    deadline.abort(new Error('over'));
    return () => undefined;
  };
  await expect(source.read({ signal: deadline.signal, now: upstream.now })).rejects.toBeInstanceOf(Error);
  asked(upstream);
  upstream.fault = () => undefined;
  expect(sums(await read())).toMatchObject({ 'requests 2026-11 apikey_1 wrkspc_1': 5n });
  expect(asked(upstream)[0]).toBe('usage 11-03 11-19');
});

/** An upstream, and a source that had time for two pages of five of the newest day. */
async function startedDay(): Promise<Awaited<ReturnType<typeof start>> & { pages: () => string[] }> {
  const { upstream, source, read } = await start();
  upstream.pageRows = 1;
  upstream.use = ['1', '2', '3', '4', '5'].map((key) => ({ day: '2026-11-18', key, requests: 1 }));
  const pages = (): string[] => upstream.asked.splice(0).map(({ searchParams: query }) => `${query.get('limit')} ${query.get('page') ?? 'first'}`);
  const days: number[] = [];
  do {
    const deadline = new AbortController();
    upstream.fault = ({ searchParams: query }) => {
      if (query.get('page') !== '2') return undefined;
      days.push((Date.parse(query.get('ending_at') ?? '') - Date.parse(query.get('starting_at') ?? '')) / dayMs);
      deadline.abort(new Error('over'));
      return () => undefined;
    };
    await expect(source.read({ signal: deadline.signal, now: upstream.now })).rejects.toBeInstanceOf(Error);
    expect(pages().filter((page) => page.startsWith('1000'))).toEqual(['1000 first', '1000 1', '1000 2']);
  } while (days.at(-1) !== 1);
  expect(days).toEqual([31, 16, 8, 4, 2, 1]);
  upstream.fault = () => undefined;
  return { upstream, source, read, pages };
}

const ofEach = (value: bigint): Record<string, bigint> =>
  Object.fromEntries(['1', '2', '3', '4', '5'].map((key) => [`requests 2026-11 ${key} wrkspc_1`, value]));

test('a day that takes longer than a read is gone on with by the next one, behind the pages that came', async () => {
  const { read, pages } = await startedDay();
  expect(sums(await read())).toMatchObject(ofEach(1n));
  expect(pages().slice(0, 3)).toEqual(['1000 2', '1000 3', '1000 4']);
});

test('a day is begun anew where its export was replaced between two reads', async () => {
  const { upstream, read, pages } = await startedDay();
  upstream.refreshedAt = '2026-11-18T11:00:00Z';
  upstream.use = upstream.use.map((use) => ({ ...use, requests: 2 }));
  expect(sums(await read())).toMatchObject(ofEach(2n));
  expect(pages().slice(0, 3)).toEqual(['1000 2', '1000 first', '1000 1']);
});

test('a day is begun anew where the place in it is no longer known', async () => {
  const { upstream, read, pages } = await startedDay();
  upstream.fault = (url) => (url.searchParams.get('page') === '2' ? refusal(400, 'invalid_request_error', 'page: expired') : undefined);
  await expect(read()).rejects.toMatchObject({ reason: 'upstream', status: 400 });
  upstream.fault = () => undefined;
  pages();
  expect(sums(await read())).toMatchObject(ofEach(1n));
  expect(pages()[0]).toBe('1000 first');
});

test('a page of HTML in the middle of paging, a clock that is off: nothing is taken', async () => {
  const { upstream, read } = await start();
  upstream.pageRows = 1;
  upstream.use = [{ day: '2026-11-17' }, { day: '2026-11-18' }];
  upstream.fault = (url) => (url.searchParams.has('page') ? { status: 200, body: '<html>hello</html>', headers: { 'content-type': 'text/html' } } : undefined);
  await expect(read()).rejects.toMatchObject({ reason: 'schema' });
  upstream.fault = () => ({ status: 200, body: page([]), headers: { date: 'Wed, 18 Nov 2026 13:00:00 GMT' } });
  await expect(read()).rejects.toMatchObject({ reason: 'upstream', message: expect.stringContaining('clock') as string });
  upstream.fault = () => undefined;
  expect(sums(await read())).toMatchObject({ 'requests 2026-11 apikey_1 wrkspc_1': 2n });
});
