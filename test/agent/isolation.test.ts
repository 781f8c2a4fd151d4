import { afterEach, beforeEach, expect, test } from 'vitest';
import { type World, agentOf, openRouterAnswers, startWorld, usage, valuesOf } from '../support/agent.ts';
import { cleanup } from '../support/cleanup.ts';

const after = cleanup();
let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world.stop());

/** OpenRouter's points as they are when claude.ai is well. */
const openRouterValues = {
  'openrouter.key.usage{window=total}': 25.5,
  'openrouter.key.usage{window=daily}': 1,
  'openrouter.key.usage{window=weekly}': 5,
  'openrouter.key.usage{window=monthly}': 18,
  'openrouter.key.limit': 100,
  'openrouter.key.limit_remaining': 82,
  'openrouter.credits.total': 100,
  'openrouter.credits.usage': 40,
  'openrouter.credits.remaining': 60,
  'claude_usage_metrics.source.up{source=openrouter}': 1,
};
const claudeValues = {
  'claude.usage.utilization{metric_name=five_hour}': 0.42,
  'claude.usage.limit_active{metric_name=five_hour}': 1,
  'claude_usage_metrics.source.up{source=claude-ai}': 1,
};

test('a source that hangs is not waited for beyond the cycle’s share, and its read serves a later cycle', async () => {
  const asked = Promise.withResolvers<() => void>();
  const well = usage(new Date(Date.now() + 3_600_000));
  world.claude = (response) => {
    asked.resolve(() => {
      world.claude = well;
      if (typeof well !== 'function') response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(well.body));
    });
  };
  const agent = agentOf({ ...world.settings, OTEL_METRIC_EXPORT_INTERVAL: '1500', OTEL_METRIC_EXPORT_TIMEOUT: '1500' });
  after(() => agent.close());
  const startedMs = performance.now();
  expect(await agent.push()).toMatchObject({ lost: 0, rejected: 0 });
  expect(performance.now() - startedMs).toBeLessThan(3_000);
  const first = valuesOf(world.pushes[0]);
  expect(first).toMatchObject(openRouterValues);
  expect(first).not.toHaveProperty(['claude_usage_metrics.source.up{source=claude-ai}']);

  (await asked.promise)();
  await agent.readSources();
  await agent.nextPush();
  expect(valuesOf(world.pushes[1])).toMatchObject({ ...openRouterValues, ...claudeValues });
});

test('a source that hangs for good is a timeout, and the other’s points carry the time of the collection', async () => {
  world.claude = () => undefined;
  const agent = agentOf(world.settings, { readDeadlineMs: 300 });
  after(() => agent.close());
  const before = Date.now();
  await agent.push();
  const points = world.pushes[0]?.flatMap((request) => request.points) ?? [];
  expect(valuesOf(world.pushes[0])).toMatchObject({ 'claude_usage_metrics.source.reads{outcome=timeout,source=claude-ai}': 1 });
  const times = new Set(points.map(({ timeUnixNano }) => timeUnixNano));
  expect(times.size).toBe(1);
  const [time = 0n] = times;
  expect(Number(time / 1_000_000n)).toBeGreaterThanOrEqual(before);
  expect(Number(time / 1_000_000n)).toBeLessThan(before + 300);
});

test('a source that is well again is up again, and its points are back', async () => {
  const agent = agentOf(world.settings);
  after(() => agent.close());
  await agent.push();
  expect(valuesOf(world.pushes[0])).toMatchObject({ ...claudeValues, ...openRouterValues });
  world.openRouter = { '/key': { status: 500, body: 'no' } };
  await agent.nextPush();
  expect(valuesOf(world.pushes[1])).toMatchObject({ ...claudeValues, 'claude_usage_metrics.source.up{source=openrouter}': 0 });
  world.openRouter = openRouterAnswers;
  await agent.nextPush();
  expect(valuesOf(world.pushes[2])).toMatchObject({ ...claudeValues, ...openRouterValues });
  expect(valuesOf(world.pushes[2])).toMatchObject({
    'claude_usage_metrics.source.reads{outcome=success,source=openrouter}': 2,
    'claude_usage_metrics.source.reads{outcome=upstream,source=openrouter}': 1,
    'claude_usage_metrics.source.reads{outcome=success,source=claude-ai}': 3,
  });
});
