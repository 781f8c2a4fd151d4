import { dayMs, dayStart, oldestOpenPeriod } from '../../model/calendar.ts';
import type { ReadContext } from '../../model/reading.ts';
import type { Cell, Report, ReportId } from '../../model/report.ts';
import { SourceError } from '../../model/source-error.ts';
import type { AnthropicClient } from './client.ts';
import { type Bucket, bucketsOf } from './buckets.ts';
import { allRows, tokenPage } from './pages.ts';

/** Days before today that are still restated as a matter of course, and re-read each time. */
const revisableDays = 3;

/** Older days of the open periods are re-read this often. */
const auditEveryMs = 60 * 60_000;

/** Most buckets a page may have (the API's limits). */
const maxBuckets = { '1h': 168, '1d': 31 } as const;

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
  /** @throws {SourceError} when a row cannot be read. */
  readonly cellsOf: (buckets: readonly Bucket[]) => Cell[];
}

/**
 * Reads a report again and again: whole at first, then today and the revisable days each time, and the older days of the
 * open periods once an hour.
 */
export class ReportReader {
  readonly #client: AnthropicClient;
  readonly #query: ReportQuery;
  readonly #pageBuckets: Record<Width, number> = { ...maxBuckets };
  #readTo: number | undefined;
  #auditedAtMs = Number.NEGATIVE_INFINITY;

  constructor(client: AnthropicClient, query: ReportQuery) {
    this.#client = client;
    this.#query = query;
  }

  /** Reads what is due, whole. @throws {SourceError} when any page of it fails: then nothing was read. */
  async read(context: ReadContext): Promise<Report> {
    const nowMs = context.now.getTime();
    const recent = dayStart(nowMs) - revisableDays * dayMs;
    const end = dayStart(nowMs) + dayMs;
    const oldest = Math.min(recent, oldestOpenPeriod(this.#query.id, nowMs).startMs);
    const audit = this.#readTo === undefined || this.#readTo < recent || nowMs - this.#auditedAtMs >= auditEveryMs;
    const spans: (readonly [number, number, Width])[] = [[recent, end, this.#query.recentWidth]];
    if (audit && oldest < recent) spans.unshift([oldest, recent, '1d']);
    const buckets = (await Promise.all(spans.map(([from, to, width]) => this.#span(from, to, width, context)))).flat();
    const { id, groupBy, cellsOf } = this.#query;
    const cells = cellsOf(buckets);
    // A reading that comes too late is not taken by anyone: the next one must have all that it had.
    context.signal.throwIfAborted();
    this.#readTo = end;
    if (audit) this.#auditedAtMs = nowMs;
    return { id, grouping: groupBy.join(), from: new Date(audit ? oldest : recent), to: new Date(end), cells };
  }

  /** A span that is too much for the upstream, or for us, is read again in smaller pages. */
  async #span(fromMs: number, toMs: number, width: Width, context: ReadContext): Promise<Bucket[]> {
    for (;;) {
      const limit = this.#pageBuckets[width];
      try {
        return await this.#pages(new Date(fromMs), new Date(toMs), width, limit, context);
      } catch (error) {
        if (!isTooMuch(error) || limit === 1) throw error;
        this.#pageBuckets[width] = Math.ceil(limit / 2);
      }
    }
  }

  async #pages(from: Date, to: Date, width: Width, limit: number, context: ReadContext): Promise<Bucket[]> {
    const { path, groupBy, beta } = this.#query;
    const rows = await allRows(path, async (cursor) => {
      const query = new URLSearchParams({
        starting_at: rfc3339(from),
        ending_at: rfc3339(to),
        bucket_width: width,
        limit: String(limit),
      });
      for (const dimension of groupBy) query.append('group_by[]', dimension);
      if (cursor !== undefined) query.set('page', cursor);
      return tokenPage(await this.#client.get(path, query, context, beta), path);
    });
    const closedToMs = Math.floor((context.now.getTime() - clockMarginMs) / widthMs[width]) * widthMs[width];
    return bucketsOf(path, rows, from, to, new Date(closedToMs));
  }
}

function isTooMuch(error: unknown): boolean {
  return error instanceof SourceError && (error.reason === 'too_large' || error.status === 504);
}

function rfc3339(instant: Date): string {
  return instant.toISOString().replace('.000Z', 'Z');
}
