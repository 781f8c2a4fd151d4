import { status } from '@grpc/grpc-js';
import { beforeEach, expect, test } from 'vitest';
import type { ReceivedRequest } from '../../src/demo/otlp-messages.ts';
import type { Answer } from '../../src/demo/receiver.ts';
import { ManualClock, type TestAgent, agentOf, pointsOf, valuesOf } from '../support/agent.ts';
import { cleanup } from '../support/cleanup.ts';
import { type OrganizationRun, type OrganizationWorld, startOrganization, startOrganizationRun } from '../support/organization.ts';

const after = cleanup();
const hourMs = 3_600_000;
const at = (text: string): number => Date.parse(text);
const november = BigInt(at('2026-11-01T00:00:00Z')) * 1_000_000n;
const midnight = BigInt(at('2026-11-21T00:00:00Z')) * 1_000_000n;

let clock: ManualClock;
let world: OrganizationWorld;
let receiver: Answer;
let pushes: (readonly ReceivedRequest[])[];
let settings: Readonly<Record<string, string>>;
let last: OrganizationRun['last'];

beforeEach(async () => {
  receiver = { kind: 'acknowledge' };
  ({ clock, world, pushes, settings, last } = await startOrganizationRun(after, () => receiver));
});

function agent(more: Readonly<Record<string, string>> = {}): TestAgent {
  const made = agentOf({ ...settings, ...more }, { clock });
  after(() => made.close());
  return made;
}

/** Values of a metric in the last push by the one attribute that tells them apart. */
function lastBy(metric: string, key: string): Readonly<Record<string, number>> {
  return Object.fromEntries(last(metric).map(({ attributes, value }) => [attributes[key] ?? '', value]));
}

const ofPipeline = { apiKeyId: 'apikey_1', workspaceId: 'wrkspc_1' } as const;
const justNow = (): number => clock.now().getTime() - 1;

test('the first push has every token of the month, exactly, from the month’s first instant, with names and period', async () => {
  world.organization.use({ atMs: at('2026-11-01T00:00:00Z'), ...ofPipeline, uncachedInput: 1, cacheWrite1h: 30 });
  world.organization.use({ atMs: at('2026-11-18T12:00:00Z'), ...ofPipeline, uncachedInput: 9_007_199_254 });
  world.organization.use({ atMs: justNow(), ...ofPipeline, uncachedInput: 5, webSearches: 2 });
  world.organization.use({ atMs: justNow(), output: 7 });
  world.organization.use({ atMs: at('2026-10-31T23:59:59Z'), ...ofPipeline, uncachedInput: 1_000 });
  await agent().start();

  const names = { api_key_id: 'apikey_1', api_key_name: 'pipeline', owner_email: 'ada@example.com', owner_name: 'Ada', workspace_id: 'wrkspc_1', workspace_name: 'Research' };
  const use = { account: 'default', model: 'claude-sonnet-5', service_tier: 'standard', context_window: '0-200k' };
  const console = { api_key_id: 'console', workspace_id: 'default', workspace_name: 'Default' };
  const total = { kind: 'sum', temporality: 'cumulative', monotonic: true, valueType: 'int', startTimeUnixNano: november };
  const tokens = { ...total, metric: 'claude.tokens', unit: '{token}' };
  const period = { period: '2026-11' };
  expect(last('claude.tokens')).toHaveLength(3);
  expect(last('claude.tokens')).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ ...tokens, attributes: { ...use, ...names, ...period, type: 'input' }, value: 9_007_199_260 }),
      expect.objectContaining({ ...tokens, attributes: { ...use, ...names, ...period, type: 'cache_creation', cache_ttl: '1h' }, value: 30 }),
      expect.objectContaining({ ...tokens, attributes: { ...use, ...console, ...period, type: 'output' }, value: 7 }),
    ]),
  );
  expect(last('claude.web_searches')).toMatchObject([{ ...total, unit: '{request}', attributes: { ...use, ...names, ...period }, value: 2 }]);
  // Since midnight, without a period, as a gauge.
  const current = { kind: 'gauge', unit: '{token}', startTimeUnixNano: midnight };
  expect(last('claude.tokens.current')).toHaveLength(2);
  expect(last('claude.tokens.current')).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ ...current, attributes: { ...use, ...names, type: 'input' }, value: 5 }),
      expect.objectContaining({ ...current, attributes: { ...use, ...console, type: 'output' }, value: 7 }),
    ]),
  );
  for (const { timeUnixNano } of last('claude.tokens')) expect(timeUnixNano).toBe(BigInt(clock.now().getTime()) * 1_000_000n);
});

