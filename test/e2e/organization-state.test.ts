import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { OrganizationWorld } from '../support/organization.ts';
import { startChargedOrganization } from './support/agent.ts';
import { type Charges, difference } from './support/charges.ts';
import { type Collector, startCollector, startShippedCollector } from './support/collector.ts';
import { acrossPeriods, deltaTotals } from './support/delta-totals.ts';
import { startPrometheus } from './support/prometheus.ts';
import { arrived, scrapedTotals } from './support/scraped-totals.ts';

const midnight = new Date('2027-01-01T00:00:00Z');
const beforeMidnight = (ms: number): Date => new Date(midnight.getTime() - ms);

function stateFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'state-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('with STATE_DIR nothing falls, and no rise is missed, while an agent is down', { timeout: 120_000 }, async () => {
  const organization = await startChargedOrganization(beforeMidnight(8 * 60_000));
  const { charges, clock } = organization;
  const collector = await startShippedCollector();
  const prometheus = await startPrometheus(collector.scrapePort);
  const state = { STATE_DIR: stateFolder() };
  charges.charge({ key: 'pipeline', uncachedInput: 5_000_000_000, webSearches: 40, microCents: 900_000_000n });
  const before = charges.amounts;

  const first = organization.startAgent(collector.grpcPort, state);
  await arrived(prometheus, charges);
  const restated = clock.now();
  charges.charge({ key: 'pipeline', at: restated, uncachedInput: 1_000, webSearches: 10, microCents: 1_000n });
  await arrived(prometheus, charges);
  first.child.kill('SIGTERM');
  expect((await first.ended).code).toBe(0);

  // While it is down the report takes something back, and a key is used for the first time.
  charges.charge({ key: 'pipeline', at: restated, shownAt: clock.now(), uncachedInput: -300, webSearches: -4, microCents: -300n });
  charges.charge({ key: 'notebook', output: 211, microCents: 211n });
  const second = organization.startAgent(collector.grpcPort, state);
  const debt = 'claude_usage_metrics_ledger_debt_tokens{report="anthropic-usage"}';
  await expect.poll(async () => (await prometheus.query(debt)).map(({ value }) => value), { timeout: 30_000 }).toEqual([300]);
  await arrived(prometheus, charges);
  charges.charge({ key: 'pipeline', at: restated, shownAt: clock.now(), uncachedInput: 500, webSearches: 5, microCents: 500n });
  await arrived(prometheus, charges);
  second.child.kill('SIGKILL');
  await second.ended;

  // While it is down a month ends, and the next begins for a key that is known and for one that is not.
  charges.charge({ key: 'notebook', at: beforeMidnight(1_000), output: 223, microCents: 223n });
  clock.set(new Date(midnight.getTime() + 60_000));
  charges.charge({ key: 'notebook', output: 227, webSearches: 2, microCents: 227n });
  charges.charge({ key: 'helpdesk', model: 'claude-opus-5', cacheRead: 229, microCents: 229n });
  const third = organization.startAgent(collector.grpcPort, state);
  await arrived(prometheus, charges);
  third.child.kill('SIGTERM');
  expect((await third.ended).code).toBe(0);

  const { rises, falls, origins } = await scrapedTotals(prometheus);
  expect(falls).toEqual([]);
  expect(rises).toEqual(difference(charges.amounts, before));
  expect(origins.size).toBe(1);
});

test('delta: what the Collector writes adds up to what was charged, while agent or Collector are down', { timeout: 120_000 }, async () => {
  const organization = await startChargedOrganization(beforeMidnight(8 * 60_000));
  const { world, charges, clock } = organization;
  const collectors = [await startCollector()];
  const [{ grpcPort }] = collectors as [Collector];
  const settings = { STATE_DIR: stateFolder(), OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta' };
  charges.charge({ key: 'pipeline', at: new Date('2026-12-03T04:05:06Z'), uncachedInput: 5_000_000_000, webSearches: 40, microCents: 900_000_000n });
  const before = charges.amounts;

  const first = organization.startAgent(grpcPort, settings);
  await vi.waitUntil(() => collectors[0]?.requests().length, { timeout: 30_000 });
  const restated = clock.now();
  charges.charge({ key: 'pipeline', at: restated, uncachedInput: 101, output: 103, webSearches: 1, microCents: 101n });
  charges.charge({ key: 'bot', cacheWrite5m: 107, cacheWrite1h: 109, microCents: 107n });
  await written(collectors, charges, before);
  first.child.kill('SIGTERM');
  expect((await first.ended).code).toBe(0);

  // While it is down the report takes something back: what is used from then on pays that first.
  charges.charge({ key: 'pipeline', at: restated, shownAt: clock.now(), output: -60, microCents: -60n });
  charges.charge({ key: 'notebook', output: 127, microCents: 127n });
  const second = organization.startAgent(grpcPort, settings);
  await readTimes(world, 3);
  charges.charge({ key: 'pipeline', uncachedInput: 113, output: 80, webSearches: 2, microCents: 113n });
  await written(collectors, charges, before);

  // What was in flight when the Collector went, and what grows while it is gone.
  charges.charge({ key: 'bot', output: 131, microCents: 131n });
  await collectors[0]?.stop();
  await readTimes(world, 2);
  charges.charge({ key: 'pipeline', uncachedInput: 137, microCents: 137n });
  charges.charge({ key: 'helpdesk', cacheRead: 139, webSearches: 3, microCents: 139n });
  await readTimes(world, 2);
  collectors.push(await startCollector({ grpcPort }));
  await written(collectors, charges, before);

  second.child.kill('SIGKILL');
  await second.ended;
  charges.charge({ key: 'notebook', output: 149, microCents: 149n });
  const third = organization.startAgent(grpcPort, settings);
  await written(collectors, charges, before);
  clock.set(beforeMidnight(2_000));
  charges.charge({ key: 'helpdesk', cacheRead: 151, microCents: 151n });
  await vi.waitUntil(() => clock.now() > midnight, { timeout: 10_000 });
  charges.charge({ key: 'helpdesk', cacheRead: 157, webSearches: 4, microCents: 157n });
  await written(collectors, charges, before);
  third.child.kill('SIGTERM');
  expect((await third.ended).code).toBe(0);
  for (const collector of collectors) await collector.stop();

  const { sums, faults } = deltaTotals(collectors.flatMap((collector) => collector.requests()));
  expect(faults).toEqual([]);
  expect(sums).toEqual(acrossPeriods(difference(charges.amounts, before)));
});

/** Waits until what the Collectors wrote adds up to what was charged since. */
async function written(collectors: readonly Collector[], { amounts }: Charges, before: Charges['amounts']): Promise<void> {
  const charged = acrossPeriods(difference(amounts, before));
  const sums = (): unknown => deltaTotals(collectors.flatMap((collector) => collector.requests())).sums;
  await vi.waitFor(() => expect(sums()).toEqual(charged), { timeout: 30_000, interval: 100 });
}

/** Waits until the usage report was asked for so many times more: that many cycles went by. */
async function readTimes(world: OrganizationWorld, times: number): Promise<void> {
  world.requests();
  let count = 0;
  await vi.waitUntil(() => (count += world.requests().filter((path) => path.startsWith('usage_report/messages')).length) >= times, { timeout: 30_000 });
}
