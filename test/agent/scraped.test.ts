import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { ManualClock, type TestAgent, agentOf } from '../support/agent.ts';
import { cleanup } from '../support/cleanup.ts';
import { type OrganizationWorld, startOrganization } from '../support/organization.ts';

const after = cleanup();

interface Scraped {
  readonly agent: TestAgent;
  readonly world: OrganizationWorld;
  readonly collected: readonly ResourceMetrics[];
  /** A use of a key, which the next report has. */
  readonly use: (apiKeyId: string, output: number) => void;
  /** The next cycle's tokens by key. */
  readonly cycle: () => Promise<Readonly<Record<string, unknown>>>;
  /** A scraper has all of the last cycle. */
  readonly scrape: () => void;
}

/** An agent that pushes nothing, of an organization that used its first key. */
async function start(): Promise<Scraped> {
  const clock = new ManualClock(new Date('2026-11-21T15:30:00Z'));
  const world = await startOrganization(clock);
  after(() => world.stop());
  const collected: ResourceMetrics[] = [];
  const agent = agentOf(
    { ...world.settings, OTEL_METRICS_EXPORTER: 'prometheus' },
    { clock, watch: { collected: (metrics) => collected.push(...(metrics === undefined ? [] : [metrics])), delivered: () => undefined } },
  );
  after(() => agent.close());
  const use = (apiKeyId: string, output: number): void => {
    world.organization.use({ atMs: clock.now().getTime() - 1, apiKeyId, workspaceId: null, output });
  };
  use('apikey_1', 10);
  await agent.start();
  return {
    agent,
    world,
    collected,
    use,
    async cycle() {
      await agent.nextPush();
      const points = collected.at(-1)?.scopeMetrics.flatMap(({ metrics }) => metrics).find(({ descriptor }) => descriptor.name === 'claude.tokens')?.dataPoints;
      return Object.fromEntries((points ?? []).map(({ attributes, value }) => [String(attributes['api_key_id']), value as unknown]));
    },
    scrape() {
      const last = collected.at(-1);
      if (last !== undefined) agent.scraped(last);
    },
  };
}

test('where nothing is pushed a new series is 0 until a scraper has seen that', async () => {
  const { use, cycle, scrape } = await start();
  use('apikey_2', 5);
  expect(await cycle()).toEqual({ apikey_1: 10, apikey_2: 0 });
  expect(await cycle()).toEqual({ apikey_1: 10, apikey_2: 0 });
  scrape();
  use('apikey_2', 2);
  expect(await cycle()).toEqual({ apikey_1: 10, apikey_2: 7 });
});

test('a scrape that ends when its cycle is past acknowledges nothing', async () => {
  const { agent, collected, use, cycle } = await start();
  const [before] = collected;
  use('apikey_2', 5);
  await cycle();
  if (before !== undefined) agent.scraped(before);
  expect(await cycle()).toEqual({ apikey_1: 10, apikey_2: 0 });
});
