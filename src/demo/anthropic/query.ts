import { badRequest } from './answers.ts';

/** Where a page begins, and of which instant it tells. */
export interface Position {
  /** A bucket's start, or how many rows came before. */
  readonly at: number;
  /** Pages of rows are of one instant, however long the paging takes. */
  readonly asOfMs: number;
}

const mismatch = 'cursor does not match current query parameters';

/** The position that `page` names; undefined on the first page. @throws {Refused} when it belongs to another query. */
export function positionOf(path: string, query: URLSearchParams): Position | undefined {
  const cursor = query.get('page');
  if (cursor === null) return undefined;
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor.slice(cursorPrefix.length), 'base64').toString());
  } catch {
    throw badRequest(mismatch);
  }
  if (!Array.isArray(parts) || parts[0] !== identity(path, query)) throw badRequest(mismatch);
  return { at: Number(parts[1]), asOfMs: Number(parts[2]) };
}

/** A cursor, bound to its query: its range, grouping and filters may not change from page to page. */
export function cursorTo(path: string, query: URLSearchParams, { at, asOfMs }: Position): string {
  return `${cursorPrefix}${Buffer.from(JSON.stringify([identity(path, query), at, asOfMs])).toString('base64')}`;
}

const cursorPrefix = 'page_';

function identity(path: string, query: URLSearchParams): string {
  const bound = new URLSearchParams(query);
  bound.delete('page');
  bound.delete('limit');
  bound.sort();
  return `${path}?${bound.toString()}`;
}

/** `limit`. @throws {Refused} outside 1 to `most`. */
export function limitOf(query: URLSearchParams, usual: number, most: number): number {
  const text = query.get('limit');
  if (text === null) return usual;
  const limit = Number(text);
  if (!Number.isInteger(limit)) throw badRequest('limit: Input should be a valid integer');
  if (limit < 1) throw badRequest('limit: Input should be greater than or equal to 1');
  if (limit > most) throw badRequest(`limit: Input should be less than or equal to ${most}`);
  return limit;
}

/** An instant of the query; undefined when it is not given. @throws {Refused} when it is none. */
export function instantOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const atMs = Date.parse(text);
  if (Number.isNaN(atMs) || !/T.*(?:Z|[+-]\d\d:\d\d)$/.test(text)) throw badRequest(`${name}: Input should be a valid datetime`);
  return atMs;
}

/** `starting_at`. @throws {Refused} when it is missing. */
export function startOf(query: URLSearchParams): number {
  const atMs = instantOf(query, 'starting_at');
  if (atMs === undefined) throw badRequest('starting_at: Field required');
  return atMs;
}

/** `group_by[]`. @throws {Refused} for one that there is not, and for more than five that count. */
export function groupingOf(query: URLSearchParams, known: readonly string[], free: readonly string[] = []): string[] {
  const names = query.getAll('group_by[]');
  for (const name of names) {
    if (!known.includes(name)) throw badRequest(`group_by[]: Input should be ${known.map((one) => `'${one}'`).join(', ')}`);
  }
  if (names.filter((name) => !free.includes(name)).length > 5) throw badRequest('Cannot specify more than 5 group_by[] dimensions.');
  return names;
}

/** What both ends of a range snap to. @throws {Refused} when nothing lies between them. */
export function nonEmpty(fromMs: number, toMs: number): readonly [fromMs: number, toMs: number] {
  if (!(toMs > fromMs)) throw badRequest('Invalid date range: ending date must be after starting date');
  return [fromMs, toMs];
}
