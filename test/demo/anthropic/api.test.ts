import { expect, test } from 'vitest';
import { requestLimit } from '../../../src/demo/anthropic/api.ts';
import { SimulatedOrganization } from '../../../src/demo/anthropic/organization.ts';
import { type Fields, allowed, ask, at, pagesOf, rowsOf, textOf, usualHeaders } from './reader.ts';

const hourMs = 3_600_000;
const now = Date.parse('2026-11-21T15:30:00Z');
const time = (text: string): number => Date.parse(text);
const hours = 'usage_report/messages?bucket_width=1h&starting_at=2026-11-21T00:00:00Z&ending_at=2026-11-22T00:00:00Z&group_by[]=model';
const cost = 'cost_report?starting_at=2026-11-21T00:00:00Z&ending_at=2026-11-22T00:00:00Z&group_by[]=workspace_id&group_by[]=description';
const analytics = 'analytics/usage?time_bucket_width=1h&starting_at=2026-11-21T00:00:00Z&ending_at=2026-11-22T00:00:00Z&order_by=time&order=asc';

function organizationOf(...uses: Parameters<SimulatedOrganization['use']>[0][]): SimulatedOrganization {
  const organization = new SimulatedOrganization();
  for (const use of uses) organization.use(use);
  return organization;
}

/** The sum of a count over the rows of a report in buckets. */
function outputOf(organization: SimulatedOrganization, nowMs: number, path = hours): number {
  return rowsOf(organization, path, nowMs)
    .flatMap((bucket) => bucket['results'] as Fields[])
    .reduce((sum, row) => sum + Number(row['output_tokens']), 0);
}

test('pages hold whole buckets, the empty ones too, and come to the same as one page', () => {
  const organization = organizationOf({ atMs: time('2026-11-21T03:00:00Z'), output: 1 }, { atMs: time('2026-11-21T14:59:59.999Z'), output: 20 });
  const whole = rowsOf(organization, `${hours}&limit=24`, now);
  expect(whole).toHaveLength(24);
  expect(whole.filter(({ results }) => (results as Fields[]).length > 0).map(({ starting_at }) => starting_at)).toEqual(['2026-11-21T03:00:00Z', '2026-11-21T14:00:00Z']);
  for (const limit of [1, 5, 7, 23]) {
    expect(rowsOf(organization, `${hours}&limit=${limit}`, now)).toEqual(whole);
    expect(pagesOf(organization, `${hours}&limit=${limit}`, now)).toBe(Math.ceil(24 / limit));
  }
});

test('all nine dimensions group, what is not grouped by is null, and speed has its own header and field', () => {
  const organization = organizationOf({ atMs: now, apiKeyId: 'k1', accountId: null, serviceAccountId: 'svac_1', speed: 'fast', inferenceGeo: 'us', output: 3 });
  const row = (groupBy: string): unknown => rowsOf(organization, `${hours.replace('&group_by[]=model', '')}&limit=24${groupBy}`, now).flatMap(({ results }) => results)[0];
  expect(row('')).toMatchObject({ model: null, api_key_id: null, service_account_id: null, inference_geo: null, output_tokens: 3 });
  expect(row('')).not.toHaveProperty('speed');
  expect(row('&group_by[]=speed&group_by[]=account_id&group_by[]=service_account_id&group_by[]=inference_geo')).toMatchObject({
    speed: 'fast',
    account_id: null,
    service_account_id: 'svac_1',
    inference_geo: 'us',
    model: null,
  });
  expect(row('&group_by[]=api_key_id&group_by[]=workspace_id&group_by[]=service_tier&group_by[]=context_window&group_by[]=model')).toMatchObject({
    api_key_id: 'k1',
    workspace_id: null,
    service_tier: 'standard',
    context_window: '0-200k',
    model: 'claude-sonnet-5',
  });
});

test('a filter leaves the others out', () => {
  const organization = organizationOf({ atMs: now, apiKeyId: 'k1', output: 1 }, { atMs: now, apiKeyId: 'k2', output: 10 }, { atMs: now, output: 100 });
  expect(outputOf(organization, now, `${hours}&api_key_ids[]=k1&api_key_ids[]=k2`)).toBe(11);
  expect(outputOf(organization, now, `${hours}&models[]=other`)).toBe(0);
});

