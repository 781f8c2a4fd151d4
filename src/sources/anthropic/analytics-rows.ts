import { type AttributeSet, attributeSet } from '../../model/attributes.ts';
import { parseCents } from '../../model/money.ts';
import type { Cell } from '../../model/report.ts';
import { SourceError } from '../../model/source-error.ts';
import { attributeText, objectOf, textInstants } from '../fields.ts';

type Fields = ReadonlyMap<string, unknown>;

/** How rows of the Usage and Cost Analytics API become cells. */
export interface AnalyticsRows {
  /** What the rows are told apart by (`group_by[]`). */
  readonly dimensions: readonly string[];
  /** The row's cell, without the row's identity; undefined when the row has no value. @throws {SourceError} `schema` */
  readonly cellOf: (row: Fields) => Pick<Cell, 'metric' | 'value'> | undefined;
}

/** What a page set was asked for. */
export interface AnalyticsSpan {
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  /** Length of a bucket. */
  readonly bucketMs: number;
  /** Id of the default workspace, which the usage report has no id for; undefined when it is not known. */
  readonly defaultWorkspace: string | undefined;
}

/** Requests of `analytics/usage`; a `requests` of null is no count. */
export const requestRows: AnalyticsRows = {
  dimensions: ['model', 'api_key_id', 'workspace_id', 'service_tier', 'context_window'],
  cellOf(row) {
    const value = objectOf(row.get('usage'))?.get('requests');
    if (value === null) return undefined;
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw unreadable('requests');
    return { metric: 'claude.requests', value: BigInt(value) };
  },
};

/** Cost of `analytics/cost`: decimal text in cents, after discounts and before credits. */
export const keyCostRows: AnalyticsRows = {
  dimensions: ['api_key_id', 'workspace_id'],
  cellOf(row) {
    const cost = objectOf(row.get('cost'));
    const amount = cost?.get('amount');
    const value = typeof amount === 'string' ? parseCents(amount) : undefined;
    if (value === undefined) throw unreadable('amount');
    if (cost?.get('currency') !== 'USD') throw new SourceError('schema', 'the Analytics API has a currency other than USD');
    return { metric: 'claude.api_key.cost', value };
  },
};

/**
 * The flat rows of a whole page set as cells, a row a step. There is one row for each bucket and combination that has any use: buckets
 * without are not there. Rows come in order of time, as they were asked for; one that comes too late, twice or from
 * outside of the span says that the pages do not belong together.
 * @throws {SourceError} `schema`
 */
export function* analyticsCells(
  rows: readonly unknown[],
  { dimensions, cellOf }: AnalyticsRows,
  span: AnalyticsSpan,
): Generator<void, Cell[]> {
  const cells: Cell[] = [];
  const instantOf = textInstants();
  // Rows of an earlier bucket do not come again.
  const seen = new Set<AttributeSet>();
  let bucketStart = new Date(span.fromMs);
  for (const one of rows) {
    const row = objectOf(one);
    if (row === undefined) throw new SourceError('schema', 'the Analytics API has a row that is no object');
    const startMs = bucketOf(row, span, instantOf);
    if (startMs < bucketStart.getTime()) throw new SourceError('schema', 'the Analytics API has rows that are not in order of time');
    if (startMs > bucketStart.getTime()) {
      bucketStart = new Date(startMs);
      seen.clear();
    }
    const attributes = attributeSet(idsOf(row, dimensions, span.defaultWorkspace));
    if (seen.has(attributes)) throw new SourceError('schema', 'the Analytics API has a row twice');
    seen.add(attributes);
    const cell = cellOf(row);
    if (cell !== undefined && cell.value !== 0n) cells.push({ ...cell, bucketStart, attributes });
    yield;
  }
  return cells;
}

/** Start of the row's bucket. */
function bucketOf(row: Fields, { fromMs, toMs, bucketMs }: AnalyticsSpan, instantOf: ReturnType<typeof textInstants>): number {
  const startMs = instantOf(row.get('starting_at'));
  const endMs = instantOf(row.get('ending_at'));
  if (startMs === undefined || endMs === undefined) throw unreadable('time');
  if (startMs % bucketMs !== 0 || endMs !== startMs + bucketMs) throw new SourceError('schema', 'the Analytics API has a row whose time is no whole bucket');
  if (startMs < fromMs || endMs > toMs) throw new SourceError('schema', 'the Analytics API has a row of a time that was not asked for');
  return startMs;
}

/** As the usage report has them: use without a key is `console`, the default workspace is `default`. */
function idsOf(row: Fields, dimensions: readonly string[], defaultWorkspace: string | undefined): Record<string, string | undefined> {
  const group = objectOf(row.get('group'));
  if (group === undefined) throw unreadable('group');
  return Object.fromEntries(
    dimensions.map((dimension) => {
      const value = group.get(dimension);
      if (value === null) return [dimension, dimension === 'api_key_id' ? 'console' : undefined];
      const id = attributeText(value);
      if (id === undefined) throw unreadable(dimension);
      return [dimension, dimension === 'workspace_id' && id === defaultWorkspace ? 'default' : id];
    }),
  );
}

function unreadable(field: string): SourceError {
  return new SourceError('schema', `the Analytics API has a row whose ${field} cannot be read`);
}
