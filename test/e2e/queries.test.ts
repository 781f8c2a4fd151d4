import { expect, test } from 'vitest';
import { startChargedOrganization } from './support/agent.ts';
import { startShippedCollector } from './support/collector.ts';
import { startPrometheus } from './support/prometheus.ts';
import { about, answers, isOfAnalytics, lookedAt, queriesOfThePage } from './support/queries.ts';
import { arrived } from './support/scraped-totals.ts';

const dollar = 100_000_000n;

test('the queries for users answer what was charged since the agent ran, and what a month was charged in all', { timeout: 120_000 }, async () => {
  const organization = await startChargedOrganization(new Date('2026-12-15T10:11:12Z'));
  const { world, charges } = organization;
  const collector = await startShippedCollector();
  const prometheus = await startPrometheus(collector.scrapePort);
  charges.charge({ key: 'pipeline', at: new Date('2026-12-01T00:00:00Z'), uncachedInput: 7_000_000, microCents: 700n * dollar });
  charges.charge({ key: 'helpdesk', model: 'claude-haiku-5', uncachedInput: 3_000_000, microCents: 300n * dollar });
  const agent = organization.startAgent(collector.grpcPort);
  await arrived(prometheus, charges);

  charges.charge({ key: 'pipeline', uncachedInput: 40_000, cacheRead: 120_000, microCents: 4n * dollar });
  charges.charge({ key: 'pipeline', model: 'claude-opus-5', output: 10_000, microCents: 2n * dollar });
  charges.charge({ key: 'notebook', output: 20_000, microCents: dollar / 2n });
  charges.charge({ key: 'helpdesk', model: 'claude-haiku-5', cacheWrite5m: 3_000, cacheWrite1h: 2_000, microCents: dollar / 4n });
  charges.charge({ key: 'bot', uncachedInput: 60_000, microCents: dollar / 8n });
  charges.charge({ output: 1_000, microCents: dollar / 16n });
  await arrived(prometheus, charges);
  await Promise.all(['claude_tokens_total', 'claude_cost_USD_total'].map((metric) => lookedAt(prometheus, metric)));

  const queries = [...queriesOfThePage()].filter(([, query]) => !isOfAnalytics(query));
  const byKey = [
    [{ api_key_id: 'apikey_1', api_key_name: 'pipeline' }, about(170_000)],
    [{ api_key_id: 'apikey_2', api_key_name: 'bot' }, about(60_000)],
    [{ api_key_id: 'apikey_3', api_key_name: 'notebook' }, about(20_000)],
    [{ api_key_id: 'apikey_4', api_key_name: 'helpdesk' }, about(5_000)],
    [{ api_key_id: 'console' }, about(1_000)],
  ];
  const bill = [
    [{ workspace_id: 'default' }, 0.1875],
    [{ workspace_id: 'wrkspc_1' }, 706.5],
    [{ workspace_id: 'wrkspc_2' }, 300.25],
  ];
  const ofModels = [
    [{ model: 'claude-haiku-5' }, 3_005_000],
    [{ model: 'claude-opus-5' }, 10_000],
    [{ model: 'claude-sonnet-5' }, 241_000],
  ];
  const exact = {
    'Tokens today': ofModels,
    'A month’s tokens by model': [...ofModels.slice(0, 2), [{ model: 'claude-sonnet-5' }, 7_241_000]],
    'A month’s bill by workspace': bill,
  };
  expect(await answers(prometheus, queries)).toEqual({
    ...exact,
    'Tokens by model': [
      [{ model: 'claude-haiku-5' }, about(5_000)],
      [{ model: 'claude-opus-5' }, about(10_000)],
      [{ model: 'claude-sonnet-5' }, about(241_000)],
    ],
    'Tokens by owner': [
      [{}, about(61_000)],
      [{ owner_email: 'ada@example.com' }, about(170_000)],
      [{ owner_email: 'grace@example.com' }, about(25_000)],
    ],
    'Tokens by key': byKey,
    'Top users': [
      [{ owner_email: 'ada@example.com' }, about(170_000)],
      [{ owner_email: 'grace@example.com' }, about(25_000)],
    ],
    'Top keys': byKey,
    'Cost by workspace': [
      [expect.objectContaining({ workspace_id: 'default' }), about(0.1875)],
      [{ workspace_id: 'wrkspc_1', workspace_name: 'Research' }, about(6.5)],
      [{ workspace_id: 'wrkspc_2', workspace_name: 'Support' }, about(0.25)],
    ],
    'Cost by model': [
      [{ model: 'claude-haiku-5' }, about(0.25)],
      [{ model: 'claude-opus-5' }, about(2)],
      [{ model: 'claude-sonnet-5' }, about(4.6875)],
    ],
    'Share of the input that came from the cache': [[{}, about(120 / 225)]],
  });

  // Names are read at the start: the series of the old names are still there when those of the new ones come.
  agent.child.kill('SIGTERM');
  await agent.ended;
  for (const named of [...world.organization.workspaces, ...world.organization.keys, ...world.organization.users]) named.name = `New ${named.name}`;
  organization.startAgent(collector.grpcPort);
  await expect.poll(() => prometheus.query('claude_cost_USD_total{workspace_name="New Support"}'), { timeout: 30_000 }).toHaveLength(1);
  await expect.poll(() => prometheus.query('claude_tokens_total{api_key_name="New pipeline"}'), { timeout: 30_000 }).not.toEqual([]);
  expect(await prometheus.query('claude_tokens_total{api_key_name="pipeline"}')).not.toEqual([]);
  const values = queries.filter(([, query]) => !query.includes('increase('));
  expect(values.map(([heading]) => heading)).toEqual(Object.keys(exact));
  expect(await answers(prometheus, values)).toEqual(exact);
});
