import { type AttributeSet, attributeSet } from '../../model/attributes.ts';
import type { Cell } from '../../model/report.ts';
import type { UsageDimension } from '../../model/usage-dimensions.ts';
import type { CellsOfRows, PageReader } from './buckets.ts';
import type { PageColumns, RowShape } from './columns.ts';
import { idSets } from './ids.ts';

/** What a null stands for although it was grouped by; of the others nothing is said. */
const nulls: Readonly<Partial<Record<UsageDimension, string>>> = { api_key_id: 'console', workspace_id: 'default' };

/** The counts of a row, each with its metric and what it is told apart by beside the row's ids. */
const countFields = [
  { path: ['uncached_input_tokens'], metric: 'claude.tokens', kind: { type: 'input' } },
  { path: ['output_tokens'], metric: 'claude.tokens', kind: { type: 'output' } },
  { path: ['cache_read_input_tokens'], metric: 'claude.tokens', kind: { type: 'cache_read' } },
  { path: ['cache_creation', 'ephemeral_5m_input_tokens'], metric: 'claude.tokens', kind: { type: 'cache_creation', cache_ttl: '5m' } },
  { path: ['cache_creation', 'ephemeral_1h_input_tokens'], metric: 'claude.tokens', kind: { type: 'cache_creation', cache_ttl: '1h' } },
  { path: ['server_tool_use', 'web_search_requests'], metric: 'claude.web_searches', kind: {} },
] as const;

/** Rows of `usage_report/messages`; what is not grouped by is not looked at. */
export function usageShape(dimensions: readonly UsageDimension[]): RowShape {
  return { report: 'the usage report', ids: dimensions, counts: countFields.map(({ path }) => path) };
}

/** Sets by field of {@link countFields}, for one combination of ids; each is made when it is first needed. */
type KindSets = (AttributeSet | undefined)[];

/** Makes the cells of pages of {@link usageShape}; remembers the attribute sets it has made. */
export function usageReader(dimensions: readonly UsageDimension[]): PageReader {
  const known = new Map<AttributeSet, KindSets>();
  return function* (page) {
    const ids = yield* idSets(page, dimensions, nulls);
    const kinds = ids.map((set): KindSets => {
      let sets = known.get(set);
      if (sets === undefined) known.set(set, (sets = Array.from(countFields, () => undefined)));
      return sets;
    });
    return cellsOf(page, ids, kinds);
  };
}

function cellsOf({ combinationOf, counts }: PageColumns, ids: readonly AttributeSet[], kinds: readonly KindSets[]): CellsOfRows {
  return function* (bucketStart, firstRow, endRow): Generator<Cell> {
    for (let row = firstRow; row < endRow; row++) {
      const combination = combinationOf[row] ?? 0;
      const sets = kinds[combination] ?? [];
      for (const [field, { metric, kind }] of countFields.entries()) {
        const value = counts[field]?.[row] ?? 0;
        if (value === 0) continue;
        const attributes = (sets[field] ??= attributeSet({ ...ids[combination], ...kind }));
        yield { metric, bucketStart, attributes, value: BigInt(value) };
      }
    }
  };
}
