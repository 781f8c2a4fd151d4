import { expect, test } from 'vitest';
import type { HttpAnswer } from '../../../src/demo/http-server.ts';
import { Ledger } from '../../../src/ledger/ledger.ts';
import type { Reading } from '../../../src/model/reading.ts';
import { dollarUnits } from '../../../src/model/report.ts';
import { anthropicClaudeCodeSource } from '../../../src/sources/anthropic/claude-code.ts';
import { clientOf, refusal } from './support.ts';
import { atOnce } from '../../support/steps.ts';

const dayMs = 86_400_000;

function record(more: object = {}): Record<string, unknown> {
  return {
    date: '2026-11-18T00:00:00Z',
    actor: { type: 'user_actor', email_address: 'dev-a@example.com' },
    customer_type: 'api',
    terminal_type: 'vscode',
    core_metrics: { num_sessions: 2, lines_of_code: { added: 0, removed: 0 }, commits_by_claude_code: 0, pull_requests_by_claude_code: 1 },
    tool_actions: {},
    model_breakdown: [],
    ...more,
  };
}

const model = (amount: unknown, more: object = {}): object => ({
  model: 'claude-opus-5',
  tokens: { input: 0, output: 0, cache_read: 0, cache_creation: 0 },
  estimated_cost: { amount, currency: 'USD' },
  ...more,
});

interface Upstream {
  now: Date;
  /** Records by day. */
  days: Record<string, unknown[]>;
  pageRecords: number;
  fault: (url: URL) => HttpAnswer | undefined;
  readonly asked: URL[];
}

async function start({ owners = true } = {}): Promise<{ upstream: Upstream; read: () => Promise<Reading> }> {
  const upstream: Upstream = { now: new Date('2026-11-18T12:00:00Z'), days: {}, pageRecords: 1000, fault: () => undefined, asked: [] };
  const client = await clientOf((path) => {
    const url = new URL(path, 'http://localhost');
    upstream.asked.push(url);
    const answer = upstream.fault(url);
    if (answer !== undefined) return answer;
    const records = upstream.days[url.searchParams.get('starting_at') ?? ''] ?? [];
    const from = Number(url.searchParams.get('page') ?? 0);
    const end = from + upstream.pageRecords;
    const more = end < records.length;
    return { status: 200, body: { data: records.slice(from, end), has_more: more, next_page: more ? String(end) : null }, headers: { date: upstream.now.toUTCString() } };
  });
  const source = anthropicClaudeCodeSource({ account: 'default', intervalMs: 3_600_000, client, owners });
  return { upstream, read: () => source.read({ signal: AbortSignal.timeout(10_000), now: upstream.now }) };
}

/** Totals by `metric period who … kind`. */
function sums({ report }: Reading): Record<string, bigint> {
  const ledger = new Ledger();
  if (report !== undefined) expect(atOnce(ledger.apply(report))).toBe('applied');
  return Object.fromEntries(
    [...ledger.totals()].map(({ metric, period, attributes, value }) => {
      return [[metric.replace('claude.analytics.code.', ''), period.name, ...Object.values(attributes)].join(' '), value];
    }),
  );
}

test('today and yesterday are read, a day a request, and each is a period of its own', async () => {
  const { upstream, read } = await start();
  upstream.days = { '2026-11-17': [record({ date: '2026-11-17T00:00:00Z' })], '2026-11-18': [record()] };
  const reading = await read();
  expect(upstream.asked.map(({ pathname, search }) => `${pathname}${search}`)).toEqual([
    '/v1/organizations/usage_report/claude_code?starting_at=2026-11-17&limit=1000',
    '/v1/organizations/usage_report/claude_code?starting_at=2026-11-18&limit=1000',
  ]);
  expect(reading.report).toMatchObject({ from: new Date('2026-11-17T00:00:00Z'), to: new Date('2026-11-19T00:00:00Z') });
  expect(sums(reading)).toEqual({
    'sessions 2026-11-17 dev-a@example.com user_actor api vscode': 2n,
    'pull_requests 2026-11-17 dev-a@example.com user_actor api vscode': 1n,
    'sessions 2026-11-18 dev-a@example.com user_actor api vscode': 2n,
    'pull_requests 2026-11-18 dev-a@example.com user_actor api vscode': 1n,
  });
});

