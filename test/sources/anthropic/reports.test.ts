import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { SimulatedOrganization } from '../../../src/demo/anthropic/organization.ts';
import { type AdminApiOptions, startAdminApi } from '../../../src/demo/anthropic/server.ts';
import type { SimulatedUpstream } from '../../../src/demo/http-server.ts';
import { HttpClient } from '../../../src/http/client.ts';
import { Limiter } from '../../../src/http/limiter.ts';
import { Ledger } from '../../../src/ledger/ledger.ts';
import { dollarUnits } from '../../../src/model/report.ts';
import { systemClock } from '../../../src/model/clock.ts';
import type { Reading, Source } from '../../../src/model/reading.ts';
import { Secret } from '../../../src/model/secret.ts';
import { AnthropicClient } from '../../../src/sources/anthropic/client.ts';
import { anthropicCostSource, anthropicUsageSource } from '../../../src/sources/anthropic/index.ts';
import { anthropicNamesSource } from '../../../src/sources/anthropic/names.ts';
import { Workspaces } from '../../../src/sources/anthropic/workspaces.ts';
import { atOnce } from '../../support/steps.ts';
import { PageParser } from '../../../src/sources/anthropic/page-parser.ts';

const dimensions = ['model', 'api_key_id', 'workspace_id', 'service_tier', 'context_window'] as const;
const hourMs = 3_600_000;

const here = new PageParser();
const inWorker = new PageParser({ workerFromBytes: 0 });
afterAll(() => inWorker.close());

const apis: SimulatedUpstream[] = [];
afterEach(async () => {
  await Promise.all(apis.splice(0).map((api) => api.stop()));
});

interface Setting {
  readonly organization: SimulatedOrganization;
  now: Date;
  readonly usage: Source;
  readonly cost: Source;
  readonly names: Source;
  readonly requests: () => string[];
}

async function start(fault?: AdminApiOptions['fault'], pages = here): Promise<Setting> {
  const organization = new SimulatedOrganization();
  const time = { now: new Date('2026-11-21T15:30:00Z') };
  const started = await startAdminApi({ organization, adminKey: 'sk-ant-admin01-fake', now: () => time.now, ...(fault && { fault }) });
  apis.push(started);
  const client = new AnthropicClient({
    http: new HttpClient({ userAgent: 'test' }),
    baseUrl: new URL(started.url),
    adminKey: Secret.of('sk-ant-admin01-fake'),
    limiter: new Limiter(60, systemClock),
    pages,
  });
  const options = { account: 'default', intervalMs: 60_000, client };
  return {
    organization,
    get now() {
      return time.now;
    },
    set now(now: Date) {
      time.now = now;
    },
    usage: anthropicUsageSource({ ...options, dimensions }),
    cost: anthropicCostSource(options),
    names: anthropicNamesSource({ ...options, workspaces: new Workspaces(client) }),
    requests: () => started.requests.map(({ path }) => decodeURIComponent(path.split('?')[0] ?? '')),
  };
}

async function apply(setting: Setting, ledger: Ledger, source: Source): Promise<void> {
  const { report } = await source.read({ signal: AbortSignal.timeout(10_000), now: setting.now });
  if (report === undefined) throw new Error('no report');
  expect(atOnce(ledger.apply(report))).toBe('applied');
}

function totals(ledger: Ledger, metric: string): Record<string, bigint> {
  const sums: Record<string, bigint> = {};
  for (const { metric: name, period, attributes, value } of ledger.totals()) {
    if (name !== metric) continue;
    const key = [period.name, attributes['type'], attributes['cache_ttl'], attributes['api_key_id'], attributes['workspace_id']]
      .filter((part) => part !== undefined)
      .join(' ');
    sums[key] = (sums[key] ?? 0n) + value;
  }
  return sums;
}

