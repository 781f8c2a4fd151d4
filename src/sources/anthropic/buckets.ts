import { SourceError } from '../../model/source-error.ts';
import { instantField, objectOf, valueOf } from '../fields.ts';

/** One bucket of a report with its rows. */
export interface Bucket {
  readonly start: Date;
  readonly rows: readonly ReadonlyMap<string, unknown>[];
}

/**
 * The buckets of a report of the usage or cost kind, in order. Empty buckets are there too: a gap or an overlap is
 * not the whole report.
 * @param from first bucket's start, inclusive. @param to exclusive end of what was asked for.
 * @param closedTo up to here no bucket may be missing; what lies ahead of the upstream's clock need not be there.
 * @throws {SourceError} `schema`
 */
export function bucketsOf(what: string, rows: readonly unknown[], from: Date, to: Date, closedTo: Date): Bucket[] {
  const refuse = (why: string): never => {
    throw new SourceError('schema', `${what}: ${why}`);
  };
  const buckets = rows.map((row) => {
    const bucket = objectOf(row);
    const start = valueOf(instantField(bucket?.get('starting_at'))) ?? refuse('a bucket has no start');
    const end = valueOf(instantField(bucket?.get('ending_at'))) ?? refuse('a bucket has no end');
    const results = bucket?.get('results');
    if (!Array.isArray(results)) return refuse('a bucket has no results');
    return { start, end, rows: results.map((result) => objectOf(result) ?? refuse('a row is no object')) };
  });
  buckets.sort((a, b) => a.start.getTime() - b.start.getTime());
  let expected = from.getTime();
  for (const { start, end } of buckets) {
    if (start.getTime() !== expected) refuse(start.getTime() < expected ? 'buckets overlap' : 'buckets are missing');
    if (end <= start) refuse('a bucket ends before it starts');
    expected = end.getTime();
  }
  if (expected < Math.min(to.getTime(), closedTo.getTime())) refuse('buckets are missing at the end');
  if (expected > to.getTime()) refuse('buckets reach beyond what was asked for');
  return buckets;
}
