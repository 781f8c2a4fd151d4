import { expect, test } from 'vitest';
import { Ledger, type LedgerOptions } from '../../src/ledger/ledger.ts';
import { attributeSet } from '../../src/model/attributes.ts';
import { dayMs } from '../../src/model/calendar.ts';
import type { Report } from '../../src/model/report.ts';
import { sentLines, sentTotals } from '../../src/state/sent-lines.ts';
import { atOnce } from '../support/steps.ts';

const options: LedgerOptions = { cuts: true, tells: { pushed: false, scraped: false }, firstZeros: true };
const session = attributeSet({ actor_type: 'user_actor' });

/** What Claude Code's report says on a day of it and of the day before. */
function report(day: string, ofDay: bigint, ofDayBefore: bigint): Report {
  const startMs = Date.parse(day);
  const cell = (ms: number, value: bigint): Report['cells'] => [{ metric: 'claude.analytics.code.sessions', bucketStart: new Date(ms), attributes: session, value }];
  return {
    id: 'anthropic-claude-code',
    grouping: 'actor_type',
    from: new Date(startMs - dayMs),
    to: new Date(startMs + dayMs),
    cells: [...cell(startMs - dayMs, ofDayBefore), ...cell(startMs, ofDay)],
  };
}

test('growth that is known when its period becomes final is in the next cut, however long the last one was on its way', () => {
  const ledger = new Ledger(options);
  atOnce(ledger.apply(report('2026-11-20', 5n, 1n)));
  expect(atOnce(ledger.cut())).toEqual([]);
  atOnce(ledger.apply(report('2026-11-20', 100n, 1n)));
  // Two days later the 20th is final.
  atOnce(ledger.apply(report('2026-11-21', 7n, 110n)));
  atOnce(ledger.apply(report('2026-11-22', 2n, 8n)));
  expect(atOnce(ledger.cut())).toEqual([{ metric: 'claude.analytics.code.sessions', attributes: session, value: 105n + 8n + 2n }]);
  expect(atOnce(ledger.cut())).toEqual([]);
});

/** Another process goes on from what this one keeps. */
async function restarted(ledger: Ledger): Promise<Ledger> {
  const { reports, series } = await sentTotals([...sentLines({ account: 'default', reports: ledger.sentReports(), series: ledger.sentSeries() })]);
  const next = new Ledger(options);
  next.restore(reports, series);
  return next;
}

const growthOf = (ledger: Ledger): bigint => atOnce(ledger.cut()).reduce((sum, { value }) => sum + value, 0n);

const days = [report('2026-11-20', 100n, 1n), report('2026-11-21', 7n, 110n), report('2026-11-22', 2n, 8n), report('2026-11-23', 0n, 4n)];

test.each([[[0]], [[1]], [[2]], [[3]], [[0, 1, 2, 3]], [[2, 2]]])('so it is over restarts, after the reports %j', async (restarts) => {
  let ledger = new Ledger(options);
  atOnce(ledger.apply(report('2026-11-20', 5n, 1n)));
  expect(growthOf(ledger)).toBe(0n);
  for (const [index, next] of days.entries()) {
    atOnce(ledger.apply(next));
    for (const after of restarts) if (after === index) ledger = await restarted(ledger);
  }
  // The last report has nothing new: a restart after it is no other than one before it.
  atOnce(ledger.apply(report('2026-11-23', 0n, 4n)));
  expect(growthOf(ledger)).toBe(105n + 8n + 4n);
  expect(growthOf(await restarted(ledger))).toBe(0n);
});

test('growth that was known when the process ended is in a cut, though its period became final before the next began', async () => {
  const first = new Ledger(options);
  atOnce(first.apply(report('2026-11-20', 5n, 1n)));
  const { version } = first;
  atOnce(first.apply(report('2026-11-20', 100n, 3n)));
  expect(first.version).not.toBe(version);
  const second = await restarted(await restarted(first));
  atOnce(second.apply(report('2026-11-30', 7n, 0n)));
  expect(growthOf(second)).toBe(2n + 95n + 7n);
  expect(growthOf(second)).toBe(0n);
});

test('a period that the next process reads anew is what it reads, less than was known too', async () => {
  const first = new Ledger(options);
  atOnce(first.apply(report('2026-11-20', 5n, 1n)));
  atOnce(first.apply(report('2026-11-20', 100n, 1n)));
  const second = await restarted(first);
  const { version } = second;
  atOnce(second.apply(report('2026-11-21', 0n, 60n)));
  expect(second.version).not.toBe(version);
  expect(growthOf(second)).toBe(55n);
});
