import { attributeSet } from '../../model/attributes.ts';
import type { Cell } from '../../model/report.ts';
import { SourceError } from '../../model/source-error.ts';
import { cleanText } from '../../model/text.ts';
import type { UsageDimension } from '../../model/usage-dimensions.ts';
import { objectOf, textOf } from '../fields.ts';
import type { Bucket } from './buckets.ts';

/** What a null stands for although it was grouped by; of the others nothing is said. */
const nulls: Readonly<Partial<Record<UsageDimension, string>>> = { api_key_id: 'console', workspace_id: 'default' };

const tokenFields = [
  { path: ['uncached_input_tokens'], type: 'input' },
  { path: ['output_tokens'], type: 'output' },
  { path: ['cache_read_input_tokens'], type: 'cache_read' },
  { path: ['cache_creation', 'ephemeral_5m_input_tokens'], type: 'cache_creation', cache_ttl: '5m' },
  { path: ['cache_creation', 'ephemeral_1h_input_tokens'], type: 'cache_creation', cache_ttl: '1h' },
] as const;

/**
 * Rows of `usage_report/messages` as cells.
 * @throws {SourceError} `schema` for a count that is missing, negative, fractional or beyond 2^53: no report is better
 *   than a wrong one.
 */
export function usageCells(buckets: readonly Bucket[], dimensions: readonly UsageDimension[]): Cell[] {
  const cells: Cell[] = [];
  for (const { start, rows } of buckets) {
    for (const row of rows) {
      const ids = idsOf(row, dimensions);
      for (const { path, ...kind } of tokenFields) {
        const value = countAt(row, path);
        if (value > 0n) cells.push({ metric: 'claude.tokens', bucketStart: start, attributes: attributeSet({ ...ids, ...kind }), value });
      }
      const searches = countAt(row, ['server_tool_use', 'web_search_requests']);
      if (searches > 0n) {
        cells.push({ metric: 'claude.web_searches', bucketStart: start, attributes: attributeSet(ids), value: searches });
      }
    }
  }
  return cells;
}

function idsOf(row: ReadonlyMap<string, unknown>, dimensions: readonly UsageDimension[]): Record<string, string | undefined> {
  const ids: Record<string, string | undefined> = {};
  for (const dimension of dimensions) {
    const value = row.get(dimension);
    const id = value === null || value === undefined ? nulls[dimension] : textOf(value);
    if (id === undefined && value !== null && value !== undefined) throw unreadable(dimension);
    ids[dimension] = id === undefined ? undefined : cleanText(id);
  }
  return ids;
}

function countAt(row: ReadonlyMap<string, unknown>, path: readonly string[]): bigint {
  let value: unknown = row.get(path[0] ?? '');
  for (const key of path.slice(1)) value = objectOf(value)?.get(key);
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw unreadable(path.join('.'));
  return BigInt(value);
}

function unreadable(field: string): SourceError {
  return new SourceError('schema', `the usage report has a row whose ${field} cannot be read`);
}