test('totals are first pushed with their names: while these are being read the rest goes out without totals', async () => {
  world.organization.use({ atMs: justNow(), ...ofPipeline, output: 7 });
  const asked = Promise.withResolvers<() => void>();
  world.fault = (path) => (path === 'api_keys' ? (response) => asked.resolve(() => response.destroy()) : undefined);
  const started = agent().start();
  await expect.poll(() => pushes.length, { timeout: 10_000 }).toBe(1);
  expect(last('claude.rate_limit')).not.toEqual([]);
  expect(last('claude_usage_metrics.ledger.series')).not.toEqual([]);
  for (const metric of ['claude.tokens', 'claude.tokens.current', 'claude.cost']) expect(last(metric)).toEqual([]);
  // Names that cannot be read hold nothing up either.
  (await asked.promise)();
  await started;
  expect(pushes).toHaveLength(2);
  expect(last('claude.tokens')).toMatchObject([{ value: 7, attributes: { api_key_id: 'apikey_1', workspace_name: 'Research' } }]);
});

test('cost is the exact sum of its decimal parts in dollars, today included', async () => {
  for (let i = 0; i < 10; i++) {
    world.organization.use({ atMs: justNow() - i * 40 * hourMs, workspaceId: 'wrkspc_1', microCents: 10_000_000n });
  }
  world.organization.use({ atMs: justNow(), microCents: 12_378_912_500n });
  await agent().start();
  const attributes = { account: 'default', model: 'claude-sonnet-5', cost_type: 'tokens', token_type: 'uncached_input_tokens', service_tier: 'standard', context_window: '0-200k', inference_geo: 'global' };
  const cost = { kind: 'sum', temporality: 'cumulative', monotonic: true, unit: 'USD', valueType: 'double', startTimeUnixNano: november };
  expect(last('claude.cost')).toHaveLength(2);
  expect(last('claude.cost')).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ ...cost, attributes: { ...attributes, workspace_id: 'wrkspc_1', workspace_name: 'Research', period: '2026-11' }, value: 1 }),
      expect.objectContaining({ ...cost, attributes: { ...attributes, workspace_id: 'default', workspace_name: 'Default', period: '2026-11' }, value: 123.789125 }),
    ]),
  );
  expect(lastBy('claude.cost.current', 'workspace_id')).toEqual({ wrkspc_1: 0.1, default: 123.789125 });
});

test('use that is reported late raises the total, soon for recent days and within the hour for older ones', async () => {
  world.organization.use({ atMs: at('2026-11-02T10:00:00Z'), ...ofPipeline, output: 10 });
  const running = agent();
  await running.start();
  const late = { shownAtMs: clock.now().getTime() + 60_000, ...ofPipeline };
  world.organization.use({ atMs: at('2026-11-19T10:00:00Z'), ...late, output: 200 });
  world.organization.use({ atMs: at('2026-11-02T11:00:00Z'), ...late, output: 3_000 });
  await running.nextPush();
  expect(last('claude.tokens')).toMatchObject([{ value: 210 }]);
  clock.advance(hourMs);
  await running.push();
  expect(last('claude.tokens')).toMatchObject([{ value: 3_210 }]);
  const revisions = last('claude_usage_metrics.ledger.revisions').filter(({ attributes }) => attributes['report'] === 'anthropic-usage');
  expect(revisions.map(({ attributes, value }) => [attributes['direction'], value])).toEqual([['up', 2], ['down', 0]]);
});

