import { beforeEach, expect, test } from 'vitest';
import type { ReceivedRequest } from '../../src/demo/otlp-messages.ts';
import { type ManualClock, type TestAgent, agentOf, pointsOf } from '../support/agent.ts';
import { cleanup } from '../support/cleanup.ts';
import { type OrganizationRun, type OrganizationWorld, startOrganizationRun } from '../support/organization.ts';
import { type SlowReports, codeRecord, slowReports } from '../support/slow-reports.ts';

const after = cleanup();
const hourMs = 3_600_000;
const nanosOf = (text: string): bigint => BigInt(Date.parse(text)) * 1_000_000n;

let clock: ManualClock;
let world: OrganizationWorld;
let reports: SlowReports;
let pushes: (readonly ReceivedRequest[])[];
let settings: Readonly<Record<string, string>>;
let last: OrganizationRun['last'];

beforeEach(async () => {
  ({ clock, world, pushes, settings, last } = await startOrganizationRun(after));
  reports = { use: [], code: [] };
  world.fault = slowReports(clock, reports);
});

function agent(more: Readonly<Record<string, string>> = {}): TestAgent {
  const made = agentOf({ ...settings, ...more }, { clock });
  after(() => made.close());
  return made;
}

const names = { api_key_id: 'apikey_1', api_key_name: 'pipeline', owner_email: 'ada@example.com', owner_name: 'Ada' };
const use = { account: 'default', model: 'claude-opus-5', service_tier: 'standard', context_window: '0-200k' };

test('requests and cost by key have the names and the workspaces that tokens have', async () => {
  world.organization.use({ atMs: clock.now().getTime() - 1, output: 7 });
  reports.use.push({ workspace: 'wrkspc_1', key: 'apikey_1', requests: 412, cents: '11141.02125' });
  reports.use.push({ workspace: 'wrkspc_home', key: null, requests: 2, cents: '0.5' });
  await agent().start();
  const research = { ...names, workspace_id: 'wrkspc_1', workspace_name: 'Research' };
  const home = { api_key_id: 'console', workspace_id: 'default', workspace_name: 'Home' };
  const total = { kind: 'sum', monotonic: true, startTimeUnixNano: nanosOf('2026-11-01T00:00:00Z') };
  const requests = last('claude.requests');
  expect(requests).toHaveLength(2);
  expect(requests).toContainEqual(expect.objectContaining({ ...total, unit: '{request}', attributes: { ...use, ...research, period: '2026-11' }, value: 412 }));
  expect(requests).toContainEqual(expect.objectContaining({ ...total, attributes: { ...use, ...home, period: '2026-11' }, value: 2 }));
  expect(last('claude.requests.current').map(({ kind, value }) => [kind, value]).sort()).toEqual([['gauge', 2], ['gauge', 412]]);
  const costs = last('claude.api_key.cost');
  expect(costs).toContainEqual(expect.objectContaining({ ...total, unit: 'USD', attributes: { account: 'default', ...research, period: '2026-11' }, value: 111.4102125 }));
  expect(costs).toContainEqual(expect.objectContaining({ attributes: { account: 'default', ...home, period: '2026-11' }, value: 0.005 }));
  // The usage report has no id for this workspace, the Analytics API has one: both end the same.
  expect(last('claude.tokens')).toMatchObject([{ attributes: home, value: 7 }]);
  const seconds = Date.parse('2026-11-21T00:00:00Z') / 1000;
  expect(last('claude_usage_metrics.source.report.refreshed_timestamp')).toMatchObject([{ attributes: { account: 'default', source: 'anthropic-analytics' }, value: seconds }]);
});

test('a day of Claude Code is a period of its own, and a key’s name stands although no id goes with it', async () => {
  reports.code.push(codeRecord, { ...codeRecord, actor: { type: 'api_actor', api_key_name: 'ci' } });
  await agent().start();
  const person = { account: 'default', period: '2026-11-21', actor_type: 'user_actor', actor_email: 'ada@example.com', terminal_type: 'vscode', customer_type: 'api' };
  const total = { kind: 'sum', monotonic: true, startTimeUnixNano: nanosOf('2026-11-21T00:00:00Z') };
  expect(last('claude.analytics.code.sessions')).toContainEqual(expect.objectContaining({ ...total, unit: '{session}', attributes: person, value: 3 }));
  expect(last('claude.analytics.code.cost')).toContainEqual(expect.objectContaining({ ...total, unit: 'USD', attributes: { ...person, model: 'claude-opus-5' }, value: 0.125 }));
  expect(last('claude.analytics.code.sessions').map(({ attributes }) => attributes['api_key_name'])).toContain('ci');
});

