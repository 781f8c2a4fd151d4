import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type World, agentOf, startWorld, valuesOf } from '../support/agent.ts';
import { cleanup } from '../support/cleanup.ts';

const after = cleanup();
let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world.stop());

const utilization = 'claude.usage.utilization{metric_name=five_hour}';
const everySoOften = { OTEL_METRIC_EXPORT_INTERVAL: '100', OTEL_METRIC_EXPORT_TIMEOUT: '100' };

test('the first push is at the start, with every source in it, and the next ones at each interval', async () => {
  const agent = agentOf({ ...world.settings, ...everySoOften });
  after(() => agent.close());
  await agent.start();
  expect(valuesOf(world.pushes[0])).toMatchObject({ [utilization]: 0.42, 'openrouter.credits.total': 100 });
  await expect.poll(() => world.pushes.length).toBeGreaterThan(3);
});

test('a source that hangs holds up the first push by a second at most, and is pushed without the interval once it has answered', async () => {
  const asked = Promise.withResolvers<() => unknown>();
  world.claude = (response) => asked.resolve(() => response.end(JSON.stringify({ limits: [{ kind: 'session', percent: 42 }] })));
  const agent = agentOf(world.settings);
  after(() => agent.close());
  const startedMs = performance.now();
  const started = agent.start();
  await expect.poll(() => world.pushes.length, { timeout: 10_000, interval: 10 }).toBe(1);
  expect(performance.now() - startedMs).toBeLessThan(2_000);
  expect(valuesOf(world.pushes[0])).toMatchObject({ 'openrouter.credits.total': 100 });
  expect(valuesOf(world.pushes[0])).not.toHaveProperty([utilization]);
  (await asked.promise)();
  await started;
  expect(world.pushes).toHaveLength(2);
  expect(valuesOf(world.pushes[1])).toMatchObject({ [utilization]: 0.42, 'openrouter.credits.total': 100 });
});

test('while the first reads go on nothing is pushed, however short the interval', async () => {
  const asked = Promise.withResolvers<() => unknown>();
  world.claude = (response) => asked.resolve(() => response.end('{}'));
  const agent = agentOf({ ...world.settings, OTEL_METRIC_EXPORT_INTERVAL: '20', OTEL_METRIC_EXPORT_TIMEOUT: '20' });
  after(() => agent.close());
  const reads = agent.readSources();
  const answer = await asked.promise;
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(world.pushes).toHaveLength(0);
  answer();
  await reads;
});

test('reading and pushing once sends each point once, and closing sends nothing', async () => {
  const agent = agentOf({ ...world.settings, OTEL_METRIC_EXPORT_INTERVAL: '500', OTEL_METRIC_EXPORT_TIMEOUT: '500' });
  await agent.readSources();
  await agent.push();
  await agent.close();
  await new Promise((resolve) => setTimeout(resolve, 700));
  expect(world.pushes).toHaveLength(1);
});

test('after it was closed it neither reads nor pushes', async () => {
  const agent = agentOf({ ...world.settings, ...everySoOften });
  await agent.start();
  await agent.close();
  const pushed = world.pushes.length;
  let asked = false;
  world.claude = () => {
    asked = true;
  };
  agent.clock.advance(3_600_000);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(world.pushes).toHaveLength(pushed);
  expect(asked).toBe(false);
});

test('a push that is tried again is given up when the agent is closed', async () => {
  const agent = agentOf(world.settings);
  world.receiver = { kind: 'refuse', code: status.UNAVAILABLE };
  const started = agent.start();
  await expect.poll(() => world.pushes.length).toBe(1);
  await agent.close();
  await started;
  // The second attempt would come after half a second.
  await new Promise((resolve) => setTimeout(resolve, 700));
  expect(world.pushes).toHaveLength(1);
});

test('the last push has what is known, without reading again', async () => {
  const agent = agentOf(world.settings);
  await agent.push();
  world.claude = () => undefined;
  agent.clock.advance(130_000);
  expect(await agent.stop()).toMatchObject({ lost: 0, rejected: 0 });
  expect(world.pushes).toHaveLength(2);
  expect(valuesOf(world.pushes[1])).toMatchObject({ [utilization]: 0.42 });
});