test('the whole month is read at once, in days and in hours, and every token counts once', async () => {
  const setting = await start();
  const at = (text: string): number => Date.parse(text);
  setting.organization.use({ atMs: at('2026-11-01T00:00:00Z'), apiKeyId: 'k1', workspaceId: 'w1', uncachedInput: 1, output: 10 });
  setting.organization.use({ atMs: at('2026-11-17T23:59:59Z'), apiKeyId: 'k1', workspaceId: 'w1', uncachedInput: 2, cacheWrite1h: 5 });
  setting.organization.use({ atMs: at('2026-11-18T00:00:00Z'), apiKeyId: 'k1', workspaceId: 'w1', uncachedInput: 4, cacheWrite5m: 7 });
  setting.organization.use({ atMs: at('2026-11-21T15:29:00Z'), uncachedInput: 8, cacheRead: 9, webSearches: 3 });
  setting.organization.use({ atMs: at('2026-10-31T23:59:59Z'), apiKeyId: 'k1', uncachedInput: 1000 });

  const ledger = new Ledger();
  await apply(setting, ledger, setting.usage);
  expect(totals(ledger, 'claude.tokens')).toEqual({
    '2026-11 input k1 w1': 7n,
    '2026-11 output k1 w1': 10n,
    '2026-11 cache_creation 1h k1 w1': 5n,
    '2026-11 cache_creation 5m k1 w1': 7n,
    '2026-11 input console default': 8n,
    '2026-11 cache_read console default': 9n,
  });
  expect(totals(ledger, 'claude.web_searches')).toEqual({ '2026-11 console default': 3n });
  expect(setting.requests()).toHaveLength(2);

  // A minute later only the days that are still restated are read.
  setting.now = new Date(setting.now.getTime() + 60_000);
  setting.organization.use({ atMs: setting.now.getTime() - 1, apiKeyId: 'k1', workspaceId: 'w1', uncachedInput: 100 });
  await apply(setting, ledger, setting.usage);
  expect(setting.requests()).toHaveLength(3);
  expect(totals(ledger, 'claude.tokens')['2026-11 input k1 w1']).toBe(107n);

  // An hour later the older days are read again, and what arrived late for them counts.
  setting.organization.use({ atMs: at('2026-11-02T12:00:00Z'), apiKeyId: 'k1', workspaceId: 'w1', uncachedInput: 1_000 });
  setting.now = new Date(setting.now.getTime() + hourMs);
  await apply(setting, ledger, setting.usage);
  expect(totals(ledger, 'claude.tokens')['2026-11 input k1 w1']).toBe(1107n);
});

test('cost is exact in fractions of a cent, today included, rows of one identity added', async () => {
  const setting = await start();
  for (let i = 0; i < 10; i++) {
    setting.organization.use({ atMs: setting.now.getTime() - i * 40 * hourMs, workspaceId: 'w1', microCents: 100_000n });
  }
  setting.organization.use({ atMs: setting.now.getTime() - 1, microCents: -2_500_001n });
  setting.organization.use({ atMs: setting.now.getTime() - 1, microCents: 12_378_912_500n });
  const ledger = new Ledger();
  await apply(setting, ledger, setting.cost);
  expect(totals(ledger, 'claude.cost')).toEqual({
    '2026-11 w1': dollarUnits / 100n,
    '2026-11 default': ((12_378_912_500n - 2_500_001n) * dollarUnits) / 100_000_000n,
  });
});

test('around a month’s turn both months stand side by side, and late data raises its own', async () => {
  const setting = await start();
  const ledger = new Ledger();
  setting.now = new Date('2026-11-30T23:00:00Z');
  setting.organization.use({ atMs: Date.parse('2026-11-30T22:00:00Z'), apiKeyId: 'k1', uncachedInput: 100 });
  await apply(setting, ledger, setting.usage);
  expect(totals(ledger, 'claude.tokens')).toEqual({ '2026-11 input k1 default': 100n });

  setting.now = new Date('2026-12-01T00:10:00Z');
  setting.organization.use({ atMs: Date.parse('2026-11-30T23:30:00Z'), apiKeyId: 'k1', uncachedInput: 20 });
  setting.organization.use({ atMs: Date.parse('2026-12-01T00:05:00Z'), apiKeyId: 'k1', uncachedInput: 3 });
  await apply(setting, ledger, setting.usage);
  const turned = [...ledger.totals()];
  expect(turned.map(({ period, value }) => [period.name, value])).toEqual([['2026-11', 120n], ['2026-12', 0n]]);
  ledger.acknowledge(turned.filter(({ zeroFor }) => zeroFor.pushed).map(({ series }) => series), 'pushed');
  expect(totals(ledger, 'claude.tokens')).toEqual({ '2026-11 input k1 default': 120n, '2026-12 input k1 default': 3n });

  setting.now = new Date('2026-12-04T00:01:00Z');
  await apply(setting, ledger, setting.usage);
  expect(totals(ledger, 'claude.tokens')).toEqual({ '2026-12 input k1 default': 3n });
});

