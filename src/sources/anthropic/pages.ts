import { SourceError } from '../../model/source-error.ts';
import { objectOf, textOf } from '../fields.ts';

/** More pages than any report has; a cursor that never ends is a fault of the upstream. */
const maxPages = 2_000;

/** One page of a list or report. */
export interface Page {
  readonly rows: readonly unknown[];
  /** Absent on the last page. */
  readonly next?: string;
}

/**
 * A page of the token scheme: `data`, `next_page` (null at the end), and where present `has_more`.
 * @throws {SourceError} `schema` when it is none, or when the two do not agree on whether more follows: rows that are left out of a
 *   flat report would leave no gap.
 */
export function tokenPage(body: unknown, what: string): Page {
  const page = objectOf(body);
  const rows = page?.get('data');
  if (page === undefined || !Array.isArray(rows)) throw new SourceError('schema', `${what} has no data`);
  const next = textOf(page.get('next_page'));
  const hasMore = page.get('has_more');
  if (hasMore === true && next === undefined) throw new SourceError('schema', `${what} says that more follows, but not where`);
  if (hasMore === false && next !== undefined) throw new SourceError('schema', `${what} says where more follows, but that nothing does`);
  return next === undefined ? { rows } : { rows, next };
}

/** A page of the id scheme: `data`, `has_more`, `last_id`. @throws {SourceError} as {@link tokenPage} */
export function idPage(body: unknown, what: string): Page {
  const page = objectOf(body);
  const rows = page?.get('data');
  if (page === undefined || !Array.isArray(rows)) throw new SourceError('schema', `${what} has no data`);
  if (page.get('has_more') !== true) return { rows };
  const next = textOf(page.get('last_id'));
  if (next === undefined) throw new SourceError('schema', `${what} says that more follows, but not where`);
  return { rows, next };
}

/**
 * Every row of every page; all of them or none.
 * @param read reads the page at a cursor; undefined is the first.
 * @throws {SourceError} as {@link allPages}
 */
export async function allRows(what: string, read: (cursor: string | undefined) => Promise<Page>): Promise<unknown[]> {
  const rows: unknown[] = [];
  for (const page of await allPages(what, read)) for (const row of page.rows) rows.push(row);
  return rows;
}

/**
 * Every page, one after the other; all of them or none.
 * @param read reads the page at a cursor; undefined is the first.
 * @throws {SourceError} what `read` throws, and `schema` for a cursor that comes twice.
 */
export async function allPages<T extends { readonly next?: string }>(
  what: string,
  read: (cursor: string | undefined) => Promise<T>,
): Promise<T[]> {
  const pages: T[] = [];
  const seen = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await read(cursor);
    pages.push(page);
    cursor = page.next;
    if (cursor !== undefined && (seen.has(cursor) || seen.size >= maxPages)) {
      throw new SourceError('schema', `the pages of ${what} do not end`);
    }
    if (cursor !== undefined) seen.add(cursor);
  } while (cursor !== undefined);
  return pages;
}
