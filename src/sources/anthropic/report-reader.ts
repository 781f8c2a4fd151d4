import { dayMs, dayStart, oldestOpenPeriod } from '../../model/calendar.ts';
import type { ReadContext } from '../../model/reading.ts';
import type { Report, ReportId } from '../../model/report.ts';
import { inSlices } from '../../model/slices.ts';
import { type SourceError, toSourceError } from '../../model/source-error.ts';
import { type Bucket, type PageReader, type ReadPage, bucketsOf, cellsOf } from './buckets.ts';
import type { AnthropicClient } from './client.ts';
import type { RowShape } from './columns.ts';
import { LongSpan } from './long-span.ts';
import { allPages } from './pages.ts';
import { isTooMuch, rfc3339 } from './queries.ts';

/** Days before today that are still restated as a matter of course, and re-read each time. */
const revisableDays = 3;

/** Older days of the open periods are re-read this often. */
const auditEveryMs = 60 * 60_000;

/** Most buckets a page may have (the API's limits). */
const maxBuckets = { '1h': 168, '1d': 31 } as const;

/**
 * JSON that a page is meant to have, as near as whole buckets come. A page is in memory as bytes, as text and as the objects that it is parsed to, some
 * five times its size in all. Eight mebibytes are nearly twenty thousand rows, more than most organizations have in the days that
 * are read each time: those ask for as many buckets as the API gives, and need no request more.
 */
const pageBytes = 8 * 1024 * 1024;

/** After even the smallest page was too much, smaller ones are not tried again so soon: it is not their size. */
const narrowAgainMs = 60 * 60_000;

/**
 * Parts of the older days are kept for the next attempt as long as attempts go on to read some: what was restated meanwhile is found
 * by the next audit. After this long without any they are read anew.
 */
const partsKeptMs = 60 * 60_000;

/** Older days that could not be read are asked for again after this long. */
const auditAgainMs = 10 * 60_000;

/** How far this machine's clock may be ahead of the upstream's, generously. */
const clockMarginMs = 15 * 60_000;

const widthMs = { '1h': 60 * 60_000, '1d': dayMs } as const;

type Width = keyof typeof maxBuckets;

/** How a report of the usage or cost kind is asked for. */
export interface ReportQuery {
  readonly id: ReportId;
  /** Path below `/v1/`. */
  readonly path: string;
  readonly groupBy: readonly string[];
  /** What the API calls a beta feature, where one is used. */
  readonly beta?: string;
  /** Width of the buckets of the days that are re-read each time. */
  readonly recentWidth: Width;
  readonly shape: RowShape;
  /** Makes what reads the pages; it may remember what they share, and is made anew for each audit. */
  readonly pageReader: () => PageReader;
}

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  readonly width: Width;
}

/**
 * Reads a report again and again: whole at first, then today and the revisable days each time, and the older days of the
 * open periods once an hour.
 */
export class ReportReader {
  readonly #client: AnthropicClient;
  readonly #query: ReportQuery;
  #readPage: PageReader;
  /** Most buckets a page may have; fewer after one that was too much. */
  readonly #mostBuckets: Record<Width, number> = { ...maxBuckets };
  #narrowedInVainAtMs = Number.NEGATIVE_INFINITY;
  /** What a bucket had at last, in the fullest page. */
  readonly #bucketBytes: Partial<Record<Width, number>> = {};
  /** The older days, while they are not read whole. */
  #older: LongSpan | undefined;
  #readTo: number | undefined;
  #auditedAtMs = Number.NEGATIVE_INFINITY;

  constructor(client: AnthropicClient, query: ReportQuery) {
    this.#client = client;
    this.#query = query;
    this.#readPage = query.pageReader();
  }

