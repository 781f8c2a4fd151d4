import type { ReadContext } from '../../model/reading.ts';
import { attributeText, objectOf } from '../fields.ts';
import type { AnthropicClient } from './client.ts';
import { allRows, idPage } from './pages.ts';

/** An element of a list with its fields. */
export type ListRow = ReadonlyMap<string, unknown>;

/** A list of the Admin API whose elements have ids. */
export interface ListQuery<T> {
  /** Path below `/v1/`. */
  readonly path: string;
  /** What each element says of itself: `api_key`. Anything else is no element of this list. */
  readonly type: string;
  /** Query beside paging, such as `include_archived=true`. */
  readonly filter?: string;
  readonly entry: (row: ListRow) => T;
}

/** A whole list by id; all of its pages or none. @throws {SourceError} */
export async function readList<T>(client: AnthropicClient, { path, type, filter, entry }: ListQuery<T>, context: ReadContext): Promise<ReadonlyMap<string, T>> {
  const rows = await allRows(path, async (cursor) => {
    const query = new URLSearchParams(filter);
    query.set('limit', '1000');
    if (cursor !== undefined) query.set('after_id', cursor);
    return idPage(await client.get(path, query, context), path);
  });
  const entries = new Map<string, T>();
  for (const row of rows) {
    const fields = objectOf(row);
    const id = attributeText(fields?.get('id'));
    if (fields === undefined || id === undefined || (fields.get('type') ?? type) !== type) continue;
    entries.set(id, entry(fields));
  }
  return entries;
}

/** Name of an element; left out where it has none. */
export function nameOf(row: ListRow): { readonly name?: string } {
  const name = attributeText(row.get('name'));
  return name === undefined ? {} : { name };
}