test('what the report takes back is held as debt, and no total falls', async () => {
  world.organization.use({ atMs: at('2026-11-20T10:00:00Z'), ...ofPipeline, output: 100, microCents: 300_000_000n });
  const running = agent();
  await running.start();
  world.organization.use({ atMs: at('2026-11-20T10:00:00Z'), ...ofPipeline, output: -40, microCents: -100_000_000n });
  clock.advance(15 * 60_000);
  await running.push();
  expect(last('claude.tokens')).toMatchObject([{ value: 100 }]);
  expect(last('claude.cost')).toMatchObject([{ value: 3 }]);
  expect(last('claude_usage_metrics.ledger.debt.tokens')).toMatchObject([{ value: 40, attributes: { report: 'anthropic-usage' } }]);
  expect(lastBy('claude_usage_metrics.ledger.debt.cost', 'report')).toEqual({ 'anthropic-cost': 1, 'anthropic-analytics': 0 });
  world.organization.use({ atMs: justNow(), ...ofPipeline, output: 50 });
  await running.nextPush();
  expect(last('claude.tokens')).toMatchObject([{ value: 110 }]);
  expect(last('claude_usage_metrics.ledger.debt.tokens')).toMatchObject([{ value: 0 }]);
});

test('a new key is 0 until that was acknowledged, then its value; what the first push has begins with its value', async () => {
  world.organization.use({ atMs: justNow(), ...ofPipeline, output: 10 });
  const running = agent();
  await running.start();
  expect(lastBy('claude.tokens', 'api_key_id')).toEqual({ apikey_1: 10 });

  world.organization.use({ atMs: justNow(), apiKeyId: 'apikey_2', output: 5 });
  world.organization.use({ atMs: justNow(), ...ofPipeline, output: 1 });
  // What a backend rejects of a request that it takes nobody can name: the zero has arrived, as far as can be known.
  for (const answer of [{ kind: 'refuse', code: status.PERMISSION_DENIED }, { kind: 'refuse', code: status.INVALID_ARGUMENT }, { kind: 'partial', rejectedPoints: 1, message: 'no' }] as const) {
    receiver = answer;
    await running.nextPush();
    expect(lastBy('claude.tokens', 'api_key_id')).toEqual({ apikey_1: 11, apikey_2: 0 });
    // Today's use is no rise.
    expect(lastBy('claude.tokens.current', 'api_key_id')).toEqual({ apikey_1: 11, apikey_2: 5 });
  }
  await running.nextPush();
  expect(lastBy('claude.tokens', 'api_key_id')).toEqual({ apikey_1: 11, apikey_2: 5 });
});

test('a renamed key goes on under its new name, without a zero', async () => {
  world.organization.use({ atMs: justNow(), ...ofPipeline, output: 10 });
  const running = agent();
  await running.start();
  const [key] = world.organization.keys;
  if (key !== undefined) key.name = 'etl';
  clock.advance(hourMs);
  await running.push();
  await running.nextPush();
  expect(lastBy('claude.tokens', 'api_key_name')).toEqual({ etl: 10 });
  expect(pushes.flatMap(pointsOf).filter(({ metric }) => metric === 'claude.tokens').map(({ value }) => value)).not.toContain(0);
});

test('a report that cannot be read whole leaves the last one in charge and costs only its own source', async () => {
  world.organization.use({ atMs: justNow(), ...ofPipeline, output: 10, microCents: 100_000_000n });
  const running = agent();
  await running.start();
  world.organization.use({ atMs: justNow(), ...ofPipeline, output: 1 });
  world.fault = (path) => (path.startsWith('usage_report') ? { status: 500, body: { type: 'error', error: { type: 'api_error' } } } : undefined);
  await running.nextPush();
  expect(last('claude.tokens')).toMatchObject([{ value: 10 }]);
  expect(last('claude.tokens.current')).toMatchObject([{ value: 10 }]);
  const up = { 'anthropic-usage': 0, 'anthropic-cost': 1, 'anthropic-names': 1 };
  expect(lastBy('claude_usage_metrics.source.up', 'source')).toMatchObject(up);
  // Three intervals on nobody knows what was used today; the month's total is still what was said of it.
  clock.advance(60_000);
  await running.push();
  expect(last('claude.tokens.current')).toEqual([]);
  expect(last('claude.tokens')).toMatchObject([{ value: 10 }]);
  expect(last('claude.cost.current')).toMatchObject([{ value: 1 }]);
  world.fault = () => undefined;
  clock.advance(15 * 60_000);
  await running.push();
  expect(last('claude.tokens')).toMatchObject([{ value: 11 }]);
  expect(lastBy('claude_usage_metrics.source.up', 'source')).toMatchObject({ ...up, 'anthropic-usage': 1 });
});

