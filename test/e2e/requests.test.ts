import { expect, test } from 'vitest';
import { startChargedOrganization } from './support/agent.ts';
import { startShippedCollector } from './support/collector.ts';
import { type Prometheus, startPrometheus } from './support/prometheus.ts';
import { about, answers, isOfAnalytics, lookedAt, queriesOfThePage } from './support/queries.ts';

const dollar = 100_000_000n;
const sixHoursS = 6 * 3_600;

/** The limit of requests a minute lasts for the test. */
const intervals = { ANTHROPIC_USAGE_POLL_INTERVAL: '1m', ANTHROPIC_COST_POLL_INTERVAL: '1m', ANTHROPIC_SLOW_POLL_INTERVAL: '3s' };

test('the queries for requests and for cost by key answer what was used since the agent ran', { timeout: 120_000 }, async () => {
  const organization = await startChargedOrganization(new Date('2026-12-15T10:11:12Z'));
  const { world, charges } = organization;
  // The simulated export is made anew all the time, up to now.
  Object.assign(world.organization, { analyticsRefresh: { everyMs: 1_000, lagMs: 0 } });
  const collector = await startShippedCollector();
  const prometheus = await startPrometheus(collector.scrapePort);
  charges.charge({ key: 'pipeline', requests: 7_000, microCents: 700n * dollar });
  charges.charge({ key: 'helpdesk', requests: 3_000, microCents: 300n * dollar });
  organization.startAgent(collector.grpcPort, intervals);
  await shown(prometheus, 10_000, 1_000);

  charges.charge({ key: 'pipeline', requests: 40, microCents: 4n * dollar });
  charges.charge({ key: 'pipeline', model: 'claude-opus-5', requests: 20, microCents: 2n * dollar });
  charges.charge({ key: 'notebook', requests: 6, microCents: dollar / 2n });
  charges.charge({ key: 'helpdesk', requests: 3, microCents: dollar / 4n });
  charges.charge({ key: 'bot', requests: 30, microCents: dollar / 8n });
  await shown(prometheus, 10_099, 1_006.875);
  await Promise.all(['claude_requests_total', 'claude_api_key_cost_USD_total'].map((metric) => lookedAt(prometheus, metric)));

  const queries = [...queriesOfThePage()].filter(([, query]) => isOfAnalytics(query));
  expect(await answers(prometheus, queries)).toEqual({
    'Request rate by owner': [
      [{}, about(30 / sixHoursS)],
      [{ owner_email: 'ada@example.com' }, about(60 / sixHoursS)],
      [{ owner_email: 'grace@example.com' }, about(9 / sixHoursS)],
    ],
    'Cost by key': [
      [{ api_key_id: 'apikey_1', api_key_name: 'pipeline' }, about(6)],
      [{ api_key_id: 'apikey_2', api_key_name: 'bot' }, about(0.125)],
      [{ api_key_id: 'apikey_3', api_key_name: 'notebook' }, about(0.5)],
      [{ api_key_id: 'apikey_4', api_key_name: 'helpdesk' }, about(0.25)],
    ],
  });
});

/** Waits until Prometheus has these sums of all requests and of the cost of all keys. */
async function shown(prometheus: Prometheus, requests: number, dollars: number): Promise<void> {
  const sum = async (metric: string): Promise<number | undefined> => (await prometheus.query(`sum(${metric})`))[0]?.value;
  await expect
    .poll(async () => [await sum('claude_requests_total'), await sum('claude_api_key_cost_USD_total')], { timeout: 30_000 })
    .toEqual([requests, dollars]);
}
