import { parseCents } from '../../model/money.ts';
import { attributeSet } from '../../model/attributes.ts';
import type { Cell } from '../../model/report.ts';
import { SourceError } from '../../model/source-error.ts';
import { cleanText } from '../../model/text.ts';
import { textOf } from '../fields.ts';
import type { Bucket } from './buckets.ts';

/** What a cost row is told apart by beside its workspace; the description is free text and is not. */
const dimensions = ['model', 'cost_type', 'token_type', 'service_tier', 'context_window', 'inference_geo'] as const;

/**
 * Rows of `cost_report` as cells; the amount is decimal text in cents. Rows that share an identity are added by the
 * ledger.
 * @throws {SourceError} `schema` for an amount that is no decimal, or a currency other than USD.
 */
export function costCells(buckets: readonly Bucket[]): Cell[] {
  return buckets.flatMap(({ start, rows }) =>
    rows.map((row): Cell => {
      const amount = row.get('amount');
      const value = typeof amount === 'string' ? parseCents(amount) : undefined;
      if (value === undefined) throw new SourceError('schema', 'the cost report has an amount that is no decimal number');
      if (row.get('currency') !== 'USD') throw new SourceError('schema', 'the cost report has a currency other than USD');
      const ids = Object.fromEntries(dimensions.map((dimension) => [dimension, optionalText(row.get(dimension), dimension)]));
      const workspace = optionalText(row.get('workspace_id'), 'workspace_id') ?? 'default';
      return { metric: 'claude.cost', bucketStart: start, attributes: attributeSet({ ...ids, workspace_id: workspace }), value };
    }),
  );
}

function optionalText(value: unknown, field: string): string | undefined {
  if (value === null || value === undefined) return undefined;
  const text = textOf(value);
  if (text === undefined) throw new SourceError('schema', `the cost report has a row whose ${field} cannot be read`);
  return cleanText(text);
}