test('a page that fails leaves the last complete report in charge, and smaller pages are asked for after a 504', async () => {
  let fail = false;
  const setting = await start((request) => {
    const limit = Number(new URL(request.path, 'http://localhost').searchParams.get('limit'));
    return fail && limit > 20 ? { status: 504, body: { type: 'error', error: { type: 'timeout_error' } } } : undefined;
  });
  setting.organization.use({ atMs: setting.now.getTime() - hourMs, uncachedInput: 5 });
  const ledger = new Ledger();
  fail = true;
  await apply(setting, ledger, setting.usage);
  expect(totals(ledger, 'claude.tokens')).toEqual({ '2026-11 input console default': 5n });
});

const row = { uncached_input_tokens: 1, output_tokens: 0, cache_read_input_tokens: 0, cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 }, server_tool_use: { web_search_requests: 0 } };
const hours = (count: number, results: readonly object[] = []): object[] =>
  Array.from({ length: count }, (_, hour) => {
    const startMs = Date.parse('2026-11-18T00:00:00Z') + hour * hourMs;
    return { starting_at: new Date(startMs).toISOString(), ending_at: new Date(startMs + hourMs).toISOString(), results };
  });
const page = (buckets: readonly unknown[]): object => ({ data: buckets, has_more: false, next_page: null });

async function costOf(amount: unknown, pages: PageParser): Promise<unknown> {
  const day = { starting_at: '2026-11-18T00:00:00Z', ending_at: '2026-11-22T00:00:00Z', results: [{ amount, currency: 'USD' }] };
  const answer = { status: 200, body: page([day]), headers: { date: 'Sat, 21 Nov 2026 15:30:00 GMT' } };
  const setting = await start(({ path }) => (path.includes('starting_at=2026-11-18') ? answer : undefined), pages);
  const { report } = await setting.cost.read({ signal: AbortSignal.timeout(10_000), now: setting.now });
  return [...(report?.cells ?? [])].map(({ value }) => value);
}

describe.each([
  ['where it arrives', here],
  ['in a worker', inWorker],
])('parsed %s', (_where, pages) => {
  test.each<[what: string, body: unknown]>([
    ['without any bucket', page([])],
    ['that ends before now', page(hours(80))],
    ['with a gap', page(hours(96).filter((_, hour) => hour !== 40))],
    ['with a bucket twice', page([...hours(96), ...hours(1)])],
    ['with a bucket without rows', page([...hours(95), { starting_at: '2026-11-21T23:00:00Z', ending_at: '2026-11-22T00:00:00Z' }])],
    ['that says that more follows, but not where', { ...page(hours(96)), has_more: true }],
    ['whose pages do not end', { ...page(hours(96)), has_more: true, next_page: 'page_again' }],
    ...[-1, 0.5, 2 ** 53, '1', null, undefined].map((count): [string, unknown] => [
      `with a count of ${String(count)}`,
      page(hours(96, [{ ...row, output_tokens: count }])),
    ]),
    ['with an id that is no text', page(hours(96, [{ ...row, model: 7 }]))],
    ['that is an error', { type: 'error', error: { type: 'api_error', message: 'no' } }],
  ])('a report %s is not taken for a whole one', async (_what, body) => {
    const headers = { date: 'Sat, 21 Nov 2026 15:30:00 GMT' };
    const setting = await start(({ path }) => (path.includes('bucket_width=1h') ? { status: 200, body, headers } : undefined), pages);
    await expect(setting.usage.read({ signal: AbortSignal.timeout(10_000), now: setting.now })).rejects.toMatchObject({ reason: 'schema' });
  });

  test.each(['1e3', 'abc', '', 12, null])('a cost of %j makes no report', async (amount) => {
    await expect(costOf(amount, pages)).rejects.toMatchObject({ reason: 'schema' });
  });

  test('a cost may be far below a cent, and a credit', async () => {
    expect(await costOf('0.0000625', pages)).toEqual([625_000_000n]);
    expect(await costOf('-5', pages)).toEqual([-dollarUnits / 20n]);
  });

  test('a cost with more decimals than can be counted makes a report: they are rounded', async () => {
    expect(await costOf('8.88000000000001', pages)).toEqual([88_800_000_000_000n]);
    expect(await costOf(`33.${'3'.repeat(60)}`, pages)).toEqual([dollarUnits / 3n]);
  });
});

