import { type AttributeSet, attributeSet } from '../../model/attributes.ts';
import { SourceError } from '../../model/source-error.ts';
import { attributeText } from '../fields.ts';
import type { PageColumns } from './columns.ts';

/**
 * The ids of every combination of a page as attributes, in small steps. Text is cleaned here, once for each that is distinct: a
 * worker does not know this process's secrets.
 * @param fields the shape's {@link RowShape.ids}, which become attributes of the same name.
 * @param nulls what a null stands for; where nothing is said it has no attribute.
 * @throws {SourceError} `schema` for an id of which nothing can be printed: its rows would pass for those without one.
 */
export function* idSets(
  { texts, combinations }: PageColumns,
  fields: readonly string[],
  nulls: Readonly<Record<string, string>>,
): Generator<void, readonly AttributeSet[]> {
  const columns: { field: string; index: number; values: (string | undefined)[] }[] = [];
  for (const [index, field] of fields.entries()) {
    const values: (string | undefined)[] = [nulls[field]];
    for (const text of texts[index] ?? []) {
      values.push(idOf(text, field));
      yield;
    }
    columns.push({ field, index, values });
  }
  // So none of the sets has to be sorted.
  columns.sort((a, b) => (a.field < b.field ? -1 : 1));
  const sets: AttributeSet[] = [];
  // Without any field there is one combination, the empty one.
  const count = fields.length === 0 ? 1 : combinations.length / fields.length;
  for (let first = 0; sets.length < count; first += fields.length) {
    const ids: Record<string, string | undefined> = {};
    for (const { field, index, values } of columns) ids[field] = values[combinations[first + index] ?? 0];
    sets.push(attributeSet(ids));
    yield;
  }
  return sets;
}

function idOf(text: string, field: string): string {
  const id = attributeText(text);
  if (id === undefined) throw new SourceError('schema', `the report has a row whose ${field} cannot be read`);
  return id;
}
