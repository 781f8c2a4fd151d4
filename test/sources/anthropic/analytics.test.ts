import { expect, test } from 'vitest';
import { dollarUnits } from '../../../src/model/report.ts';
import { anthropicAnalyticsSource } from '../../../src/sources/anthropic/analytics.ts';
import { Workspaces } from '../../../src/sources/anthropic/workspaces.ts';
import { asked, dayMs, serve, start, sums, workspacesOf } from './analytics-upstream.ts';
import { clientOf, refusal } from './support.ts';

test('the whole open span is read in queries of 31 days at most, then the recent days, and the whole once a day', async () => {
  const { upstream, read } = await start();
  await read();
  // October is final on 2 December. The lists of workspaces tell the default one, once.
  expect(asked(upstream)).toEqual(['usage 10-19 11-19', 'workspaces', 'workspaces', 'usage 10-01 10-19', 'cost 10-19 11-19', 'cost 10-01 10-19']);
  upstream.now = new Date('2026-11-18T13:00:00Z');
  expect((await read()).report).toMatchObject({ from: new Date('2026-11-15T00:00:00Z'), to: new Date('2026-11-19T00:00:00Z') });
  expect(asked(upstream)).toEqual(['usage 11-15 11-19', 'cost 11-15 11-19']);
  upstream.now = new Date('2026-11-19T12:00:00Z');
  expect((await read()).report).toMatchObject({ from: new Date('2026-10-01T00:00:00Z') });
  expect(asked(upstream)).toHaveLength(4);
  // After a long sleep the recent days would leave a gap.
  upstream.now = new Date('2026-11-20T11:00:00Z');
  await read();
  expect(asked(upstream)).toHaveLength(2);
  upstream.now = new Date('2026-12-09T11:00:00Z');
  expect((await read()).report).toMatchObject({ from: new Date('2026-11-01T00:00:00Z'), to: new Date('2026-12-10T00:00:00Z') });
});

test('a query says what the API wants to know', async () => {
  const { upstream, read } = await start();
  let header: unknown;
  const client = await clientOf((path, request) => {
    if (path.includes('/analytics/')) header = request.headers['anthropic-beta'];
    return serve(upstream, new URL(path, 'http://localhost'));
  });
  await anthropicAnalyticsSource({ account: 'default', intervalMs: 1, client, workspaces: new Workspaces(client), beta: 'another-beta' }).read({
    signal: AbortSignal.timeout(10_000),
    now: upstream.now,
  });
  expect(header).toBe('another-beta');
  await read();
  const [usage] = upstream.asked;
  expect(Object.fromEntries(usage?.searchParams ?? [])).toMatchObject({
    starting_at: '2026-10-19T00:00:00Z',
    ending_at: '2026-11-19T00:00:00Z',
    time_bucket_width: '1d',
    order_by: 'time',
    order: 'asc',
    limit: '1000',
  });
  expect(usage?.searchParams.getAll('group_by[]')).toEqual(['model', 'api_key_id', 'workspace_id', 'service_tier', 'context_window']);
  const cost = upstream.asked.find(({ pathname }) => pathname.endsWith('cost'));
  expect(cost?.searchParams.getAll('group_by[]')).toEqual(['api_key_id', 'workspace_id']);
});