test('a large organization’s older days are asked for in parts; after a failure only those that are missing', async () => {
  const headers = { date: 'Sat, 21 Nov 2026 15:30:00 GMT' };
  let fails = true;
  let asked: string[] = [];
  const setting = await start(({ path }) => {
    const query = new URL(path, 'http://localhost').searchParams;
    const [from, to] = [query.get('starting_at') ?? '', query.get('ending_at') ?? ''];
    // A hundred kilobytes an hour lead to parts of some days.
    if (query.get('bucket_width') === '1h') return { status: 200, body: page(hours(96, [{ ...row, padding: 'x'.repeat(100_000) }])), headers };
    asked.push(from.slice(0, 10));
    if (fails && from >= '2026-11-10') return { status: 500, body: '' };
    const days = (Date.parse(to) - Date.parse(from)) / (24 * hourMs);
    const body = page(Array.from({ length: days }, (_, day) => {
      const startMs = Date.parse(from) + day * 24 * hourMs;
      return { starting_at: new Date(startMs).toISOString(), ending_at: new Date(startMs + 24 * hourMs).toISOString(), results: [row] };
    }));
    return { status: 200, body, headers };
  }, inWorker);
  const read = async (): Promise<Reading> => setting.usage.read({ signal: AbortSignal.timeout(10_000), now: setting.now });

  expect((await read()).failures).toMatchObject([{ reason: 'upstream', status: 500 }]);
  const first = asked;
  expect(first.length).toBeGreaterThan(2);
  expect(first[0]).toBe('2026-11-01');

  fails = false;
  asked = [];
  setting.now = new Date(setting.now.getTime() + 60_000);
  const { report } = await read();
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.filter((from) => from < '2026-11-10')).toEqual([]);
  const starts = [...(report?.cells ?? [])].map(({ bucketStart }) => bucketStart.getTime());
  expect(new Set(starts).size).toBe(17 + 96);
  expect(starts).toHaveLength(17 + 96);
});

test('pages of many megabytes are followed by smaller ones; a small organization asks for all at once', async () => {
  const headers = { date: 'Sat, 21 Nov 2026 15:30:00 GMT' };
  const limits: number[] = [];
  let padding = 'x'.repeat(200_000);
  const setting = await start(({ path }) => {
    const query = new URL(path, 'http://localhost').searchParams;
    if (query.get('bucket_width') !== '1h') return undefined;
    const limit = Number(query.get('limit'));
    if (!query.has('page')) limits.push(limit);
    const first = Number(query.get('page') ?? 0);
    const buckets = hours(96, [{ ...row, padding }]).slice(first, first + limit);
    const next = first + limit < 96 ? String(first + limit) : null;
    return { status: 200, body: { data: buckets, has_more: next !== null, next_page: next }, headers };
  }, inWorker);
  const read = async (): Promise<number> => {
    const { report } = await setting.usage.read({ signal: AbortSignal.timeout(20_000), now: setting.now });
    return [...(report?.cells ?? [])].length;
  };
  expect(await read()).toBe(96);
  expect(await read()).toBe(96);
  padding = '';
  expect(await read()).toBe(96);
  expect(await read()).toBe(96);
  const [first, afterLarge, , afterSmall] = limits;
  expect(first).toBe(168);
  // Of twenty megabytes a page has a part.
  expect(afterLarge).toBeLessThan(96);
  expect(afterLarge).toBeGreaterThan(96 / 4);
  expect(afterSmall).toBe(168);
});

