import { SourceError } from '../../model/source-error.ts';
import { instantField, objectOf, textOf, valueOf } from '../fields.ts';
import { tokenPage } from './pages.ts';

/** Which fields of a report's rows are read, and as what. Data alone: it is sent to a worker. */
export interface RowShape {
  /** The report in messages, for example `the usage report`. */
  readonly report: string;
  /** Fields with text or null that rows are told apart by. */
  readonly ids: readonly string[];
  /** Paths of fields with whole numbers from 0 to 2^53 − 1. */
  readonly counts: readonly (readonly string[])[];
  /** Field with an amount as text. */
  readonly amount?: string;
  /** Fields that have this text in every row. */
  readonly always?: Readonly<Record<string, string>>;
}

/**
 * A page of a report of the usage or cost kind as columns: a row of a large page costs some ten bytes for each of its numbers, and
 * text that repeats is there once. It goes from a worker to the main thread without a copy.
 */
export interface PageColumns {
  /** Starts and ends of the buckets in the order of the page, in epoch milliseconds. */
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  /** How many rows each bucket has; its rows follow those of the bucket before it. */
  readonly rows: Uint32Array;
  /** By field of {@link RowShape.ids}: the distinct texts. */
  readonly texts: readonly (readonly string[])[];
  /** The distinct combinations of ids, one after the other: by field 0 for null, else 1 + the place of the text. */
  readonly combinations: Uint32Array;
  /** By row: which combination it has. */
  readonly combinationOf: Uint32Array;
  /** By field of {@link RowShape.counts}: by row. */
  readonly counts: readonly Float64Array[];
  /** Distinct texts of {@link RowShape.amount}, and by row which it has. */
  readonly amounts: readonly string[];
  readonly amountOf: Uint32Array;
  /** Cursor of the next page; absent on the last. */
  readonly next?: string;
}

type Row = Readonly<Record<string, unknown>>;

/** Fewer texts and combinations than this are in any page that is taken; a pair of them is one exact number. */
const mostTexts = 2 ** 24;

/**
 * Takes a page of a report apart.
 * @param json the parsed body. @param what the request in messages.
 * @throws {SourceError} `schema` when it is no page of buckets, or for a field that is not what the shape says: no report is better than
 *   a wrong one.
 */
export function columnsOf(json: unknown, what: string, shape: RowShape): PageColumns {
  const { rows: found, next } = tokenPage(json, what);
  const buckets = found.map((bucket) => bucketOf(bucket, what));
  const count = buckets.reduce((total, { results }) => total + results.length, 0);
  const ids = new Combinations(shape.ids.length);
  const amounts = new Texts();
  const combinationOf = new Uint32Array(count);
  const amountOf = new Uint32Array(shape.amount === undefined ? 0 : count);
  const counts = shape.counts.map(() => new Float64Array(count));
  const always = Object.entries(shape.always ?? {});
  let at = 0;
  for (const { results } of buckets) {
    for (const result of results) {
      const row = rowOf(result, what);
      for (const [field, text] of always) {
        if (row[field] !== text) throw new SourceError('schema', `${shape.report} has a row whose ${field} is not ${text}`);
      }
      combinationOf[at] = ids.place(shape.ids.map((field) => idOf(row[field], field, shape)));
      for (const [index, path] of shape.counts.entries()) (counts[index] as Float64Array)[at] = countAt(row, path, shape);
      if (shape.amount !== undefined) amountOf[at] = amounts.place(amountText(row, shape.amount, shape));
      at += 1;
    }
  }
  return {
    starts: Float64Array.from(buckets, ({ startMs }) => startMs),
    ends: Float64Array.from(buckets, ({ endMs }) => endMs),
    rows: Uint32Array.from(buckets, ({ results }) => results.length),
    texts: ids.texts,
    combinations: ids.all(),
    combinationOf,
    counts,
    amounts: amounts.all,
    amountOf,
    ...(next !== undefined && { next }),
  };
}

/** The memory of a page's columns, to be handed from one thread to another. */
export function memoryOf({ starts, ends, rows, combinations, combinationOf, counts, amountOf }: PageColumns): ArrayBuffer[] {
  return [starts, ends, rows, combinations, combinationOf, amountOf, ...counts].map(({ buffer }) => buffer as ArrayBuffer);
}

function bucketOf(found: unknown, what: string): { startMs: number; endMs: number; results: readonly unknown[] } {
  const bucket = objectOf(found);
  const start = valueOf(instantField(bucket?.get('starting_at')));
  const end = valueOf(instantField(bucket?.get('ending_at')));
  const results: unknown = bucket?.get('results');
  if (start === undefined) throw new SourceError('schema', `${what}: a bucket has no start`);
  if (end === undefined) throw new SourceError('schema', `${what}: a bucket has no end`);
  if (!Array.isArray(results)) throw new SourceError('schema', `${what}: a bucket has no results`);
  return { startMs: start.getTime(), endMs: end.getTime(), results };
}

/** As it was parsed, for speed: the names that are looked up are no prototype's. */
function rowOf(found: unknown, what: string): Row {
  if (!isObject(found)) throw new SourceError('schema', `${what}: a row is no object`);
  return found;
}

function isObject(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function idOf(value: unknown, field: string, shape: RowShape): string | undefined {
  if (value === null || value === undefined) return undefined;
  return textOf(value) ?? unreadable(shape, field);
}

function countAt(row: Row, path: readonly string[], shape: RowShape): number {
  let value: unknown = row;
  for (const key of path) value = isObject(value) ? value[key] : undefined;
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : unreadable(shape, path.join('.'));
}

function amountText(row: Row, field: string, shape: RowShape): string {
  const value = row[field];
  return typeof value === 'string' ? value : unreadable(shape, field);
}

function unreadable({ report }: RowShape, field: string): never {
  throw new SourceError('schema', `${report} has a row whose ${field} cannot be read`);
}

/** Distinct texts, in the order in which they came. */
class Texts {
  readonly all: string[] = [];
  readonly #places = new Map<string, number>();

  /** Where a text stands in {@link all}. */
  place(text: string): number {
    let place = this.#places.get(text);
    if (place === undefined) {
      place = this.all.push(text) - 1;
      this.#places.set(text, place);
    }
    return place;
  }
}

/** Distinct combinations of texts, by a tree with a level for each field. */
class Combinations {
  readonly #fields: Texts[];
  /** By level: pairs of a node and a text, as one number, → the node below. */
  readonly #levels: Map<number, number>[];
  readonly #found: number[] = [];

  constructor(fields: number) {
    this.#fields = Array.from({ length: fields }, () => new Texts());
    this.#levels = this.#fields.map(() => new Map<number, number>());
  }

  get texts(): readonly (readonly string[])[] {
    return this.#fields.map(({ all }) => all);
  }

  /** Where a combination stands; without any field there is one. */
  place(texts: readonly (string | undefined)[]): number {
    let node = 0;
    let isNew = false;
    const codes = texts.map((text, field) => (text === undefined ? 0 : 1 + (this.#fields[field]?.place(text) ?? 0)));
    for (const [field, code] of codes.entries()) {
      const level = this.#levels[field] as Map<number, number>;
      const pair = node * mostTexts + code;
      const below = level.get(pair);
      isNew = below === undefined;
      node = below ?? level.size;
      if (isNew) level.set(pair, node);
    }
    if (isNew) this.#found.push(...codes);
    return node;
  }

  all(): Uint32Array {
    return Uint32Array.from(this.#found);
  }
}