test('without owners no address of a person leaves, also of Claude Code', async () => {
  reports.code.push(codeRecord, { ...codeRecord, actor: { type: 'user_actor', email_address: 'bob@example.com' } });
  reports.use.push({ workspace: 'wrkspc_1', key: 'apikey_1', requests: 1, cents: '1' });
  await agent({ ANTHROPIC_OWNER_ATTRIBUTES: 'false' }).start();
  expect(last('claude.analytics.code.sessions')).toMatchObject([{ value: 6 }]);
  expect(JSON.stringify(pushes.flatMap(pointsOf).map(({ attributes }) => attributes))).not.toContain('example.com');
});

test('limits and the organization itself', async () => {
  await agent().start();
  expect(last('claude.rate_limit')).toMatchObject([{ kind: 'gauge', valueType: 'int', attributes: { account: 'default', group: 'claude_opus_5', limiter: 'requests_per_minute' }, value: 4000 }]);
  expect(last('claude.organization.info')).toMatchObject([{ value: 1, attributes: { 'organization.id': world.organization.id, 'organization.name': 'Simulated Organization' } }]);
});

test('what the key may not use is absent, said once, and no source is down', async () => {
  const refusal = { status: 403, body: { type: 'error', error: { type: 'permission_error', message: 'no' } } };
  world.fault = (path) => (/^(analytics|usage_report.claude_code|rate_limits)/.test(path) ? refusal : undefined);
  world.organization.use({ atMs: clock.now().getTime() - 1, output: 7 });
  const running = agent();
  await running.start();
  for (let hour = 0; hour < 3; hour++) {
    clock.advance(hourMs);
    await running.push();
  }
  expect(last('claude_usage_metrics.source.up').map(({ value }) => value)).toEqual(Array<number>(6).fill(1));
  expect(pointsOf(pushes.at(-1)).map(({ metric }) => metric)).toContain('claude.tokens');
  expect(pointsOf(pushes.at(-1)).filter(({ metric }) => /^claude\.(requests|api_key|analytics|rate_limit)/.test(metric))).toEqual([]);
  const said = running.log.filter(({ msg }) => String(msg).startsWith('this key may not'));
  expect(said.map(({ source }) => source).sort()).toEqual(['anthropic-analytics', 'anthropic-claude-code', 'anthropic-limits']);
  const asked = world.requests().filter((path) => /^(analytics|usage_report.claude_code|rate_limits)/.test(path));
  expect(asked.sort()).toEqual(['analytics/usage', 'rate_limits', 'usage_report/claude_code']);
});

test('a small organization costs sixteen requests at the start, one or two a cycle, and a dozen once an hour', async () => {
  world.organization.use({ atMs: clock.now().getTime() - 1, output: 10 });
  reports.use.push({ workspace: 'wrkspc_home', key: null, requests: 2, cents: '0.5' });
  const running = agent();
  await running.start();
  const ofStart = {
    'analytics/cost': 2,
    'analytics/usage': 2,
    api_keys: 1,
    cost_report: 2,
    me: 1,
    rate_limits: 1,
    'usage_report/claude_code': 2,
    'usage_report/messages': 2,
    users: 1,
    workspaces: 2,
  };
  expect(counted(world.requests())).toEqual(ofStart);
  const cycles: number[] = [];
  for (let minute = 1; minute <= 50; minute++) {
    clock.advance(60_000);
    await running.push();
    cycles.push(world.requests().length);
  }
  // Each minute the usage, each quarter of an hour the cost.
  expect(cycles.filter((requests) => requests === 1)).toHaveLength(47);
  expect(cycles.filter((requests) => requests === 2)).toHaveLength(3);
  // Once an hour the rest; of Analytics the recent days, and which workspace is the default one is known.
  clock.advance(hourMs);
  await running.push();
  expect(counted(world.requests())).toEqual({ ...ofStart, 'analytics/cost': 1, 'analytics/usage': 1, workspaces: 1 });
  const bySource = Object.fromEntries(last('claude_usage_metrics.source.requests').map(({ attributes, value }) => [attributes['source'] ?? '', value] as const));
  expect(bySource).toEqual({
    'anthropic-usage': 2 + 50 + 2,
    'anthropic-cost': 2 + 3 + 2,
    'anthropic-names': 4 + 3,
    'anthropic-analytics': 4 + 2,
    'anthropic-claude-code': 2 + 2,
    'anthropic-limits': 2 + 2,
  });
}, 20_000);

function counted(paths: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const path of paths) counts[path] = (counts[path] ?? 0) + 1;
  return counts;
}
