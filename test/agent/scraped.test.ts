import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { status } from '@grpc/grpc-js';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Answer } from '../../src/demo/receiver.ts';
import { openTotalsState } from '../../src/state/totals-state.ts';
import { type TestAgent, agentOf } from '../support/agent.ts';
import { cleanup } from '../support/cleanup.ts';
import { startOrganizationRun } from '../support/organization.ts';

const after = cleanup();

interface Scraped {
  readonly agent: TestAgent;
  /** What scrapers get of the last cycle. */
  readonly scraped: () => ResourceMetrics | undefined;
  /** A use of a key, which the next report has. */
  readonly use: (apiKeyId: string, output: number) => void;
  /** The next cycle's tokens by key, as they are scraped. */
  readonly cycle: () => Promise<Readonly<Record<string, unknown>>>;
  /** The last cycle's, as the agent's own page is told. */
  readonly collected: () => Readonly<Record<string, unknown>>;
  /** The last that were pushed, whether they were taken or not. */
  readonly pushed: () => Readonly<Record<string, unknown>>;
  /** A scraper has all of the last cycle. */
  readonly scrape: () => void;
  /** What the backend does with a push. */
  backend: Answer;
  /** Ends the agent; another one goes on from the same folder. */
  readonly restart: () => Promise<void>;
}

const lost: Answer = { kind: 'refuse', code: status.UNAUTHENTICATED };

/** An agent of an organization that used its first key. */
async function start(settings: Readonly<Record<string, string>>): Promise<Scraped> {
  const run: { backend: Answer } = { backend: { kind: 'acknowledge' } };
  const { clock, world, last, settings: ofRun } = await startOrganizationRun(after, () => run.backend);
  const told: { readonly metrics: ResourceMetrics | undefined; readonly scraped: ResourceMetrics | undefined }[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'scraped-'));
  after(() => rm(folder, { recursive: true }));
  const open = async (): Promise<TestAgent> => {
    const state = await openTotalsState(folder, 'default');
    const made = agentOf(
      { ...ofRun, ...settings },
      { clock, state, watch: { collected: (metrics, _durationMs, scraped) => told.push({ metrics, scraped }), delivered: () => undefined } },
    );
    after(() => made.close());
    return made;
  };
  let agent = await open();
  const use = (apiKeyId: string, output: number): void => {
    world.organization.use({ atMs: clock.now().getTime() - 1, apiKeyId, workspaceId: null, output });
  };
  use('apikey_1', 10);
  await agent.start();
  return Object.assign(run, {
    agent,
    scraped: () => told.at(-1)?.scraped,
    use,
    async cycle() {
      await agent.nextPush();
      return tokensOf(told.at(-1)?.scraped);
    },
    collected: () => tokensOf(told.at(-1)?.metrics),
    pushed: () => Object.fromEntries(last('claude.tokens').map(({ attributes, value }) => [attributes['api_key_id'] ?? '', value])),
    scrape() {
      const newest = told.at(-1)?.scraped;
      if (newest !== undefined) agent.scraped(newest);
    },
    async restart() {
      await agent.stop();
      agent = await open();
      await agent.start();
    },
  });
}

function tokensOf(metrics: ResourceMetrics | undefined): Readonly<Record<string, unknown>> {
  const points = metrics?.scopeMetrics.flatMap((scope) => scope.metrics).find(({ descriptor }) => descriptor.name === 'claude.tokens')?.dataPoints;
  return Object.fromEntries((points ?? []).map(({ attributes, value }) => [String(attributes['api_key_id']), value as unknown]));
}

const scrapedOnly = { OTEL_METRICS_EXPORTER: 'prometheus' };
const both = { OTEL_METRICS_EXPORTER: 'otlp,prometheus' };

test('where nothing is pushed a new series is 0 until a scraper has seen that', async () => {
  const { use, cycle, scrape } = await start(scrapedOnly);
  use('apikey_2', 5);
  expect(await cycle()).toEqual({ apikey_1: 10, apikey_2: 0 });
  expect(await cycle()).toEqual({ apikey_1: 10, apikey_2: 0 });
  scrape();
  use('apikey_2', 2);
  expect(await cycle()).toEqual({ apikey_1: 10, apikey_2: 7 });
});

