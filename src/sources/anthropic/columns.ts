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
  const ids = new Combinations(shape.ids.map(() => new Texts()));
  const amounts = new Texts();
  const combinationOf = new Uint32Array(count);
  const amountOf = new Uint32Array(shape.amount === undefined ? 0 : count);
  const counts = shape.counts.map((path) => ({ path, values: new Float64Array(count) }));
  const always = Object.entries(shape.always ?? {});
  const codes = new Uint32Array(shape.ids.length);
  let at = 0;
  for (const { results } of buckets) {
    for (const result of results) {
      const row = rowOf(result, what);
      for (const [field, text] of always) {
        if (row[field] !== text) throw new SourceError('schema', `${shape.report} has a row whose ${field} is not ${text}`);
      }
      for (let index = 0; index < codes.length; index++) codes[index] = codeOf(row, index, ids.texts, shape);
      combinationOf[at] = ids.place(codes);
      for (const { path, values } of counts) values[at] = countAt(row, path, shape);
      if (shape.amount !== undefined) amountOf[at] = amounts.place(amountText(row, shape.amount, shape));
      at += 1;
    }
  }
  return {
    starts: Float64Array.from(buckets, ({ startMs }) => startMs),
    ends: Float64Array.from(buckets, ({ endMs }) => endMs),
    rows: Uint32Array.from(buckets, ({ results }) => results.length),
    texts: ids.texts.map(({ all }) => all),
    combinations: ids.all(),
    combinationOf,
    counts: counts.map(({ values }) => values),
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

/** 0 for null, else 1 + the place of the text. */
function codeOf(row: Row, index: number, texts: readonly Texts[], shape: RowShape): number {
  const field = shape.ids[index] ?? '';
  const value = row[field];
  if (value === null || value === undefined) return 0;
  if (typeof value !== 'string') return unreadable(shape, field);
  const ofField = texts[index];
  // What is known was looked at when it came first.
  const known = ofField?.placeOf(value);
  if (known === undefined && textOf(value) === undefined) return unreadable(shape, field);
  return 1 + (known ?? ofField?.place(value) ?? 0);
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

  /** Where a text stands in {@link all}, if it does. */
  placeOf(text: string): number | undefined {
    return this.#places.get(text);
  }

  /** Where a text stands in {@link all} from now on. */
  place(text: string): number {
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    const place = this.all.push(text) - 1;
    this.#places.set(text, place);
    return place;
  }
}

type Codes = Uint32Array | readonly number[];

/** Distinct combinations of codes, in the order in which they came: a hash table of plain numbers, as every row asks it. */
class Combinations {
  readonly texts: readonly Texts[];
  readonly #codes: number[] = [];
  /** By hash, or the next free place after it: 1 + the combination, 0 where none is. At most half full. */
  #table = new Uint32Array(1024);
  #count = 0;

  constructor(texts: readonly Texts[]) {
    this.texts = texts;
  }

  /** Where a combination stands; without any field there is one. */
  place(codes: Uint32Array): number {
    let slot = this.#slotOf(codes);
    let found = this.#table[slot] ?? 0;
    if (found !== 0) return found - 1;
    for (const code of codes) this.#codes.push(code);
    this.#count += 1;
    if (this.#count * 2 > this.#table.length) {
      this.#grow();
      slot = this.#slotOf(codes);
    }
    this.#table[slot] = found = this.#count;
    return found - 1;
  }

  all(): Uint32Array {
    return Uint32Array.from(this.#codes);
  }

  /** Of the combination, or the free one where it belongs. */
  #slotOf(codes: Codes): number {
    const mask = this.#table.length - 1;
    for (let slot = hashOf(codes) & mask; ; slot = (slot + 1) & mask) {
      const found = this.#table[slot] ?? 0;
      if (found === 0 || this.#isAt(found - 1, codes)) return slot;
    }
  }

  #isAt(place: number, codes: Codes): boolean {
    for (let index = 0; index < codes.length; index++) {
      if (this.#codes[place * codes.length + index] !== codes[index]) return false;
    }
    return true;
  }

  #grow(): void {
    const fields = this.texts.length;
    this.#table = new Uint32Array(this.#table.length * 2);
    for (let place = 0; place < this.#count - 1; place++) {
      this.#table[this.#slotOf(this.#codes.slice(place * fields, (place + 1) * fields))] = place + 1;
    }
  }
}

/** FNV-1a over the numbers, its high bits brought down to where the table looks. */
function hashOf(codes: Codes): number {
  let hash = 0x811c9dc5;
  for (const code of codes) hash = Math.imul(hash ^ code, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