test('a use is shown by each report when that report knows of it', () => {
  const atMs = time('2026-11-21T10:10:00Z');
  const organization = organizationOf({
    atMs,
    output: 5,
    requests: 2,
    microCents: 1n,
    shownAtMs: atMs + 120_000,
    costShownAtMs: atMs + hourMs,
    analyticsShownAtMs: time('2026-11-21T12:00:00Z'),
  });
  const costs = (nowMs: number): number => rowsOf(organization, cost, nowMs).flatMap(({ results }) => results as Fields[]).length;
  const requests = (nowMs: number): number => rowsOf(organization, analytics, nowMs).length;
  expect([outputOf(organization, atMs + 119_999), outputOf(organization, atMs + 120_000)]).toEqual([0, 5]);
  expect([costs(atMs + hourMs - 1), costs(atMs + hourMs)]).toEqual([0, 1]);
  expect([requests(time('2026-11-21T11:59:59Z')), requests(time('2026-11-21T12:00:00Z'))]).toEqual([0, 1]);
  // A clock that is set back shows less again.
  expect(outputOf(organization, atMs)).toBe(0);
});

test('a restatement changes the bucket of the use itself, from when it is shown on', () => {
  const atMs = time('2026-11-21T10:10:00Z');
  const organization = organizationOf({ atMs, output: 50 }, { atMs, output: -20, shownAtMs: atMs + hourMs }, { atMs, output: 7, shownAtMs: atMs + 2 * hourMs });
  expect([0, 1, 2].map((hour) => outputOf(organization, atMs + hour * hourMs))).toEqual([50, 30, 37]);
});

test('costs are decimal cents, added by what tells them apart; what is not about tokens names no model', () => {
  const organization = organizationOf(
    { atMs: now, workspaceId: 'w1', microCents: 10_000_062n },
    { atMs: now, workspaceId: 'w1', microCents: 438n },
    { atMs: now, costs: [{ costType: 'web_search', tokenType: null, description: 'Web Search Usage', units: 3n * 10n ** 13n }] },
    { atMs: now, costs: [{ costType: 'tokens', tokenType: null, description: 'Promotional Credit', units: -(5n * 10n ** 12n), isCredit: true }] },
  );
  const rows = rowsOf(organization, cost, now).flatMap(({ results }) => results as Fields[]);
  expect(rows).toMatchObject([
    { workspace_id: 'w1', amount: '10.0005', token_type: 'uncached_input_tokens', model: 'claude-sonnet-5', cost_type: 'tokens', currency: 'USD' },
    { workspace_id: null, amount: '3', token_type: null, model: null, cost_type: 'web_search' },
    { workspace_id: null, amount: '-0.5', token_type: null, model: null, description: 'Promotional Credit' },
  ]);
  const whole = rowsOf(organization, cost.replace(/&group_by.*/, ''), now).flatMap(({ results }) => results);
  expect(whole).toMatchObject([{ workspace_id: null, model: null, description: null, amount: '12.5005' }]);
  // The analytics API knows no credits; the list price is another one.
  const paid = rowsOf(organization, 'analytics/cost?starting_at=2026-11-21T00:00:00Z&ending_at=2026-11-22T00:00:00Z', now + hourMs);
  expect(paid).toMatchObject([{ cost: { amount: '13.0005', list_amount: '16.250625', requests: 0 } }]);
});

test('a cursor is bound to its query: another range, grouping or endpoint refuses it, another limit does not', () => {
  const organization = organizationOf({ atMs: now, output: 1, requests: 1 });
  const cursor = (path: string): string => encodeURIComponent(textOf(ask(organization, path, now).body['next_page']));
  const page = cursor(`${hours}&limit=5`);
  const refused = { status: 400, body: { type: 'error', error: { type: 'invalid_request_error', message: 'cursor does not match current query parameters' } } };
  expect(ask(organization, `${hours}&limit=5&page=${page}`, now).status).toBe(200);
  expect(ask(organization, `${hours}&limit=6&page=${page}`, now).status).toBe(200);
  expect(ask(organization, `${hours}&limit=5&group_by[]=api_key_id&page=${page}`, now)).toMatchObject(refused);
  expect(ask(organization, `${hours.replace('21T00', '20T00')}&page=${page}`, now)).toMatchObject(refused);
  expect(ask(organization, `${hours}&page=page_bm9uc2Vuc2U%3D`, now)).toMatchObject(refused);
  expect(ask(organization, `${analytics}&page=${page}`, now)).toMatchObject(refused);
});

