import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { OpenTraces } from '../../src/agent-traces.ts';
import type { ReceivedRequest } from '../../src/demo/otlp-messages.ts';
import { noSpans } from '../../src/model/spans.ts';
import { type World, agentOf, openRouterAnswers, pointsOf, startWorld, usage, valuesOf } from '../support/agent.ts';
import { cleanup } from '../support/cleanup.ts';

const after = cleanup();
let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world.stop());

test('a countdown is the reset minus the time of its point, whole seconds, anew at each push', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-21T12:00:00.250Z') });
  after(() => vi.useRealTimers());
  const reset = new Date('2026-11-21T13:30:00.100Z');
  world.claude = usage(reset);
  const agent = agentOf(world.settings);
  after(() => agent.close());
  await agent.push();
  vi.setSystemTime(new Date('2026-11-21T12:01:00.099Z'));
  await agent.push();
  vi.setSystemTime(new Date('2026-11-21T12:02:00.101Z'));
  await agent.push();
  const countdowns = world.pushes.flatMap(pointsOf).filter(({ metric }) => metric === 'claude.usage.seconds_to_reset');
  expect(countdowns.map(({ value }) => value)).toEqual([5_399, 5_340, 5_279]);
  for (const { value, timeUnixNano } of countdowns) {
    expect(value).toBe(Math.floor((reset.getTime() - Number(timeUnixNano / 1_000_000n)) / 1000));
  }
  const elapsed = world.pushes.flatMap(pointsOf).filter(({ metric }) => metric === 'claude.usage.elapsed');
  expect(elapsed[0]?.value).toBeCloseTo(1 - 5_399.85 / 18_000, 12);
});

test('gauges that are not known any more are gone from the next push', async () => {
  const agent = agentOf(world.settings);
  after(() => agent.close());
  await agent.push();
  expect(valuesOf(world.pushes[0])).toHaveProperty(['claude.usage.utilization{metric_name=five_hour}']);
  const reset = new Date(Date.now() + 3_600_000).toISOString();
  world.claude = { status: 200, body: { limits: [{ kind: 'weekly_all', percent: 7, resets_at: reset }] } };
  await agent.nextPush();
  const windows = Object.keys(valuesOf(world.pushes[1])).filter((name) => name.startsWith('claude.usage.'));
  expect(windows.length).toBeGreaterThan(0);
  expect(windows.filter((name) => !name.endsWith('{metric_name=seven_day}'))).toEqual([]);
});

test('a window that has reset is not shown past its reset, whether or not it could be read again', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-21T12:00:00Z') });
  after(() => vi.useRealTimers());
  world.claude = usage(new Date('2026-11-21T12:00:30Z'));
  const agent = agentOf(world.settings);
  after(() => agent.close());
  await agent.push();
  vi.setSystemTime(new Date('2026-11-21T12:00:30Z'));
  await agent.push();
  const names = world.pushes.map((push) => Object.keys(valuesOf(push)).filter((name) => name.startsWith('claude.usage.')).length > 0);
  expect(names).toEqual([true, false]);
});

test('what a source read goes on being shown while it fails, and no longer than three of its intervals', async () => {
  const agent = agentOf(world.settings);
  after(() => agent.close());
  await agent.push();
  world.openRouter = { '/key': { status: 503, body: 'no' } };
  await agent.nextPush();
  agent.clock.advance(60_000);
  await agent.push();
  const shown = world.pushes.map((push) => 'openrouter.credits.total' in valuesOf(push));
  expect(shown).toEqual([true, true, false]);
  expect(valuesOf(world.pushes[1])).toMatchObject({ 'claude_usage_metrics.source.up{source=openrouter}': 0 });
});

