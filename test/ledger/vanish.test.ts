import { expect, test } from 'vitest';
import { Ledger } from '../../src/ledger/ledger.ts';
import { attributeSet } from '../../src/model/attributes.ts';
import { dayMs } from '../../src/model/calendar.ts';
import type { Cell } from '../../src/model/report.ts';
import { atOnce } from '../support/steps.ts';

const startMs = Date.parse('2026-11-01T00:00:00Z');
const key = attributeSet({ api_key_id: 'k1' });

function apply(ledger: Ledger, cells: readonly Cell[]): void {
  const report = { id: 'anthropic-usage', grouping: 'api_key_id', from: new Date(startMs), to: new Date(startMs + dayMs), cells } as const;
  atOnce(ledger.apply(report));
}

test('a row that is gone from the report is gone from the sum, and what was exported of it is debt', () => {
  const ledger = new Ledger();
  apply(ledger, [{ metric: 'claude.tokens', bucketStart: new Date(startMs), attributes: key, value: 7n }]);
  expect([...ledger.totals()].map(({ value, debt }) => [value, debt])).toEqual([[7n, 0n]]);
  apply(ledger, []);
  expect([...ledger.totals()].map(({ value, debt }) => [value, debt])).toEqual([[7n, 7n]]);
});