test('analytics: rows are flat, a bucket may span pages, none is empty, and a page set is of one export', () => {
  const organization = organizationOf(
    ...['k1', 'k2', 'k3'].map((apiKeyId) => ({ atMs: time('2026-11-21T03:10:00Z'), apiKeyId, requests: 2, output: 1 })),
    { atMs: time('2026-11-21T05:10:00Z'), apiKeyId: 'k1', requests: 4, analyticsShownAtMs: time('2026-11-21T15:45:00Z') },
  );
  const path = `${analytics}&group_by[]=api_key_id`;
  const first = ask(organization, `${path}&limit=2`, now).body;
  expect(first['data']).toHaveLength(2);
  // An hour later there is a new export; the pages go on in the old one.
  const second = ask(organization, `${path}&limit=2&page=${encodeURIComponent(textOf(first['next_page']))}`, now + hourMs).body;
  expect(second).toMatchObject({ has_more: false, data_refreshed_at: first['data_refreshed_at'] });
  expect(second['data']).toMatchObject([{ starting_at: '2026-11-21T03:00:00Z', ending_at: '2026-11-21T04:00:00Z', group: { api_key_id: 'k3' }, usage: { requests: 2 } }]);
  expect(rowsOf(organization, path, now + hourMs)).toHaveLength(4);
});

test('analytics: the default workspace has a real id, which the list of workspaces tells', () => {
  const organization = organizationOf({ atMs: now - hourMs, requests: 1, output: 1 });
  const [row] = rowsOf(organization, `${analytics}&group_by[]=workspace_id`, now);
  const id = at(row, 'group', 'workspace_id');
  expect(id).toMatch(/^wrkspc_/);
  expect(rowsOf(organization, `${hours}&group_by[]=workspace_id`, now).flatMap(({ results }) => results)).toMatchObject([{ workspace_id: null }]);
  expect(ask(organization, 'workspaces', now).body['data']).toEqual([]);
  expect(ask(organization, 'workspaces?include_default=true', now).body['data']).toMatchObject([{ id }]);
});

test('analytics: what happened before the watermark is there, and the watermark never goes back', () => {
  const organization = new SimulatedOrganization();
  const path = `${analytics}&limit=1000`;
  let before = 0;
  for (let nowMs = time('2026-11-21T04:00:00Z'); nowMs < time('2026-11-21T23:00:00Z'); nowMs += 17 * 60_000) {
    organization.use({ atMs: nowMs, requests: 1, analyticsShownAtMs: Math.ceil((nowMs + 2 * hourMs) / hourMs) * hourMs });
    const { data_refreshed_at: text, data } = ask(organization, path, nowMs).body;
    const refreshed = text === null ? time('2026-11-21T00:00:00Z') : time(textOf(text));
    expect(refreshed).toBeGreaterThanOrEqual(before);
    expect(refreshed).toBeLessThanOrEqual(nowMs);
    before = refreshed;
    const happened = [...organization.uses()].filter(({ atMs }) => atMs < refreshed).length;
    expect((data as Fields[]).reduce((sum, row) => sum + Number(at(row, 'usage', 'requests')), 0)).toBeGreaterThanOrEqual(happened);
  }
  expect(ask(organization, path.replaceAll('2026-11-2', '2026-11-0'), time('2026-11-01T00:30:00Z')).body).toMatchObject({ data: [], data_refreshed_at: null });
});

test('analytics: cost kinds fan a row out and count neither towards the limit nor towards five', () => {
  const costs = ['uncached_input_tokens', 'output_tokens'].map((tokenType) => ({ costType: 'tokens', tokenType, description: tokenType, units: 10n ** 13n }) as const);
  const organization = organizationOf({ atMs: now - hourMs, apiKeyId: 'k1', costs }, { atMs: now - hourMs, apiKeyId: 'k2', costs: costs.slice(0, 1) });
  const groups = ['api_key_id', 'workspace_id', 'model', 'service_tier', 'context_window', 'cost_type', 'token_type'].map((name) => `&group_by[]=${name}`).join('');
  const { body } = ask(organization, `${analytics.replace('usage', 'cost')}&limit=1${groups}`, now);
  expect(body['data']).toMatchObject([
    { group: { api_key_id: 'k1', token_type: 'uncached_input_tokens' }, cost: { amount: '1', requests: null } },
    { group: { api_key_id: 'k1', token_type: 'output_tokens' }, cost: { amount: '1', requests: null } },
  ]);
  expect(body['has_more']).toBe(true);
});

