import { cursorTo, limitOf, positionOf } from './query.ts';

/** A report of flat rows: pages hold so many, all of the instant of the first page. */
export interface RowReport {
  readonly path: string;
  readonly usual: number;
  readonly most: number;
  /** What counts towards the limit of a page, with the rows it becomes, as of an instant. */
  readonly rows: (asOfMs: number) => readonly (readonly unknown[])[];
}

/** The token scheme's envelope. */
export interface FlatPage {
  readonly data: readonly unknown[];
  readonly has_more: boolean;
  readonly next_page: string | null;
}

/** A page of a report of flat rows, and the instant it tells of. @throws {Refused} */
export function rowPage({ path, usual, most, rows }: RowReport, query: URLSearchParams, nowMs: number): { page: FlatPage; asOfMs: number } {
  const limit = limitOf(query, usual, most);
  const { at, asOfMs } = positionOf(path, query) ?? { at: 0, asOfMs: nowMs };
  const all = rows(asOfMs);
  const end = at + limit;
  const next = end < all.length ? cursorTo(path, query, { at: end, asOfMs }) : null;
  return { page: { data: all.slice(at, end).flat(), has_more: next !== null, next_page: next }, asOfMs };
}
