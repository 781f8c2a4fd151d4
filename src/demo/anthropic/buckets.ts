import { badRequest, rfc3339 } from './answers.ts';
import type { EventDay } from './organization.ts';
import { cursorTo, instantOf, limitOf, nonEmpty, positionOf, startOf } from './query.ts';

/** Widths of buckets in milliseconds. */
export const widths: Readonly<Record<string, number>> = { '1m': 60_000, '1h': 3_600_000, '1d': 86_400_000 };

const limits: Readonly<Record<string, readonly [usual: number, most: number]>> = { '1m': [60, 1440], '1h': [24, 168], '1d': [7, 31] };

/** A report in buckets: pages hold whole ones, empty ones too, as of the instant each page is asked for. */
export interface BucketedReport {
  readonly path: string;
  /** The widths it comes in. */
  readonly widths: readonly string[];
  /** Rows by the start of their bucket. */
  readonly rowsBetween: (fromMs: number, toMs: number, widthMs: number) => ReadonlyMap<number, readonly unknown[]>;
}

/** A page of a report in buckets. @throws {Refused} */
export function bucketPage(report: BucketedReport, query: URLSearchParams, nowMs: number): object {
  const width = query.get('bucket_width') ?? '1d';
  const widthMs = widths[width];
  const [usual, most] = limits[width] ?? [0, 0];
  if (widthMs === undefined || !report.widths.includes(width)) {
    throw badRequest(`bucket_width: Input should be ${report.widths.map((one) => `'${one}'`).join(' or ')}`);
  }
  const limit = limitOf(query, usual, most);
  // Buckets that start at or after the one end, and end at or before the other.
  const [fromMs, toMs] = nonEmpty(
    Math.ceil(startOf(query) / widthMs) * widthMs,
    Math.floor((instantOf(query, 'ending_at') ?? nowMs) / widthMs) * widthMs,
  );
  const position = positionOf(report.path, query);
  const pageFromMs = position?.at ?? fromMs;
  const pageToMs = Math.min(toMs, pageFromMs + limit * widthMs);
  const rows = report.rowsBetween(pageFromMs, pageToMs, widthMs);
  const buckets: unknown[] = [];
  for (let atMs = pageFromMs; atMs < pageToMs; atMs += widthMs) {
    buckets.push({ starting_at: rfc3339(atMs), ending_at: rfc3339(atMs + widthMs), results: rows.get(atMs) ?? [] });
  }
  const next = pageToMs < toMs ? cursorTo(report.path, query, { at: pageToMs, asOfMs: nowMs }) : null;
  return { data: buckets, has_more: next !== null, next_page: next };
}

/** The start of the bucket of some width that an instant is in. */
export function bucketsOfWidth(widthMs: number): (atMs: number) => number {
  return (atMs) => Math.floor(atMs / widthMs) * widthMs;
}

/** What is in a bucket and alike in some ids. */
export interface Group<E> {
  readonly bucketMs: number;
  readonly ids: readonly (string | null)[];
  readonly events: readonly E[];
}

/** Events by bucket and ids, in order of bucket. */
export function grouped<E extends { readonly atMs: number }>(
  events: Iterable<E>,
  bucketOf: (atMs: number) => number,
  idsOf: (event: E) => readonly (string | null)[],
): Group<E>[] {
  const groups = new Map<string, Group<E> & { readonly events: E[] }>();
  for (const event of events) {
    const bucketMs = bucketOf(event.atMs);
    const ids = idsOf(event);
    const key = `${bucketMs} ${JSON.stringify(ids)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { bucketMs, ids, events: [event] });
    else group.events.push(event);
  }
  return [...groups.values()].sort((a, b) => a.bucketMs - b.bucketMs);
}

/** The rows of days by bucket; a day's are made anew only when it shows other events. */
export function rowsOfDays<E, G>(
  days: Iterable<EventDay<E>>,
  options: {
    /** Names what is made: path, grouping and filters. */
    readonly what: string;
    readonly widthMs: number;
    readonly nowMs: number;
    readonly shownAt: (event: E) => number;
    readonly groupsOf: (shown: readonly E[]) => readonly Group<G>[];
    readonly rowOf: (group: Group<G>) => unknown;
  },
): ReadonlyMap<number, readonly unknown[]> {
  const { what, widthMs, nowMs, shownAt, groupsOf, rowOf } = options;
  const rows = new Map<number, unknown[]>();
  for (const day of days) {
    const ofDay = day.made(`${widthMs} ${what}`, shownAt, nowMs, (shown) =>
      groupsOf(shown).map((group) => [group.bucketMs, rowOf(group)] as const),
    );
    for (const [bucketMs, row] of ofDay) {
      const before = rows.get(bucketMs);
      if (before === undefined) rows.set(bucketMs, [row]);
      else before.push(row);
    }
  }
  return rows;
}