test('Claude Code: a row an actor, customer type, terminal and place; the actor by key has a name and no id', () => {
  const organization = new SimulatedOrganization();
  const atMs = time('2026-11-21T10:00:00Z');
  const models = [{ model: 'claude-opus-5', input: 1, output: 2, cacheRead: 3, cacheCreation: 4, units: 1862n * 10n ** 12n }];
  organization.code({ atMs, sessions: 1, models });
  organization.code({ atMs, sessions: 2, models, tools: { edit_tool: { accepted: 3, rejected: 1 } } });
  organization.code({ atMs, sessions: 1, isRemote: true });
  organization.code({ atMs, sessions: 1, actor: { type: 'api_actor', apiKeyName: 'ci' }, terminalType: '' });
  const path = 'usage_report/claude_code?starting_at=2026-11-21';
  expect(rowsOf(organization, path, atMs + hourMs - 1)).toEqual([]);
  const rows = rowsOf(organization, path, atMs + hourMs);
  expect(rows).toHaveLength(3);
  expect(rows[0]).toMatchObject({
    date: '2026-11-21T00:00:00Z',
    actor: { type: 'user_actor', email_address: 'ada@example.com' },
    is_remote: false,
    core_metrics: { num_sessions: 3 },
    tool_actions: { edit_tool: { accepted: 3, rejected: 1 }, write_tool: { accepted: 0, rejected: 0 } },
    model_breakdown: [{ model: 'claude-opus-5', tokens: { input: 2, output: 4, cache_read: 6, cache_creation: 8 }, estimated_cost: { amount: 372.4 } }],
  });
  expect(rows[2]).toMatchObject({ actor: { type: 'api_actor', api_key_name: 'ci' }, terminal_type: '', model_breakdown: [] });
  expect(rowsOf(organization, `${path}&limit=1`, atMs + hourMs)).toEqual(rows);
  expect(rowsOf(organization, path.replace('21', '20'), now)).toEqual([]);
});

test('lists are cut by ids, follow renamings, and leave out who is gone', () => {
  const organization = new SimulatedOrganization();
  const later = now + hourMs;
  for (const id of ['u1', 'u2', 'u3']) organization.users.push({ id, email: `${id}@example.com`, name: id, ...(id === 'u2' && { deletedAtMs: later }) });
  organization.keys.push({ id: 'k1', name: 'old', createdBy: null, workspaceId: 'w1', renamed: { atMs: later, name: 'new' } });
  organization.keys.push({ id: 'k2', name: 'bot', createdBy: 'u1', workspaceId: null, createdAtMs: later });
  organization.workspaces.push({ id: 'w1', name: 'Research', archivedAt: new Date(later).toISOString() });
  const list = (path: string, nowMs: number): Fields => ask(organization, path, nowMs).body;

  expect(list('users?limit=2', now)).toMatchObject({ data: [{ id: 'u1' }, { id: 'u2' }], has_more: true, first_id: 'u1', last_id: 'u2' });
  expect(list('users?limit=2&after_id=u2', later)).toMatchObject({ data: [{ id: 'u3' }], has_more: false });
  expect(list('users?limit=1&before_id=u3', now)).toMatchObject({ data: [{ id: 'u2' }], has_more: true });
  expect(list('users', later)['data']).toHaveLength(2);
  expect(ask(organization, 'users?after_id=u9', now).status).toBe(400);
  expect(list('api_keys', now)['data']).toMatchObject([{ id: 'k1', name: 'old', created_by: null, workspace_id: 'w1' }]);
  expect(list('api_keys', later)['data']).toMatchObject([{ name: 'new' }, { id: 'k2', created_by: { id: 'u1', type: 'user' }, workspace_id: null }]);
  const newer = ask(organization, 'api_keys', later, { headers: { ...usualHeaders, 'anthropic-version': '2026-10-21' } }).body['data'];
  expect(newer).toMatchObject([{ scope: { type: 'workspace', workspace_id: 'w1' } }, { scope: { type: 'organization' } }]);
  expect(list('workspaces', now)['data']).toMatchObject([{ id: 'w1', archived_at: null }]);
  expect(list('workspaces', later)['data']).toEqual([]);
  expect(list('workspaces?include_archived=true', later)['data']).toMatchObject([{ id: 'w1', archived_at: new Date(later).toISOString() }]);
});

test('rate limits come in the shape of the version', () => {
  const organization = new SimulatedOrganization();
  const [old] = ask(organization, 'rate_limits', now).body['data'] as Fields[];
  const [newer] = ask(organization, 'rate_limits', now, { headers: { ...usualHeaders, 'anthropic-version': '2026-10-21' } }).body['data'] as Fields[];
  expect(old).toMatchObject({ group_type: 'model_group', limits: expect.arrayContaining([{ type: 'requests_per_minute', value: 4_000 }]) as unknown });
  expect(newer).toMatchObject({ group: { type: 'model_group', display_name: 'Claude Sonnet 5' } });
  expect(ask(organization, 'rate_limits?model=claude-9', now).status).toBe(404);
});