test('a report may end with the present hour, and hours ahead need not be there', async () => {
  const headers = { date: 'Sat, 21 Nov 2026 15:30:00 GMT' };
  const body = page(hours(3 * 24 + 15, [row]));
  const setting = await start(({ path }) => (path.includes('bucket_width=1h') ? { status: 200, body, headers } : undefined));
  const { report } = await setting.usage.read({ signal: AbortSignal.timeout(10_000), now: setting.now });
  expect([...(report?.cells ?? [])]).toHaveLength(3 * 24 + 15);
});

test.each([
  ['an hour off', 'Sat, 21 Nov 2026 14:30:00 GMT'],
  ['ten years off', 'Sat, 21 Nov 2036 15:30:00 GMT'],
])('a clock that is %s is named, and nothing is taken', async (_, date) => {
  const setting = await start(() => ({ status: 200, body: page(hours(96)), headers: { date } }));
  const read = setting.usage.read({ signal: AbortSignal.timeout(10_000), now: setting.now });
  await expect(read).rejects.toMatchObject({ reason: 'upstream', message: expect.stringContaining('clock') as string });
});

test('names come from every page of the lists; makers that are gone and archived workspaces are no obstacle', async () => {
  const setting = await start();
  for (let i = 0; i < 1001; i++) {
    setting.organization.keys.push({ id: `k${i}`, name: `key ${i}`, createdBy: i === 7 ? null : 'u1', workspaceId: null });
  }
  setting.organization.users.push({ id: 'u1', email: 'person@example.com', name: 'Person' });
  setting.organization.workspaces.push({ id: 'w1', name: 'Old', archivedAt: '2026-01-01T00:00:00Z' });
  const { names } = await setting.names.read({ signal: AbortSignal.timeout(10_000), now: setting.now });
  expect(names?.apiKeys.size).toBe(1001);
  expect(names?.apiKeys.get('k7')).toEqual({ name: 'key 7' });
  expect(names?.apiKeys.get('k1000')).toEqual({ name: 'key 1000', ownerId: 'u1' });
  expect(names?.users.get('u1')).toEqual({ email: 'person@example.com', name: 'Person' });
  expect(names?.workspaces.get('w1')).toEqual({ name: 'Old' });
});

test('an upstream that answered nothing in time for a while is asked for whole pages again', async () => {
  const asked: number[] = [];
  let failing = 8;
  const setting = await start(({ path }) => {
    asked.push(Number(new URL(path, 'http://localhost').searchParams.get('limit')));
    return failing-- > 0 ? { status: 504, body: { type: 'error', error: { type: 'timeout_error' } } } : undefined;
  });
  const read = (): Promise<unknown> => setting.usage.read({ signal: AbortSignal.timeout(10_000), now: setting.now });
  for (let reads = 0; reads < 3; reads++) await read().catch(() => undefined);
  for (let reads = 0; reads < 8; reads++) await read();
  asked.length = 0;
  await read();
  expect(asked).toEqual([168]);
});

test('older days that fail by themselves cost the recent ones nothing, and are asked for again', async () => {
  let failing = false;
  const setting = await start(({ path }) => (failing && path.includes('bucket_width=1d') ? { status: 529, body: { type: 'error', error: { type: 'overloaded_error' } } } : undefined));
  const ledger = new Ledger();
  setting.organization.use({ atMs: Date.parse('2026-11-02T10:00:00Z'), apiKeyId: 'k1', output: 10 });
  await apply(setting, ledger, setting.usage);
  failing = true;
  setting.now = new Date('2026-11-21T16:40:00Z');
  setting.organization.use({ atMs: Date.parse('2026-11-21T16:00:00Z'), apiKeyId: 'k1', output: 5 });
  setting.organization.use({ atMs: Date.parse('2026-11-02T11:00:00Z'), apiKeyId: 'k1', output: 100 });
  const reading = await setting.usage.read({ signal: AbortSignal.timeout(10_000), now: setting.now });
  expect(reading.failures).toMatchObject([{ reason: 'upstream', status: 529 }]);
  await apply(setting, ledger, setting.usage);
  expect(totals(ledger, 'claude.tokens')).toEqual({ '2026-11 output k1 default': 15n });
  failing = false;
  setting.now = new Date('2026-11-21T16:51:00Z');
  await apply(setting, ledger, setting.usage);
  expect(totals(ledger, 'claude.tokens')).toEqual({ '2026-11 output k1 default': 115n });
});