test('what is remote and what is local of one person is added, over pages', async () => {
  const { upstream, read } = await start();
  upstream.pageRecords = 1;
  upstream.days = { '2026-11-18': [record({ is_remote: false }), record({ is_remote: true, subscription_type: null }), record({ is_remote: true })] };
  expect(sums(await read())).toMatchObject({ 'sessions 2026-11-18 dev-a@example.com user_actor api vscode': 6n });
});

test('without owners people are not told apart, and what they did adds up; keys keep their names', async () => {
  const { upstream, read } = await start({ owners: false });
  const other = { type: 'user_actor', email_address: 'dev-b@example.com' };
  upstream.days = { '2026-11-18': [record(), record({ actor: other }), record({ actor: { type: 'api_actor', api_key_name: 'ci' }, terminal_type: '' })] };
  const reading = await read();
  expect(sums(reading)).toMatchObject({ 'sessions 2026-11-18 user_actor api vscode': 4n, 'sessions 2026-11-18 api_actor ci api': 2n });
  expect(JSON.stringify([...(reading.report?.cells ?? [])].map(({ attributes }) => attributes))).not.toContain('@');
  expect((await (await start()).read()).report?.grouping).not.toBe(reading.report?.grouping);
});

test('the tools are open: an unknown one is named by rule', async () => {
  const { upstream, read } = await start();
  const tools = { edit_tool: { accepted: 1, rejected: 2 }, 'Paint Tool!': { accepted: 3, rejected: 0 } };
  upstream.days = { '2026-11-18': [record({ tool_actions: tools })] };
  const decided = [...((await read()).report?.cells ?? [])].filter(({ metric }) => metric.endsWith('tool_decisions'));
  expect(decided.map(({ attributes: { tool, decision }, value }) => [tool, decision, value])).toEqual([
    ['edit_tool', 'accepted', 1n],
    ['edit_tool', 'rejected', 2n],
    ['paint_tool_', 'accepted', 3n],
  ]);
});

test.each<[amount: number, units: bigint]>([
  [186, (186n * dollarUnits) / 100n],
  [12.5, dollarUnits / 8n],
  [0.1, dollarUnits / 1_000n],
  [1e-7, 1_000_000n],
  [1.5e-12, 15n],
  [-5, -dollarUnits / 20n],
  // A sum of doubles: what is finer than 10⁻¹⁵ dollars is nobody's money.
  [0.1 + 0.2, (3n * dollarUnits) / 1_000n],
  [123_456_789.123, 1_234_567_891_230_000_000_000n],
])('an estimated cost of %d cents is exact', async (amount, units) => {
  const { upstream, read } = await start();
  upstream.days = { '2026-11-18': [record({ model_breakdown: [model(amount)] })] };
  expect([...((await read()).report?.cells ?? [])].filter(({ metric }) => metric.endsWith('cost')).map(({ value }) => value)).toEqual([units]);
});

const core = (more: object): object => ({ core_metrics: { ...(record()['core_metrics'] as object), ...more } });