test('a first report that fails has no totals, and the next one has them whole', async () => {
  world.organization.use({ atMs: at('2026-11-02T10:00:00Z'), ...ofPipeline, output: 10 });
  world.fault = (path) => (path.startsWith('usage_report') ? { status: 529, body: { type: 'error', error: { type: 'overloaded_error' } } } : undefined);
  const running = agent();
  await running.start();
  expect(last('claude.tokens')).toEqual([]);
  world.fault = () => undefined;
  await running.nextPush();
  expect(last('claude.tokens')).toMatchObject([{ value: 10 }]);
});

test.each([
  ['fails', { status: 500, body: {} }, 0],
  ['is withheld from the key', { status: 403, body: { type: 'error', error: { type: 'permission_error', message: 'no' } } }, 1],
])('a list of names that %s holds nothing up', async (_, answer, up) => {
  world.organization.use({ atMs: justNow(), ...ofPipeline, output: 10 });
  world.fault = (path) => (path === 'users' ? answer : undefined);
  const running = agent();
  await running.start();
  const [point] = last('claude.tokens');
  expect(point).toMatchObject({ value: 10, attributes: { api_key_name: 'pipeline', workspace_name: 'Research' } });
  expect(point?.attributes).not.toHaveProperty('owner_email');
  expect(valuesOf(pushes[0])).toMatchObject({ 'claude_usage_metrics.source.up{source=anthropic-names}': up });
  expect(running.log.filter(({ msg }) => String(msg).includes('organizations/users'))).toHaveLength(1);
});

test('owners can be left out; names of keys and workspaces stay', async () => {
  world.organization.use({ atMs: justNow(), ...ofPipeline, output: 10, microCents: 1n });
  await agent({ ANTHROPIC_OWNER_ATTRIBUTES: 'false' }).start();
  expect(last('claude.tokens')).toMatchObject([{ attributes: { api_key_name: 'pipeline', workspace_name: 'Research' } }]);
  expect(JSON.stringify(pushes.flatMap(pointsOf).map(({ attributes }) => attributes))).not.toMatch(/ada/i);
});

test('usage is told apart by what is chosen and by nothing else', async () => {
  world.organization.use({ atMs: justNow(), ...ofPipeline, output: 10 });
  world.organization.use({ atMs: justNow(), output: 5, model: 'claude-haiku-5' });
  world.organization.use({ atMs: justNow(), output: 1, model: 'claude-haiku-5', serviceTier: 'batch' });
  await agent({ ANTHROPIC_USAGE_GROUP_BY: 'model' }).start();
  expect(last('claude.tokens').map(({ attributes, value }) => [attributes, value])).toEqual(
    ['claude-sonnet-5', 'claude-haiku-5'].map((model, index) => [
      { account: 'default', model, type: 'output', period: '2026-11' },
      [10, 6][index],
    ]),
  );
});

test('around a month’s end both months stand side by side, each from its own first instant', async () => {
  clock = new ManualClock(new Date('2026-11-30T23:59:00Z'));
  await world.stop();
  world = await startOrganization(clock);
  settings = { ...settings, ...world.settings };
  world.organization.use({ atMs: justNow(), ...ofPipeline, output: 10 });
  const running = agent();
  await running.start();
  clock.advance(50_000);
  await running.push();
  world.organization.use({ atMs: at('2026-11-30T23:59:59Z'), ...ofPipeline, output: 1 });
  world.organization.use({ atMs: at('2026-12-01T00:00:30Z'), ...ofPipeline, output: 7 });
  const december = BigInt(at('2026-12-01T00:00:00Z')) * 1_000_000n;
  // A read before the new month's first use, one that finds it, and one after its zero was acknowledged.
  const seen: unknown[] = [];
  for (const step of [20_000, 60_000, 60_000]) {
    clock.advance(step);
    await running.push();
    seen.push(last('claude.tokens').map(({ attributes, startTimeUnixNano, value }) => [attributes['period'], startTimeUnixNano, value]));
  }
  expect(seen).toEqual([
    [['2026-11', november, 11]],
    [['2026-11', november, 11], ['2026-12', december, 0]],
    [['2026-11', november, 11], ['2026-12', december, 7]],
  ]);
});