test('a stop during the first reads still pushes what is known, in no time, and only once', async () => {
  world.claude = () => undefined;
  const agent = agentOf(world.settings, { readDeadlineMs: 700 });
  const started = agent.start();
  await expect.poll(() => agent.pollers.some((poller) => poller.last?.outcome === 'success')).toBe(true);
  const stoppedAtMs = performance.now();
  expect(await agent.stop()).toMatchObject({ lost: 0, rejected: 0 });
  expect(performance.now() - stoppedAtMs).toBeLessThan(1_000);
  expect(valuesOf(world.pushes[0])).toMatchObject({ 'openrouter.credits.total': 100 });
  await started;
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(world.pushes).toHaveLength(1);
});

test('first reads that end while the last push hangs lead to no other push', async () => {
  const asked = Promise.withResolvers<() => unknown>();
  world.claude = (response) => asked.resolve(() => response.end('{}'));
  world.receiver = { kind: 'hang' };
  const agent = agentOf(world.settings);
  const started = agent.start();
  const answer = await asked.promise;
  agent.limitDelivery(600);
  const stopped = agent.stop();
  await expect.poll(() => world.pushes.length).toBe(1);
  world.receiver = { kind: 'acknowledge' };
  answer();
  await Promise.all([started, stopped]);
  const collections = new Set(world.pushes.flat().flatMap(({ points }) => points.map(({ timeUnixNano }) => timeUnixNano)));
  expect(collections.size).toBe(1);
});

test('a stop while a push waits for a source that hangs does not wait for it', async () => {
  const agent = agentOf(world.settings, { readDeadlineMs: 10_000 });
  await agent.start();
  const asked = Promise.withResolvers<undefined>();
  world.claude = () => asked.resolve(undefined);
  const pushing = agent.nextPush();
  await asked.promise;
  const stoppedAtMs = performance.now();
  agent.limitDelivery(4_000);
  expect(await agent.stop()).toMatchObject({ lost: 0, rejected: 0 });
  expect(performance.now() - stoppedAtMs).toBeLessThan(4_000);
  await pushing;
  expect(world.pushes).toHaveLength(3);
});

test('a stop while a push hangs gives it up, and the last push still goes out', async () => {
  const agent = agentOf(world.settings);
  world.receiver = { kind: 'hang' };
  const first = agent.start();
  await expect.poll(() => world.pushes.length).toBe(1);
  world.receiver = { kind: 'acknowledge' };
  const stoppedAtMs = performance.now();
  agent.limitDelivery(1_000);
  const outcome = await agent.stop();
  expect(performance.now() - stoppedAtMs).toBeLessThan(2_000);
  expect(outcome).toMatchObject({ lost: 0, rejected: 0 });
  await first;
  expect(world.pushes).toHaveLength(2);
  const lost = valuesOf(world.pushes[1])['claude_usage_metrics.export.points{outcome=lost}'];
  expect(lost).toBe(world.pushes[0]?.flatMap(({ points }) => points).length);
});

test('a receiver that hangs to the end costs the last push, within the time', async () => {
  const agent = agentOf(world.settings);
  world.receiver = { kind: 'hang' };
  const first = agent.start();
  await expect.poll(() => world.pushes.length).toBe(1);
  const stoppedAtMs = performance.now();
  agent.limitDelivery(600);
  expect(await agent.stop()).toMatchObject({ acknowledged: 0 });
  expect(performance.now() - stoppedAtMs).toBeLessThan(1_200);
  await first;
  expect(world.pushes.length).toBeGreaterThan(1);
});

test('a push that hangs ends before the next is due, so that none is skipped', async () => {
  const intervalMs = 400;
  const agent = agentOf({ ...world.settings, OTEL_METRIC_EXPORT_INTERVAL: String(intervalMs), OTEL_METRIC_EXPORT_TIMEOUT: String(intervalMs) });
  after(() => agent.close());
  world.receiver = { kind: 'hang' };
  const startedMs = performance.now();
  await agent.start();
  const collections = (): number => new Set(world.pushes.flat().flatMap(({ points }) => points.map((point) => point.timeUnixNano))).size;
  await expect.poll(collections, { timeout: 10_000, interval: 20 }).toBe(5);
  expect(performance.now() - startedMs).toBeLessThan(2 * 4 * intervalMs);
});
