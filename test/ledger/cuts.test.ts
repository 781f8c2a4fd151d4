import { expect, test } from 'vitest';
import { Ledger } from '../../src/ledger/ledger.ts';
import { attributeSet } from '../../src/model/attributes.ts';
import { dayMs } from '../../src/model/calendar.ts';
import type { Report } from '../../src/model/report.ts';
import { atOnce } from '../support/steps.ts';

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
  const ledger = new Ledger({ cuts: true, firstZeros: true });
  atOnce(ledger.apply(report('2026-11-20', 5n, 1n)));
  expect(atOnce(ledger.cut())).toEqual([]);
  atOnce(ledger.apply(report('2026-11-20', 100n, 1n)));
  // Two days later the 20th is final.
  atOnce(ledger.apply(report('2026-11-21', 7n, 110n)));
  atOnce(ledger.apply(report('2026-11-22', 2n, 8n)));
  expect(atOnce(ledger.cut())).toEqual([{ metric: 'claude.analytics.code.sessions', attributes: session, value: 105n + 8n + 2n }]);
  expect(atOnce(ledger.cut())).toEqual([]);
});
