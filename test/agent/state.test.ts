import { status } from '@grpc/grpc-js';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { ReceivedRequest } from '../../src/demo/otlp-messages.ts';
import type { Answer } from '../../src/demo/receiver.ts';
import { openTotalsState } from '../../src/state/totals-state.ts';
import { type ManualClock, type TestAgent, agentOf, pointsOf, valuesOf } from '../support/agent.ts';
import { canaries, otlpHeaders } from '../support/canaries.ts';
import { cleanup } from '../support/cleanup.ts';
import { type OrganizationRun, type OrganizationWorld, startOrganizationRun } from '../support/organization.ts';
import { contentOf, scan } from '../support/secret-scan.ts';

const after = cleanup();
const minuteMs = 60_000;

let clock: ManualClock;
let world: OrganizationWorld;
let receiver: Answer;
let pushes: (readonly ReceivedRequest[])[];
let settings: Readonly<Record<string, string>>;
let last: OrganizationRun['last'];
let folder: string;
let agents: TestAgent[];

beforeEach(async () => {
  receiver = { kind: 'acknowledge' };
  ({ clock, world, pushes, settings, last } = await startOrganizationRun(after, () => receiver));
  folder = mkdtempSync(join(tmpdir(), 'agent-'));
  after(() => rm(folder, { recursive: true }));
  agents = [];
  // Whatever happened: nothing of the key or the headers is in what was logged, pushed or kept.
  after(() => expect(scan(JSON.stringify([agents.map(({ log }) => log), pushes.map(valuesOf)]) + contentOf(folder), canaries)).toEqual([]));
});