test('the push after the machine was suspended reads anew, and has nothing of before', async () => {
  world.claude = usage(new Date(Date.now() + 4 * 86_400_000));
  const agent = agentOf(world.settings);
  after(() => agent.close());
  await agent.push();
  world.claude = usage(new Date(Date.now() + 4 * 86_400_000), 95);
  world.openRouter = { '/key': { status: 503, body: 'no' } };
  agent.clock.suspend(8 * 3_600_000);
  agent.clock.advance(50_000);
  await agent.push();
  const [before, woken] = world.pushes.map(valuesOf);
  expect(before).toMatchObject({ 'claude.usage.utilization{metric_name=five_hour}': 0.42, 'openrouter.credits.remaining': 60 });
  expect(woken).toMatchObject({ 'claude.usage.utilization{metric_name=five_hour}': 0.95, 'claude_usage_metrics.source.up{source=openrouter}': 0 });
  expect(Object.keys(woken ?? {}).filter((name) => name.startsWith('openrouter.'))).toEqual([]);
});

test('every count begins at zero', async () => {
  const agent = agentOf(world.settings);
  after(() => agent.close());
  await agent.push();
  const counts = Object.entries(valuesOf(world.pushes[0])).filter(([name]) => /\.(reads|points)\{/.test(name));
  expect(counts).toHaveLength(2 * 14 + 3);
  expect(valuesOf(world.pushes[0])).toMatchObject({ 'claude_usage_metrics.export.points.produced': 0, 'claude_usage_metrics.export.points.in_flight': 0 });
  expect(Object.keys(valuesOf(world.pushes[0])).filter((name) => name.includes('export.spans'))).toEqual([]);
  expect(counts.filter(([, value]) => value > 0).map(([name]) => name)).toEqual([
    'claude_usage_metrics.source.reads{outcome=success,source=claude-ai}',
    'claude_usage_metrics.source.reads{outcome=success,source=openrouter}',
  ]);
});

test('requests to upstreams are counted by status, and without one when no answer came', async () => {
  const agent = agentOf(world.settings);
  after(() => agent.close());
  world.openRouter = { '/key': openRouterAnswers['/key'], '/credits': { status: 403, body: {} } };
  world.claude = (response) => response.destroy();
  await agent.push();
  expect(valuesOf(world.pushes[0])).toMatchObject({
    'claude_usage_metrics.source.requests{http.response.status_code=200,source=claude-ai}': 1,
    'claude_usage_metrics.source.requests{source=claude-ai}': 1,
    'claude_usage_metrics.source.requests{http.response.status_code=200,source=openrouter}': 1,
    'claude_usage_metrics.source.requests{http.response.status_code=403,source=openrouter}': 1,
  });
});

test('what became of the points of each push is counted in the next, and all of them are accounted for', async () => {
  const agent = agentOf(world.settings);
  after(() => agent.close());
  await agent.push();
  world.receiver = { kind: 'partial', rejectedPoints: 3, message: 'no' };
  await agent.push();
  world.receiver = { kind: 'refuse', code: status.PERMISSION_DENIED };
  await agent.push();
  world.receiver = { kind: 'acknowledge' };
  await agent.push();
  const [first, second, third] = world.pushes.map((push) => pointsOf(push).length);
  const counted = (push: number, outcome: string): number | undefined =>
    valuesOf(world.pushes[push])[`claude_usage_metrics.export.points{outcome=${outcome}}`];
  expect([counted(1, 'acknowledged'), counted(1, 'rejected'), counted(1, 'lost')]).toEqual([first, 0, 0]);
  expect([counted(2, 'acknowledged'), counted(2, 'rejected'), counted(2, 'lost')]).toEqual([(first ?? 0) + (second ?? 0) - 3, 3, 0]);
  expect([counted(3, 'acknowledged'), counted(3, 'rejected'), counted(3, 'lost')]).toEqual([(first ?? 0) + (second ?? 0) - 3, 3, third]);
});

/** The equation that an operator reads: all that was produced is acknowledged, rejected, lost or in flight. */
function equation(push: readonly ReceivedRequest[] | undefined): { readonly produced: number; readonly counted: number; readonly inFlight: number } {
  const values = valuesOf(push);
  const points = 'claude_usage_metrics.export.points';
  const value = (name: string): number => values[points + name] ?? Number.NaN;
  const counted = ['acknowledged', 'rejected', 'lost'].reduce((sum, outcome) => sum + value(`{outcome=${outcome}}`), 0);
  return { produced: value('.produced'), counted, inFlight: value('.in_flight') };
}

test('at each push what was produced before it is acknowledged, rejected or lost, and nothing of it in flight', async () => {
  const agent = agentOf(world.settings);
  after(() => agent.close());
  const answers: World['receiver'][] = [
    { kind: 'acknowledge' },
    { kind: 'partial', rejectedPoints: 3, message: 'no' },
    { kind: 'refuse', code: status.PERMISSION_DENIED },
    { kind: 'acknowledge' },
  ];
  for (const answer of answers) {
    world.receiver = answer;
    await agent.push();
  }
  const sizes = world.pushes.map((push) => pointsOf(push).length);
  const before = sizes.map((_size, push) => sizes.slice(0, push).reduce((sum, size) => sum + size, 0));
  expect(world.pushes.map(equation)).toEqual(before.map((points) => ({ produced: points, counted: points, inFlight: 0 })));
});

test('of an agent with traces, what became of its spans is counted', async () => {
  const traces: OpenTraces = (_resource, onOutcome) => {
    onSpans = onOutcome;
    return { ...noSpans, sendsSpans: true, close: () => Promise.resolve() };
  };
  let onSpans: Parameters<OpenTraces>[1] = () => undefined;
  const agent = agentOf(world.settings, { traces });
  after(() => agent.close());
  await agent.push();
  onSpans({ acknowledged: 5, rejected: 2, lost: 0 });
  onSpans({ acknowledged: 0, rejected: 0, lost: 4, cause: 'UNAVAILABLE' });
  await agent.push();
  const counts = (push: number): unknown[] => ['acknowledged', 'rejected', 'lost'].map((outcome) => valuesOf(world.pushes[push])[`claude_usage_metrics.export.spans{outcome=${outcome}}`]);
  expect([counts(0), counts(1)]).toEqual([[0, 0, 0], [5, 2, 4]]);
});

test('a push that fails says so, and the next one knows nothing of it', async () => {
  const agent = agentOf(world.settings);
  after(() => agent.close());
  world.receiver = { kind: 'refuse', code: status.UNIMPLEMENTED };
  expect(await agent.push()).toMatchObject({ acknowledged: 0, lost: pointsOf(world.pushes[0]).length });
  world.receiver = { kind: 'acknowledge' };
  expect(await agent.push()).toEqual({ acknowledged: pointsOf(world.pushes[1]).length, rejected: 0, lost: 0 });
});

test('with the console as exporter each point is a line, and none goes elsewhere', async () => {
  const agent = agentOf({ ...world.settings, OTEL_METRICS_EXPORTER: 'console' });
  after(() => agent.close());
  expect(await agent.push()).toMatchObject({ lost: 0, rejected: 0 });
  const lines = agent.written.join('').split('\n');
  expect(lines).toContain('claude.usage.utilization{"account":"default","metric_name":"five_hour"} 0.42 1');
  expect(lines).toContain('openrouter.credits.remaining{"account":"default"} 60 USD');
  expect(world.pushes).toEqual([]);
});

test('the account’s name is on every point of the account', async () => {
  const agent = agentOf({ ...world.settings, ACCOUNT_NAME: 'me at work' });
  after(() => agent.close());
  await agent.push();
  const withAccount = pointsOf(world.pushes[0]).filter(({ metric }) => !/\.(build\.info|export\.points(\.\w+)?|collect\.duration)$/.test(metric));
  expect(withAccount.length).toBeGreaterThan(20);
  expect(new Set(withAccount.map(({ attributes }) => attributes['account']))).toEqual(new Set(['me at work']));
});
