import { attributeSet } from '../../model/attributes.ts';
import { parseCents } from '../../model/money.ts';
import type { Cell } from '../../model/report.ts';
import { SourceError } from '../../model/source-error.ts';
import type { CellsOfRows, PageReader } from './buckets.ts';
import type { RowShape } from './columns.ts';
import { idSets } from './ids.ts';

/** What a cost row is told apart by; the description is free text and is not. */
const dimensions = ['model', 'cost_type', 'token_type', 'service_tier', 'context_window', 'inference_geo', 'workspace_id'] as const;

/** Rows of `cost_report`; the amount is decimal text in cents. */
export const costShape: RowShape = {
  report: 'the cost report',
  ids: dimensions,
  counts: [],
  amount: 'amount',
  always: { currency: 'USD' },
};

/**
 * Makes the cells of pages of {@link costShape}. Rows that share an identity are added by the ledger.
 * @throws {SourceError} `schema` for an amount that is no decimal.
 */
export function costReader(): PageReader {
  return function* (page): Generator<unknown, CellsOfRows> {
    const values: bigint[] = [];
    for (const amount of page.amounts) {
      const value = parseCents(amount);
      if (value === undefined) throw new SourceError('schema', 'the cost report has an amount that is no decimal number');
      values.push(value);
      yield;
    }
    const ids = yield* idSets(page, dimensions, { workspace_id: 'default' });
    const { combinationOf, amountOf } = page;
    return function* (bucketStart, firstRow, endRow): Generator<Cell> {
      for (let row = firstRow; row < endRow; row++) {
        const attributes = ids[combinationOf[row] ?? 0] ?? attributeSet({});
        yield { metric: 'claude.cost', bucketStart, attributes, value: values[amountOf[row] ?? 0] ?? 0n };
      }
    };
  };
}