const delta = { OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta' };

/** An agent that goes on from the folder; without `keeps` it knows of nothing. */
async function agent(more: Readonly<Record<string, string>> = {}, keeps = true): Promise<TestAgent> {
  const state = keeps ? await openTotalsState(folder, 'default') : undefined;
  const made = agentOf({ ...settings, OTEL_EXPORTER_OTLP_HEADERS: otlpHeaders, ...more }, { clock, ...(state && { state }) });
  agents.push(made);
  after(() => made.close());
  return made;
}

/** Tokens in a push, by key. */
function tokens(push: readonly ReceivedRequest[] | undefined = pushes.at(-1)): Readonly<Record<string, number>> {
  const points = pointsOf(push).filter(({ metric }) => metric === 'claude.tokens');
  return Object.fromEntries(points.map(({ attributes, value }) => [attributes['api_key_id'] ?? '', value]));
}

const justNow = (): number => clock.now().getTime() - 1;

function use(apiKeyId: string, output: number): void {
  world.organization.use({ atMs: justNow(), apiKeyId, output });
}

/** Another cycle, in which the usage is due. */
async function cycle(of: TestAgent): Promise<void> {
  clock.advance(minuteMs);
  await of.push();
}

test.each<[string, boolean, number]>([
  ['with a state no total falls over a restart', true, 100],
  ['without one it shows as a fall', false, 60],
])('what the report took back while the agent was away: %s', async (_, keeps, value) => {
  use('apikey_1', 100);
  const first = await agent({}, keeps);
  await first.start();
  await first.stop();
  use('apikey_1', -40);
  clock.advance(10 * minuteMs);
  const second = await agent({}, keeps);
  await second.start();
  expect(tokens()).toEqual({ apikey_1: value });
  expect(last('claude_usage_metrics.ledger.debt.tokens')).toMatchObject([{ value: value - 60 }]);
});

test('a key that came while the agent was away begins with 0, and one that was there does not', async () => {
  use('apikey_1', 100);
  const first = await agent();
  await first.start();
  await first.stop();
  use('apikey_2', 7);
  use('apikey_1', 1);
  clock.advance(10 * minuteMs);
  const second = await agent();
  await second.start();
  expect(tokens()).toEqual({ apikey_1: 101, apikey_2: 0 });
  await cycle(second);
  expect(tokens()).toEqual({ apikey_1: 101, apikey_2: 7 });
});

test('the last push leaves a first zero as it is, which the next agent begins with: somebody must have seen it', async () => {
  use('apikey_1', 100);
  const first = await agent();
  await first.start();
  use('apikey_2', 7);
  await cycle(first);
  expect(tokens()).toEqual({ apikey_1: 100, apikey_2: 0 });
  await first.stop();
  expect(tokens()).toEqual({ apikey_1: 100, apikey_2: 0 });
  const second = await agent();
  await second.start();
  expect(tokens()).toEqual({ apikey_1: 100, apikey_2: 0 });
  await cycle(second);
  expect(tokens()).toEqual({ apikey_1: 100, apikey_2: 7 });
});

test('with delta the first push sends no totals, and each later one what came since, without a period', async () => {
  use('apikey_1', 100);
  const running = await agent(delta);
  await running.start();
  expect(tokens()).toEqual({});
  const from = clock.now().getTime();
  use('apikey_1', 5);
  use('apikey_2', 3);
  await cycle(running);
  expect(tokens()).toEqual({ apikey_1: 5, apikey_2: 3 });
  for (const point of last('claude.tokens')) {
    expect(point).toMatchObject({ temporality: 'delta', monotonic: true, startTimeUnixNano: BigInt(from) * 1_000_000n, timeUnixNano: BigInt(from + minuteMs) * 1_000_000n });
    expect(point.attributes).toMatchObject({ model: 'claude-sonnet-5' });
    expect(point.attributes).not.toHaveProperty('period');
  }
  await cycle(running);
  expect(tokens()).toEqual({});
  // What is known of today is a gauge as ever.
  expect(last('claude.tokens.current').map(({ value }) => value).sort()).toEqual([105, 3].sort());
  // What may fall stays cumulative, as the standard has it.
  for (const { kind, monotonic, temporality } of pointsOf(pushes.at(-1))) if (kind !== 'gauge') expect(temporality).toBe(monotonic === false ? 'cumulative' : 'delta');
});

test('with lowmemory totals are what they are without it, over a restart too, and the agent’s own counters are sent as their growth', async () => {
  const lowmemory = { OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'lowmemory' };
  use('apikey_1', 100);
  const first = await agent(lowmemory);
  await first.start();
  use('apikey_1', 5);
  await cycle(first);
  const counters = pointsOf(pushes.at(-1)).filter(({ metric, monotonic }) => metric !== 'claude.tokens' && monotonic === true);
  expect(counters.length).toBeGreaterThan(0);
  for (const { temporality } of counters) expect(temporality).toBe('delta');
  for (const { temporality, attributes } of last('claude.tokens')) expect([temporality, attributes['period']]).toEqual(['cumulative', '2026-11']);
  expect(tokens()).toEqual({ apikey_1: 105 });
  await first.stop();
  use('apikey_2', 7);
  const second = await agent(lowmemory);
  await second.start();
  expect(tokens()).toEqual({ apikey_1: 105, apikey_2: 0 });
  await cycle(second);
  expect(tokens()).toEqual({ apikey_1: 105, apikey_2: 7 });
});

test('growth that a backend did not take goes again as the same points, also from the next agent; later growth comes after it', async () => {
  use('apikey_1', 100);
  const first = await agent(delta);
  await first.start();
  use('apikey_1', 5);
  receiver = { kind: 'refuse', code: status.UNAUTHENTICATED };
  await cycle(first);
  const cut = last('claude.tokens');
  expect(cut).toMatchObject([{ value: 5 }]);
  use('apikey_1', 20);
  await cycle(first);
  expect(last('claude.tokens')).toEqual(cut);
  await first.close();
  receiver = { kind: 'acknowledge' };
  const second = await agent(delta);
  await second.start();
  expect(last('claude.tokens')).toEqual(cut);
  await cycle(second);
  expect(tokens()).toEqual({ apikey_1: 20 });
  await cycle(second);
  expect(tokens()).toEqual({});
});

test('what a day of Claude Code grew by while a backend was down is the next agent’s to send, though the day is final by then', async () => {
  const hourMs = 60 * minuteMs;
  const sessions = (): number[] => last('claude.analytics.code.sessions').map(({ value }) => value);
  const codeCycle = async (of: TestAgent): Promise<void> => {
    // It is shown an hour later.
    world.organization.code({ atMs: justNow(), sessions: 1 });
    clock.advance(2 * hourMs);
    await of.push();
  };
  const first = await agent(delta);
  await first.start();
  receiver = { kind: 'refuse', code: status.UNAUTHENTICATED };
  await codeCycle(first);
  await codeCycle(first);
  await codeCycle(first);
  expect(sessions()).toEqual([1]);
  await first.stop();
  receiver = { kind: 'acknowledge' };
  clock.advance(72 * hourMs);
  const second = await agent(delta);
  await second.start();
  expect(sessions()).toEqual([1]);
  await cycle(second);
  expect(sessions()).toEqual([2]);
  await cycle(second);
  expect(sessions()).toEqual([]);
});

test('growth on its way that an agent in between has told as totals does not go again', async () => {
  use('apikey_1', 100);
  const first = await agent(delta);
  await first.start();
  use('apikey_1', 5);
  receiver = { kind: 'refuse', code: status.UNAUTHENTICATED };
  await cycle(first);
  expect(tokens()).toEqual({ apikey_1: 5 });
  await first.close();
  receiver = { kind: 'acknowledge' };
  const cumulative = await agent();
  await cumulative.start();
  expect(tokens()).toEqual({ apikey_1: 105 });
  await cumulative.stop();
  const second = await agent(delta);
  await second.start();
  expect(tokens()).toEqual({});
  use('apikey_1', 3);
  await cycle(second);
  expect(tokens()).toEqual({ apikey_1: 3 });
});

test('growth that a backend refuses for good is gone, and said; later growth is not held up by it', async () => {
  const running = await agent(delta);
  await running.start();
  use('apikey_1', 5);
  receiver = { kind: 'refuse', code: status.INVALID_ARGUMENT };
  await cycle(running);
  receiver = { kind: 'acknowledge' };
  use('apikey_1', 20);
  await cycle(running);
  expect(tokens()).toEqual({ apikey_1: 20 });
  expect(running.log.some(({ msg }) => String(msg).includes('INVALID_ARGUMENT'))).toBe(true);
});

test('what was used while the agent was away is in the next one’s first push, with a state; without, it begins anew', async () => {
  use('apikey_1', 100);
  const first = await agent(delta);
  await first.start();
  await first.stop();
  use('apikey_1', 5);
  clock.advance(10 * minuteMs);
  const ignorant = await agent(delta, false);
  await ignorant.start();
  expect(tokens()).toEqual({});
  await ignorant.close();
  const second = await agent(delta);
  await second.start();
  expect(tokens()).toEqual({ apikey_1: 5 });
});

test('once gives a series its value, also one whose first zero an agent before it still owed', async () => {
  use('apikey_1', 100);
  const first = await agent();
  await first.start();
  use('apikey_2', 7);
  await cycle(first);
  await first.stop();
  const state = await openTotalsState(folder, 'default');
  const once = agentOf(settings, { clock, state, firstZeros: false });
  await once.readSources();
  await once.push();
  expect(tokens()).toEqual({ apikey_1: 100, apikey_2: 7 });
  await once.close();
});

test('the same grouping in another order goes on from what was sent', async () => {
  use('apikey_1', 100);
  const first = await agent({ ...delta, ANTHROPIC_USAGE_GROUP_BY: 'model,api_key_id' });
  await first.start();
  await first.stop();
  use('apikey_1', 7);
  clock.advance(minuteMs);
  const second = await agent({ ...delta, ANTHROPIC_USAGE_GROUP_BY: 'api_key_id, MODEL' });
  await second.start();
  expect(tokens()).toEqual({ apikey_1: 7 });
});

test('another grouping begins anew, which is said once', async () => {
  use('apikey_1', 100);
  const first = await agent(delta);
  await first.start();
  await first.stop();
  use('apikey_1', 7);
  clock.advance(minuteMs);
  const second = await agent({ ...delta, ANTHROPIC_USAGE_GROUP_BY: 'api_key_id' });
  await second.start();
  expect(tokens()).toEqual({});
  const said = second.log.filter(({ msg }) => String(msg).includes('begin anew'));
  expect(said).toMatchObject([{ level: 'warn', source: 'anthropic-usage', msg: expect.stringContaining('in no growth') as unknown }]);
  await second.stop();
  const third = await agent({ ...delta, ANTHROPIC_USAGE_GROUP_BY: 'api_key_id' });
  await third.start();
  expect(third.log.filter(({ msg }) => String(msg).includes('begin anew'))).toEqual([]);
});

test('growth on its way tells of no people once they are left out', async () => {
  const first = await agent(delta);
  await first.start();
  use('apikey_1', 5);
  receiver = { kind: 'refuse', code: status.UNAUTHENTICATED };
  await cycle(first);
  expect(JSON.stringify(last('claude.tokens').map(({ attributes }) => attributes))).toContain('ada@example.com');
  await first.close();
  receiver = { kind: 'acknowledge' };
  const second = await agent({ ...delta, ANTHROPIC_OWNER_ATTRIBUTES: 'false' });
  await second.start();
  expect(tokens()).toEqual({ apikey_1: 5 });
  expect(JSON.stringify(last('claude.tokens').map(({ attributes }) => attributes))).not.toMatch(/ada/i);
});
