import { expect, onTestFinished, test, vi } from 'vitest';
import { type ChargedOrganization, startChargedOrganization } from './support/agent.ts';
import { difference } from './support/charges.ts';
import { startShippedCollector } from './support/collector.ts';
import { startPrometheus } from './support/prometheus.ts';
import { arrived, scrapedTotals } from './support/scraped-totals.ts';

const midnight = new Date('2027-01-01T00:00:00Z');

/** Charges that go on, for series that are known from the start: one of them has something new in each cycle. */
function goOn({ charges }: ChargedOrganization): { stop(): void } {
  let count = 0;
  const timer = setInterval(() => {
    count += 1;
    charges.charge({ key: 'pipeline', uncachedInput: count, output: 7, microCents: 12_345n });
  }, 130);
  const stop = (): void => clearInterval(timer);
  onTestFinished(stop);
  return { stop };
}

test('every rise that Prometheus sees was charged, through a restart, a kill and a year’s end, and nothing else', { timeout: 120_000 }, async () => {
  const organization = await startChargedOrganization(new Date(midnight.getTime() - 8 * 60_000));
  const { charges, clock } = organization;
  const collector = await startShippedCollector();
  const prometheus = await startPrometheus(collector.scrapePort);
  charges.charge({ key: 'pipeline', at: new Date('2026-12-03T04:05:06Z'), uncachedInput: 1_000_000_007, output: 31, cacheRead: 5, microCents: 1n });
  charges.charge({ key: 'pipeline', at: new Date('2026-12-30T23:59:59Z'), model: 'claude-opus-5', cacheWrite5m: 11, cacheWrite1h: 13, microCents: 625n });
  charges.charge({ key: 'bot', webSearches: 3, output: 17, microCents: 2_000_000n });
  const before = charges.amounts;

  const first = organization.startAgent(collector.grpcPort);
  await arrived(prometheus, charges);
  const going = goOn(organization);
  // Series that are new: one of a key, one of a model, one of the console.
  charges.charge({ key: 'notebook', uncachedInput: 101, webSearches: 1, microCents: 50_000_001n });
  charges.charge({ key: 'bot', model: 'claude-haiku-5', output: 103, microCents: 1n });
  charges.charge({ cacheRead: 107, microCents: 3n });
  await arrived(prometheus, charges);

  first.child.kill('SIGTERM');
  const stopped = await first.ended;
  charges.charge({ key: 'notebook', uncachedInput: 109, webSearches: 2 });
  const second = organization.startAgent(collector.grpcPort);
  await arrived(prometheus, charges);

  second.child.kill('SIGKILL');
  await second.ended;
  charges.charge({ key: 'bot', output: 113, webSearches: 5, microCents: 7n });
  const third = organization.startAgent(collector.grpcPort);
  await arrived(prometheus, charges);

  clock.set(new Date(midnight.getTime() - 2_000));
  charges.charge({ key: 'helpdesk', uncachedInput: 127, microCents: 11n });
  await vi.waitUntil(() => clock.now() > midnight, { timeout: 10_000 });
  charges.charge({ key: 'helpdesk', uncachedInput: 131, webSearches: 1, microCents: 13n });
  await arrived(prometheus, charges);
  // Late data of the old year, and the new year goes on.
  charges.charge({ key: 'notebook', at: new Date('2026-12-31T22:00:00Z'), shownAt: clock.now(), uncachedInput: 137, microCents: 17n });
  charges.charge({ key: 'helpdesk', uncachedInput: 139, webSearches: 4, microCents: 19n });
  going.stop();
  await arrived(prometheus, charges);
  third.child.kill('SIGTERM');
  const ended = await third.ended;

  const { rises, falls, origins } = await scrapedTotals(prometheus);
  expect(falls).toEqual([]);
  expect(rises).toEqual(difference(charges.amounts, before));
  expect(origins.size).toBe(1);
  expect([stopped.code, ended.code]).toEqual([0, 0]);
  expect(stopped.stderr + ended.stderr).not.toMatch(/"level":"(warn|error)"/);
});