test('requests and cost add up over pages, with the workspace that the usage report has', async () => {
  const { upstream, read } = await start();
  upstream.pageRows = 2;
  upstream.use = [
    { day: '2026-10-31', requests: 1_000, amount: '1' },
    { day: '2026-11-17', requests: 412, amount: '11141.02125' },
    { day: '2026-11-17', key: 'apikey_2', workspace: 'wrkspc_home', requests: 7, amount: '0.0000625' },
    { day: '2026-11-17', key: null, workspace: 'wrkspc_home', requests: 2, amount: '-5' },
    { day: '2026-11-18', requests: 160, amount: '8.97875000000000333' },
    { day: '2026-11-18', key: 'apikey_3', workspace: null, requests: null, amount: '0' },
  ];
  const reading = await read();
  expect(sums(reading)).toEqual({
    'requests 2026-10 apikey_1 wrkspc_1': 1_000n,
    'requests 2026-11 apikey_1 wrkspc_1': 572n,
    'requests 2026-11 apikey_2 default': 7n,
    'requests 2026-11 console default': 2n,
    'api_key.cost 2026-10 apikey_1 wrkspc_1': dollarUnits / 100n,
    'api_key.cost 2026-11 apikey_1 wrkspc_1': (11_150n * dollarUnits) / 100n,
    'api_key.cost 2026-11 apikey_2 default': 625_000_000n,
    'api_key.cost 2026-11 console default': 0n,
  });
  expect(reading.gauges).toMatchObject([
    { metric: 'claude_usage_metrics.source.report.refreshed_timestamp', value: Date.parse('2026-11-18T06:00:00Z') / 1000, attributes: { source: 'anthropic-analytics' } },
  ]);
  expect(reading.notices).toEqual([]);
});

test('a page that fails counts for nothing, and what was read whole is not asked for again', async () => {
  const { upstream, read } = await start();
  upstream.pageRows = 1;
  upstream.use = [{ day: '2026-11-17' }, { day: '2026-11-18' }];
  upstream.fault = (url) => (url.pathname.endsWith('cost') && url.searchParams.get('page') === '1' ? refusal(529, 'overloaded_error') : undefined);
  await expect(read()).rejects.toMatchObject({ reason: 'upstream', status: 529 });
  asked(upstream);
  upstream.fault = () => undefined;
  expect(sums(await read())).toMatchObject({ 'requests 2026-11 apikey_1 wrkspc_1': 2n, 'api_key.cost 2026-11 apikey_1 wrkspc_1': (2n * dollarUnits) });
  expect(asked(upstream)).toEqual(['cost 10-19 11-19', 'cost 10-19 11-19', 'cost 10-01 10-19']);
});

test('fewer days are asked for after a 504, then fewer rows', async () => {
  const { upstream, read } = await start();
  upstream.use = [{ day: '2026-11-17' }, { day: '2026-11-18' }];
  const days = ({ searchParams: query }: URL): number => (Date.parse(query.get('ending_at') ?? '') - Date.parse(query.get('starting_at') ?? '')) / dayMs;
  upstream.fault = (url) => {
    const isTooMuch = days(url) > 1 || Number(url.searchParams.get('limit')) > 300;
    return isTooMuch && url.pathname.includes('/analytics/') ? refusal(504, 'timeout_error') : undefined;
  };
  expect(sums(await read())).toMatchObject({ 'requests 2026-11 apikey_1 wrkspc_1': 2n });
  const first = upstream.asked.filter(({ pathname }) => pathname.endsWith('usage')).slice(0, 8);
  expect(first.map((url) => [days(url), url.searchParams.get('limit')])).toEqual([
    [31, '1000'], [16, '1000'], [8, '1000'], [4, '1000'], [2, '1000'], [1, '1000'], [1, '500'], [1, '250'],
  ]);
});

test('after 504s that passed more is asked for again with each read, until it is all', async () => {
  const { upstream, read } = await start();
  await read();
  let left = 5;
  upstream.fault = (url) => (url.pathname.endsWith('usage') && left-- > 0 ? refusal(504, 'timeout_error') : undefined);
  const limits: (string | null)[][] = [];
  for (let hour = 0; hour < 5; hour++) {
    upstream.now = new Date(upstream.now.getTime() + dayMs / 24);
    upstream.asked.length = 0;
    await read();
    limits.push([...new Set(upstream.asked.map(({ searchParams: query }) => query.get('limit')))]);
  }
  expect(limits).toEqual([['1000', '500', '250', '125'], ['250'], ['500'], ['1000'], ['1000']]);
  expect(asked(upstream)).toEqual(['usage 11-15 11-19', 'cost 11-15 11-19']);
  // All days of the open span, too.
  upstream.now = new Date('2026-11-19T13:00:00Z');
  await read();
  expect(asked(upstream)).toHaveLength(4);
});