  /**
   * Reads what is due, each span whole. The older days of a month that was read before may fail by themselves: the recent ones
   * are a report, too, and the older ones stay what they were. Of a first reading there is no report then, but a failure, if it came
   * nearer to its end: the next one goes on with what it has.
   * @throws {SourceError} when a page of the recent days fails, or of a first reading that gained nothing.
   */
  async read(context: ReadContext): Promise<{ readonly report?: Report; readonly failure?: SourceError }> {
    const nowMs = context.now.getTime();
    const recent = dayStart(nowMs) - revisableDays * dayMs;
    const end = dayStart(nowMs) + dayMs;
    const oldest = Math.min(recent, oldestOpenPeriod(this.#query.id, nowMs).startMs);
    const isFirst = this.#readTo === undefined || this.#readTo < recent;
    let audit = isFirst || nowMs - this.#auditedAtMs >= auditEveryMs;
    let failure: SourceError | undefined;
    if (audit) this.#readPage = this.#query.pageReader();
    const buckets = await this.#span({ fromMs: recent, toMs: end, width: this.#query.recentWidth }, context);
    if (audit && oldest < recent) {
      try {
        buckets.push(...(await this.#olderDays(oldest, recent, context)));
      } catch (thrown) {
        failure = toSourceError(thrown);
        if (failure.reason === 'internal' || (isFirst && this.#older?.hasGained !== true)) throw thrown;
        if (isFirst) return { failure };
        audit = false;
        this.#auditedAtMs = nowMs - auditEveryMs + auditAgainMs;
      }
    }
    const { id, groupBy } = this.#query;
    // A whole reading that comes too late is not taken by anyone: the next one must have all that it had. Recent days without the older
    // ones, which took all the time, are.
    if (failure === undefined) context.signal.throwIfAborted();
    this.#readTo = end;
    // What was too much for it once need not be for ever: small pages are many requests.
    for (const width of ['1h', '1d'] as const) this.#mostBuckets[width] = Math.min(maxBuckets[width], this.#mostBuckets[width] * 2);
    if (audit) this.#auditedAtMs = nowMs;
    if (audit) this.#older = undefined;
    const report = { id, grouping: groupBy.join(), from: new Date(audit ? oldest : recent), to: new Date(end), cells: cellsOf(buckets) };
    return { report, ...(failure && { failure }) };
  }

  /** They are closed: each part of them may be asked for by itself. */
  async #olderDays(fromMs: number, toMs: number, context: ReadContext): Promise<Bucket[]> {
    const { recentWidth } = this.#query;
    // What is not known yet: a day will hardly have more rows than one of the recent days has in its hours.
    this.#bucketBytes['1d'] ??= ((this.#bucketBytes[recentWidth] ?? 0) * dayMs) / widthMs[recentWidth];
    const nowMs = context.now.getTime();
    const begun = this.#older;
    const goesOn = begun?.fromMs === fromMs && begun.toMs === toMs && Math.abs(nowMs - begun.gainedAtMs) < partsKeptMs;
    const older = goesOn ? begun : new LongSpan(fromMs, toMs);
    this.#older = older;
    return older.read(
      nowMs,
      () => this.#limit('1d') * dayMs,
      (partFromMs, partToMs) => this.#span({ fromMs: partFromMs, toMs: partToMs, width: '1d' }, context),
    );
  }

  /** How many buckets a page is to have. */
  #limit(width: Width): number {
    const wanted = Math.round(pageBytes / (this.#bucketBytes[width] ?? 0));
    return Math.max(1, Math.min(this.#mostBuckets[width], wanted));
  }

  /**
   * A span that is too much for the upstream, or for us, is read again in smaller pages. Where the smallest is, the upstream has a
   * fault that looks like it; pages are whole again afterwards, as a read of many small ones would not come to its end.
   */
  async #span(span: Span, context: ReadContext): Promise<Bucket[]> {
    const { width } = span;
    const all = (span.toMs - span.fromMs) / widthMs[width];
    for (;;) {
      const limit = this.#limit(width);
      try {
        return await this.#pages(span, limit, context);
      } catch (error) {
        const nowMs = context.now.getTime();
        // So many small pages that the time was over before the last.
        if (context.signal.aborted) this.#mostBuckets[width] = Math.min(maxBuckets[width], limit * 4);
        if (!isTooMuch(error) || Math.abs(nowMs - this.#narrowedInVainAtMs) < narrowAgainMs) throw error;
        if (limit === 1) {
          this.#narrowedInVainAtMs = nowMs;
          this.#mostBuckets[width] = maxBuckets[width];
          throw error;
        }
        this.#mostBuckets[width] = Math.ceil(Math.min(limit, all) / 2);
      }
    }
  }

  /** A page is reduced to its columns before the next is asked for. */
  async #pages({ fromMs, toMs, width }: Span, limit: number, context: ReadContext): Promise<Bucket[]> {
    const { path, groupBy, beta, shape } = this.#query;
    let bucketBytes = 0;
    const pages = await allPages(path, async (cursor): Promise<ReadPage & { readonly next?: string }> => {
      const query = new URLSearchParams({
        starting_at: rfc3339(fromMs),
        ending_at: rfc3339(toMs),
        bucket_width: width,
        limit: String(limit),
      });
      for (const dimension of groupBy) query.append('group_by[]', dimension);
      if (cursor !== undefined) query.set('page', cursor);
      const { columns, jsonBytes } = await this.#client.page(path, query, shape, context, beta);
      const { starts, ends, rows, next } = columns;
      bucketBytes = Math.max(bucketBytes, jsonBytes / Math.max(1, starts.length));
      const cells = await inSlices(this.#readPage(columns));
      return { starts, ends, rows, cells, ...(next !== undefined && { next }) };
    });
    this.#bucketBytes[width] = bucketBytes;
    const closedToMs = Math.floor((context.now.getTime() - clockMarginMs) / widthMs[width]) * widthMs[width];
    return bucketsOf(path, pages, new Date(fromMs), new Date(toMs), new Date(closedToMs));
  }
}