test('who looks at the agent’s own page sees no zero that a scraper is owed', async () => {
  const { use, cycle, collected } = await start(scrapedOnly);
  use('apikey_2', 5);
  expect([await cycle(), collected()]).toEqual([{ apikey_1: 10, apikey_2: 0 }, { apikey_1: 10, apikey_2: 5 }]);
});

test('a scrape that ends when its cycle is past acknowledges nothing', async () => {
  const { agent, scraped, use, cycle } = await start(scrapedOnly);
  const before = scraped();
  use('apikey_2', 5);
  await cycle();
  if (before !== undefined) agent.scraped(before);
  expect(await cycle()).toEqual({ apikey_1: 10, apikey_2: 0 });
});

test('a backend that is down keeps no zero before scrapers, and has its own when it is back', async () => {
  const run = await start(both);
  const { use, cycle, pushed, scrape } = run;
  run.backend = lost;
  use('apikey_2', 5);
  expect(await cycle()).toEqual({ apikey_1: 10, apikey_2: 0 });
  scrape();
  use('apikey_2', 2);
  expect(await cycle()).toEqual({ apikey_1: 10, apikey_2: 7 });
  expect(pushed()).toEqual({ apikey_1: 10, apikey_2: 0 });
  use('apikey_1', 1);
  run.backend = { kind: 'acknowledge' };
  expect(await cycle()).toEqual({ apikey_1: 11, apikey_2: 7 });
  expect(pushed()).toEqual({ apikey_1: 11, apikey_2: 0 });
  const shown = await cycle();
  expect([shown, pushed()]).toEqual([{ apikey_1: 11, apikey_2: 7 }, { apikey_1: 11, apikey_2: 7 }]);
});

test('where nobody scrapes for a while the backend does not wait, and a scraper sees the zero first when it comes', async () => {
  const { use, cycle, pushed, scrape } = await start(both);
  use('apikey_2', 5);
  expect([await cycle(), pushed()]).toEqual([{ apikey_1: 10, apikey_2: 0 }, { apikey_1: 10, apikey_2: 0 }]);
  expect([await cycle(), pushed()]).toEqual([{ apikey_1: 10, apikey_2: 0 }, { apikey_1: 10, apikey_2: 5 }]);
  scrape();
  expect([await cycle(), pushed()]).toEqual([{ apikey_1: 10, apikey_2: 5 }, { apikey_1: 10, apikey_2: 5 }]);
});

test.each<['scraper' | 'backend', object]>([
  ['scraper', [{ apikey_1: 10, apikey_2: 5 }, { apikey_1: 10, apikey_2: 0 }]],
  ['backend', [{ apikey_1: 10, apikey_2: 0 }, { apikey_1: 10, apikey_2: 5 }]],
])('who has seen a zero sees none after a restart, and who has not still does: the %s has', async (who, expected) => {
  const run = await start(both);
  const { use, cycle, pushed, scrape, restart } = run;
  if (who === 'scraper') run.backend = lost;
  use('apikey_2', 5);
  await cycle();
  if (who === 'scraper') scrape();
  expect([await cycle(), pushed()]).toEqual(expected);
  await restart();
  expect(pushed()).toEqual(Object.values(expected)[1]);
  expect([await cycle(), pushed()]).toEqual(expected);
});

test('with delta a new series is 0 to scrapers until one has seen that, whatever becomes of its growth', async () => {
  const run = await start({ ...both, OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta' });
  const { use, cycle, pushed, scrape } = run;
  use('apikey_2', 5);
  expect([await cycle(), pushed()]).toEqual([{ apikey_1: 10, apikey_2: 0 }, { apikey_2: 5 }]);
  expect(await cycle()).toEqual({ apikey_1: 10, apikey_2: 0 });
  scrape();
  expect(await cycle()).toEqual({ apikey_1: 10, apikey_2: 5 });
});