const six = ['model', 'api_key_id', 'workspace_id', 'service_tier', 'context_window', 'inference_geo'].map((name) => `&group_by[]=${name}`).join('');
test.each([
  ['six groups', `${hours.replace('&group_by[]=model', '')}${six}`, 'Cannot specify more than 5 group_by[] dimensions.'],
  ['a group that there is not', cost.replace('description', 'model'), 'group_by[]: Input should be'],
  ['no start', 'cost_report', 'starting_at: Field required'],
  ['a start without a time', 'cost_report?starting_at=2026-11-21', 'starting_at: Input should be a valid datetime'],
  ['a day that has just begun, to now', 'cost_report?starting_at=2026-11-21T00:00:00Z', 'Invalid date range: ending date must be after starting date'],
  ['an unaligned range within a bucket', hours.replace('T00:00:00Z&end', 'T23:10:00Z&end'), 'Invalid date range'],
  ['hours of cost', `${cost}&bucket_width=1h`, 'bucket_width'],
  ['too many buckets', `${hours}&limit=169`, 'limit: Input should be less than or equal to 168'],
  ['no bucket', `${hours}&limit=0`, 'limit: Input should be greater than or equal to 1'],
  ['analytics without an end', 'analytics/usage?time_bucket_width=1d&starting_at=2026-11-01T00:00:00Z', 'ending_at: required'],
  ['analytics of 32 days', 'analytics/usage?time_bucket_width=1d&starting_at=2026-10-20T00:00:00Z&ending_at=2026-11-21T00:00:00Z', 'Invalid date range'],
  ['analytics of 2025', 'analytics/usage?time_bucket_width=1d&starting_at=2025-12-31T00:00:00Z&ending_at=2026-01-02T00:00:00Z', 'starting_at'],
  ['an order that there is not', analytics.replace('order_by=time', 'order_by=amount'), 'order_by'],
  ['more than a thousand Claude Code rows', 'usage_report/claude_code?starting_at=2026-11-21&limit=1001', 'limit'],
  ['Claude Code by instant', 'usage_report/claude_code?starting_at=2026-11-21T00:00:00Z', 'starting_at'],
])('refuses %s', (_, path, message) => {
  const { status, body, headers } = ask(new SimulatedOrganization(), path, now);
  expect(status).toBe(400);
  expect(body).toMatchObject({ type: 'error', error: { type: 'invalid_request_error', message: expect.stringContaining(message) as unknown }, request_id: headers['request-id'] });
});

test('a wrong key, a missing version, a missing beta header, a scope that lacks and an unknown path have each their error', () => {
  const organization = new SimulatedOrganization();
  const without = (header: string): Record<string, string> => Object.fromEntries(Object.entries(usualHeaders).filter(([name]) => name !== header));
  const error = (path: string, more: Parameters<typeof ask>[3]): unknown => {
    const { status, body } = ask(organization, path, now, more);
    return [status, at(body, 'error', 'type')];
  };
  expect(error('me', { headers: { ...usualHeaders, 'x-api-key': 'sk-ant-api03-fake' } })).toEqual([401, 'authentication_error']);
  expect(error('me', { headers: without('anthropic-version') })).toEqual([400, 'invalid_request_error']);
  expect(error(analytics, { headers: without('anthropic-beta') })).toEqual([404, 'not_found_error']);
  expect(error(`${hours}&group_by[]=speed`, { headers: without('anthropic-beta') })).toEqual([400, 'invalid_request_error']);
  expect(error(analytics, { access: { ...allowed, forbidden: ['analytics/usage'] } })).toEqual([403, 'permission_error']);
  expect(error('toString', {})).toEqual([404, 'not_found_error']);
  expect(ask(organization, 'me', now)).toMatchObject({
    status: 200,
    headers: { date: 'Sat, 21 Nov 2026 15:30:00 GMT', 'request-id': expect.stringMatching(/^req_/) as unknown },
    body: { id: organization.id, type: 'organization' },
  });
});

test('beyond so many requests within a minute there is 429, without a Retry-After unless one is asked for', () => {
  const limit = requestLimit(3);
  expect([0, 1, 2, 3, 59_999].map((ms) => limit(now + ms)?.status)).toEqual([undefined, undefined, undefined, 429, 429]);
  expect(limit(now + 3)?.headers).not.toHaveProperty('retry-after');
  expect(limit(now + 60_000)).toBeUndefined();
  const strict = requestLimit(0, 30);
  expect(strict(now)?.headers).toMatchObject({ 'retry-after': '30' });
});
