import type { Cell } from '../../model/report.ts';
import { SourceError } from '../../model/source-error.ts';
import type { PageColumns } from './columns.ts';

/** Cells of rows of one page; the rows are counted from the page's first. */
export type CellsOfRows = (bucketStart: Date, firstRow: number, endRow: number) => Iterable<Cell>;

/**
 * Makes a page's columns fit to become cells, in small steps, and keeps nothing else of it.
 * @throws {SourceError} `schema` when a row cannot be read.
 */
export type PageReader = (page: PageColumns) => Generator<unknown, CellsOfRows>;

/** A page that was read. */
export interface ReadPage extends Pick<PageColumns, 'starts' | 'ends' | 'rows'> {
  readonly cells: CellsOfRows;
}

/** One bucket of a report. */
export interface Bucket {
  readonly start: Date;
  /** Its cells; made each time they are walked. */
  readonly cells: () => Iterable<Cell>;
}

/**
 * The buckets of a report of the usage or cost kind, in order. Empty buckets are there too: a gap or an overlap is
 * not the whole report.
 * @param from first bucket's start, inclusive. @param to exclusive end of what was asked for.
 * @param closedTo up to here no bucket may be missing; what lies ahead of the upstream's clock need not be there.
 * @throws {SourceError} `schema`
 */
export function bucketsOf(what: string, pages: readonly ReadPage[], from: Date, to: Date, closedTo: Date): Bucket[] {
  const refuse = (why: string): never => {
    throw new SourceError('schema', `${what}: ${why}`);
  };
  const buckets = pages.flatMap(bucketsOfPage);
  buckets.sort((a, b) => a.startMs - b.startMs);
  let expectedMs = from.getTime();
  for (const { startMs, endMs } of buckets) {
    if (startMs !== expectedMs) refuse(startMs < expectedMs ? 'buckets overlap' : 'buckets are missing');
    if (endMs <= startMs) refuse('a bucket ends before it starts');
    expectedMs = endMs;
  }
  if (expectedMs < Math.min(to.getTime(), closedTo.getTime())) refuse('buckets are missing at the end');
  if (expectedMs > to.getTime()) refuse('buckets reach beyond what was asked for');
  return buckets;
}

function bucketsOfPage({ starts, ends, rows, cells }: ReadPage): (Bucket & { startMs: number; endMs: number })[] {
  let firstRow = 0;
  return Array.from(starts, (startMs, index) => {
    const start = new Date(startMs);
    const [first, end] = [firstRow, firstRow + (rows[index] ?? 0)];
    firstRow = end;
    return { startMs, endMs: ends[index] ?? startMs, start, cells: () => cells(start, first, end) };
  });
}

/** The cells of buckets one after the other; never all of them at once. */
export function cellsOf(buckets: readonly Bucket[]): Iterable<Cell> {
  return {
    *[Symbol.iterator]() {
      for (const { cells } of buckets) yield* cells();
    },
  };
}