test('an upstream that never has time is given up, and each answer that is too much ends', async () => {
  const { upstream, read } = await start();
  upstream.fault = () => refusal(504, 'timeout_error');
  await expect(read()).rejects.toMatchObject({ reason: 'upstream', status: 504 });
  expect(upstream.asked).toHaveLength(6 + 10);
});

test('an export that is replaced between two pages is read again from its first page', async () => {
  const { upstream, read } = await start();
  upstream.pageRows = 1;
  upstream.use = [{ day: '2026-11-17', requests: 10 }, { day: '2026-11-18', requests: 1 }];
  let refresh = 1;
  upstream.fault = (url) => {
    if (url.searchParams.get('page') === '1' && refresh-- > 0) {
      upstream.refreshedAt = '2026-11-18T10:00:00Z';
      upstream.use = [{ day: '2026-11-16', requests: 5 }, ...upstream.use];
    }
    return undefined;
  };
  expect(sums(await read())).toMatchObject({ 'requests 2026-11 apikey_1 wrkspc_1': 16n });
  // One that never holds still is no report.
  let minute = 0;
  upstream.fault = () => {
    upstream.refreshedAt = new Date(Date.parse('2026-11-18T10:00:00Z') + minute++ * 60_000).toISOString();
    return undefined;
  };
  await expect(read()).rejects.toMatchObject({ reason: 'upstream', message: expect.stringContaining('replaced while it was read') as string });
});

test('where nothing is exported there is no time of it; a span that was exported cannot become that', async () => {
  const { upstream, read } = await start();
  upstream.refreshedAt = null;
  const empty = await read();
  expect(empty.gauges).toEqual([]);
  expect(empty.report?.cells).toEqual([]);
  upstream.use = [{ day: '2026-11-17' }];
  upstream.refreshedAt = '2026-11-18T06:00:00Z';
  await read();
  upstream.use = [];
  upstream.refreshedAt = null;
  await expect(read()).rejects.toMatchObject({ reason: 'upstream', message: expect.stringContaining('nothing is exported') as string });
});

test('with nothing to tell the default workspace by, it keeps its id, and that is said', async () => {
  for (const answer of [refusal(403, 'permission_error'), refusal(400, 'invalid_request_error', 'include_default: Extra inputs are not permitted'), undefined]) {
    const { upstream, read } = await start();
    const same = { status: 200, body: workspacesOf(new URLSearchParams()), headers: { date: upstream.now.toUTCString() } };
    upstream.fault = (url) => {
      if (!url.pathname.endsWith('/workspaces')) return undefined;
      return url.searchParams.has('include_default') ? (answer ?? same) : same;
    };
    upstream.use = [{ day: '2026-11-17', workspace: 'wrkspc_home', requests: 7 }];
    const reading = await read();
    expect(sums(reading)).toMatchObject({ 'requests 2026-11 apikey_1 wrkspc_home': 7n });
    expect(reading.notices).toMatchObject([{ level: 'info', text: expect.stringContaining('default') as string }]);
    // It stays so: a series does not change its identity while the agent runs.
    upstream.fault = () => undefined;
    expect(sums(await read())).toEqual({});
    upstream.now = new Date('2026-11-19T12:00:00Z');
    expect(sums(await read())).toMatchObject({ 'requests 2026-11 apikey_1 wrkspc_home': 7n });
  }
});

test('while the lists of workspaces fail the report is held back, and comes with the right workspace afterwards', async () => {
  const { upstream, read } = await start();
  upstream.use = [{ day: '2026-11-17', workspace: 'wrkspc_home', requests: 7 }];
  for (const which of ['true', null]) {
    upstream.fault = (url) =>
      url.pathname.endsWith('/workspaces') && url.searchParams.get('include_default') === which ? refusal(504, 'timeout_error') : undefined;
    await expect(read()).rejects.toMatchObject({ reason: 'upstream', message: expect.stringMatching(/wait until the default workspace is known.*504/) as string });
  }
  upstream.fault = () => undefined;
  expect(sums(await read())).toMatchObject({ 'requests 2026-11 apikey_1 default': 7n });
});