test.each<[what: string, data: unknown]>([
  ...[-1, 0.5, 2 ** 53, 1e300, '1', null, undefined].map((count): [string, unknown] => [`with ${String(count)} sessions`, [record(core({ num_sessions: count }))]]),
  ['without lines', [record(core({ lines_of_code: null }))]],
  ['with half a line', [record(core({ lines_of_code: { added: 0.5, removed: 0 } }))]],
  ['without numbers', [record({ core_metrics: undefined })]],
  ['with a decision that is no number', [record({ tool_actions: { edit_tool: { accepted: '1', rejected: 0 } } })]],
  ['with a tool that is no object', [record({ tool_actions: { edit_tool: 3 } })]],
  ['without tools', [record({ tool_actions: undefined })]],
  ['without models', [record({ model_breakdown: null })]],
  ['with a model that is no object', [record({ model_breakdown: ['claude-opus-5'] })]],
  ['with negative tokens', [record({ model_breakdown: [model(1, { tokens: { input: -1, output: 0, cache_read: 0, cache_creation: 0 } })] })]],
  ...['186', '1e3', 'abc', null, undefined, 1e18].map((amount): [string, unknown] => [`with a cost of ${JSON.stringify(amount)}`, [record({ model_breakdown: [model(amount)] })]]),
  ['with a cost in another currency', [record({ model_breakdown: [model(1, { estimated_cost: { amount: 1, currency: 'EUR' } })] })]],
  ['of another day', [record({ date: '2026-11-17T00:00:00Z' })]],
  ['of another hour', [record({ date: '2026-11-18T01:00:00Z' })]],
  ['without a day', [record({ date: undefined })]],
  ['without an actor', [record({ actor: null })]],
  ['of an actor without a type', [record({ actor: { email_address: 'dev-a@example.com' } })]],
  ['with an address that is no text', [record({ actor: { type: 'user_actor', email_address: 7 } })]],
  ['that is no object', ['record']],
  ['that are no list', { rows: [] }],
])('records %s make no report, and the next read recovers', async (_, data) => {
  const { upstream, read } = await start();
  const answer = { status: 200, body: { data, has_more: false, next_page: null }, headers: { date: upstream.now.toUTCString() } };
  upstream.fault = ({ searchParams }) => (searchParams.get('starting_at') === '2026-11-18' ? answer : undefined);
  await expect(read()).rejects.toMatchObject({ reason: 'schema' });
  upstream.fault = () => undefined;
  upstream.days = { '2026-11-18': [record()] };
  expect(sums(await read())).toMatchObject({ 'sessions 2026-11-18 dev-a@example.com user_actor api vscode': 2n });
});

test.each<[what: string, answer: HttpAnswer, error: object]>([
  ['HTML in the middle of paging', { status: 200, body: '<html></html>', headers: { 'content-type': 'text/html' } }, { reason: 'schema' }],
  ['a cursor that repeats', { status: 200, body: { data: [], has_more: true, next_page: '1' } }, { reason: 'schema' }],
  ['a cursor after which nothing follows', { status: 200, body: { data: [], has_more: false, next_page: '2' } }, { reason: 'schema' }],
  ['529', refusal(529, 'overloaded_error'), { reason: 'upstream', status: 529 }],
  ['400', refusal(400, 'invalid_request_error', 'The cursor has expired'), { reason: 'upstream', message: expect.stringContaining('The cursor has expired') as string }],
  ['429', refusal(429, 'rate_limit_error'), { reason: 'rate_limited', retryAfterMs: 60_000 }],
])('%s leaves no half of a day', async (_, answer, error) => {
  const { upstream, read } = await start();
  upstream.now = new Date();
  const today = upstream.now.toISOString().slice(0, 10);
  upstream.pageRecords = 1;
  upstream.days = { [today]: [record({ date: `${today}T00:00:00Z` }), record({ date: `${today}T00:00:00Z` })] };
  upstream.fault = ({ searchParams }) => (searchParams.has('page') ? answer : undefined);
  await expect(read()).rejects.toMatchObject(error);
});

test('smaller pages are asked for after a 504', async () => {
  const { upstream, read } = await start();
  upstream.days = { '2026-11-18': [record()] };
  upstream.fault = ({ searchParams }) => (Number(searchParams.get('limit')) > 300 ? refusal(504, 'timeout_error') : undefined);
  expect(sums(await read())).toMatchObject({ 'sessions 2026-11-18 dev-a@example.com user_actor api vscode': 2n });
  expect(upstream.asked.map(({ searchParams }) => searchParams.get('limit'))).toEqual(['1000', '500', '250', '250']);
});

test.each([
  [403, 'permission_error'],
  [404, 'not_found_error'],
])('a report that is withheld (%d) is told, and asked for again a day later', async (status, type) => {
  const { upstream, read } = await start();
  upstream.fault = () => refusal(status, type);
  for (let hour = 0; hour < 3; hour++) {
    expect(await read()).toMatchObject({ failures: [], notices: [{ level: 'info', text: expect.stringContaining('claude_code') as string }] });
  }
  expect(upstream.asked).toHaveLength(1);
  upstream.fault = () => undefined;
  upstream.now = new Date(upstream.now.getTime() + dayMs);
  expect(await read()).toHaveProperty('report');
});
