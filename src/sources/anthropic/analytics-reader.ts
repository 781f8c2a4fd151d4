import { dayMs, dayStart, oldestOpenPeriod } from '../../model/calendar.ts';
import type { ReadContext } from '../../model/reading.ts';
import type { Cell, Report } from '../../model/report.ts';
import { inSlices } from '../../model/slices.ts';
import { SourceError, toSourceError } from '../../model/source-error.ts';
import { instantField, objectOf } from '../fields.ts';
import { analyticsCells, keyCostRows, requestRows } from './analytics-rows.ts';
import type { AnthropicClient } from './client.ts';
import { type Page, allRows, tokenPage } from './pages.ts';
import { isTooMuch, rfc3339 } from './queries.ts';
import type { Workspaces } from './workspaces.ts';

const id = 'anthropic-analytics';

/** Most days a query may span (the API's limit). */
const maxSpanDays = 31;

/** Most rows a page may have (the API's limit). */
const maxRows = 1000;

/** Days before today that are re-read each time: the export is up to a day behind. */
const recentDays = 3;

/** Figures are revised for up to 30 days; the whole open span is re-read this often. */
const auditEveryMs = dayMs;

/** How often a page set is begun again when the export is replaced meanwhile. */
const attempts = 3;

const endpoints = [
  { path: 'organizations/analytics/usage', rows: requestRows },
  { path: 'organizations/analytics/cost', rows: keyCostRows },
] as const;

/** After even the least was too much, less is not tried again so soon: it is not for its size. */
const narrowAgainMs = 60 * 60_000;

/** The rows of all pages of one query. */
interface Pages {
  readonly rows: readonly unknown[];
  /** Up to when the export goes that was served; undefined: nothing was exported for the span. */
  readonly refreshedAt: Date | undefined;
}

/** A page, and up to when its export goes. */
interface ExportPage extends Page {
  readonly refreshedAt: Date | undefined;
}

/** What one query gave. */
interface PageSet {
  readonly fromMs: number;
  readonly toMs: number;
  readonly cells: readonly Cell[];
  readonly refreshedAt: Date | undefined;
}

/** What one read gave. */
export interface AnalyticsReading {
  readonly report: Report;
  /** The earlier of the two endpoints' watermarks; undefined when one has none. */
  readonly refreshedAt: Date | undefined;
  /** Whether the default workspace has the name that it has in the usage report. */
  readonly knowsDefaultWorkspace: boolean;
}

/**
 * Reads the daily figures of the Usage and Cost Analytics API again and again: the whole open span at first and once a
 * day, else today and three days before. A report counts when the last page of both endpoints has come. A span is read in
 * queries of at most 31 days, of fewer when that is too much for the upstream or for the time a read has; queries that
 * were answered whole, and the pages of a day that came, are kept for the next read, if this one does not come to its end.
 */
export class AnalyticsReader {
  readonly #client: AnthropicClient;
  readonly #workspaces: Workspaces;
  readonly #beta: string;
  /** By endpoint and end. */
  readonly #staged = new Map<string, PageSet & { readonly readAtMs: number }>();
  /** Pages of a day for which one read had not the time, and their query. */
  #begun: { readonly key: string; readonly pages: readonly ExportPage[] } | undefined;
  /** Days that an endpoint had rows of: it cannot have nothing exported for them. */
  readonly #exported = new Set<string>();
  #spanDays = maxSpanDays;
  #limit = maxRows;
  #narrowedInVainAtMs = Number.NEGATIVE_INFINITY;
  #auditedAtMs = Number.NEGATIVE_INFINITY;

  constructor(client: AnthropicClient, workspaces: Workspaces, beta: string) {
    this.#client = client;
    this.#workspaces = workspaces;
    this.#beta = beta;
  }

  /** Reads what is due, whole. @throws {SourceError} when any page fails: then nothing was read. */
  async read(context: ReadContext): Promise<AnalyticsReading> {
    const nowMs = context.now.getTime();
    const today = dayStart(nowMs);
    const [recent, end] = [today - recentDays * dayMs, today + dayMs];
    // Also after a sleep, when the recent days alone would leave a gap.
    const audit = Math.abs(nowMs - this.#auditedAtMs) >= auditEveryMs;
    const from = audit ? Math.min(recent, oldestOpenPeriod(id, nowMs).startMs) : recent;
    const sets: PageSet[] = [];
    for (const endpoint of endpoints) {
      // The newest days first: whether the key may ask at all shows in them.
      for (let to = end; to > from; ) {
        const set = await this.#query(endpoint, from, to, context);
        sets.push(set);
        to = set.fromMs;
      }
    }
    const defaultWorkspace = await this.#defaultWorkspace(context);
    // A reading that comes too late is not taken by anyone: the next one must have all that it had.
    context.signal.throwIfAborted();
    this.#staged.clear();
    this.#begun = undefined;
    // What was too much for it once need not be for ever: small queries are many requests.
    this.#spanDays = Math.min(maxSpanDays, this.#spanDays * 2);
    this.#limit = Math.min(maxRows, this.#limit * 2);
    if (audit) this.#auditedAtMs = nowMs;
    const grouping = endpoints.map(({ rows }) => rows.dimensions.join()).join(';');
    return {
      report: { id, grouping, from: new Date(from), to: new Date(end), cells: sets.flatMap(({ cells }) => cells) },
      refreshedAt: earliest(sets.filter(({ toMs }) => toMs === end).map(({ refreshedAt }) => refreshedAt)),
      knowsDefaultWorkspace: defaultWorkspace !== undefined,
    };
  }

  /** The latest days of `[from, to)` that one query may span. What is too much is asked for again in smaller parts. */
  async #query(endpoint: (typeof endpoints)[number], from: number, to: number, context: ReadContext): Promise<PageSet> {
    const key = `${endpoint.path} ${to}`;
    const staged = this.#staged.get(key);
    const isCurrent = staged !== undefined && Math.abs(context.now.getTime() - staged.readAtMs) < auditEveryMs;
    if (isCurrent && staged.fromMs >= from) return staged;
    for (;;) {
      const fromMs = Math.max(from, to - this.#spanDays * dayMs);
      const pages = await this.#pagesOrLess(endpoint, fromMs, to, context);
      if (pages === undefined) continue;
      const defaultWorkspace = await this.#defaultWorkspace(context);
      const span = { fromMs, toMs: to, bucketMs: dayMs, defaultWorkspace };
      const cells = await inSlices(analyticsCells(pages.rows, endpoint.rows, span));
      const set: PageSet = { fromMs, toMs: to, cells, refreshedAt: pages.refreshedAt };
      this.#checkExported(endpoint.path, set);
      this.#staged.set(key, { ...set, readAtMs: context.now.getTime() });
      return set;
    }
  }

  /** Undefined: it was too much, and less will be asked for. */
  async #pagesOrLess({ path, rows }: (typeof endpoints)[number], fromMs: number, toMs: number, context: ReadContext): Promise<Pages | undefined> {
    try {
      for (let attempt = 1; attempt <= attempts; attempt++) {
        const pages = await this.#pages(path, rows.dimensions, fromMs, toMs, context);
        if (pages !== undefined) return pages;
      }
    } catch (error) {
      if (!isTooMuch(error) || !this.#narrow((toMs - fromMs) / dayMs, context.now.getTime())) throw error;
      return undefined;
    }
    throw new SourceError('upstream', `the export of /v1/${path} was replaced while it was read`);
  }

  /** Until it is known, or known not to be knowable, nothing is said of any workspace. */
  async #defaultWorkspace(context: ReadContext): Promise<string | undefined> {
    try {
      return await this.#workspaces.defaultId(context);
    } catch (thrown) {
      const { reason, message, retryAfterMs } = toSourceError(thrown);
      const options = { cause: thrown, ...(retryAfterMs !== undefined && { retryAfterMs }) };
      throw new SourceError(reason, `requests and cost by key wait until the default workspace is known: ${message}`, options);
    }
  }

  /**
   * Fewer days a query than these, then fewer rows a page. False when there is nothing left to take away: the upstream has a fault that
   * looks like too much, and the next read asks for the whole again.
   */
  #narrow(days: number, nowMs: number): boolean {
    if (Math.abs(nowMs - this.#narrowedInVainAtMs) < narrowAgainMs) return false;
    if (days > 1) this.#spanDays = Math.ceil(days / 2);
    else if (this.#limit > 1) this.#limit = Math.ceil(this.#limit / 2);
    else {
      this.#narrowedInVainAtMs = nowMs;
      this.#spanDays = maxSpanDays;
      this.#limit = maxRows;
      return false;
    }
    return true;
  }

  /** Every row of every page; undefined when the pages are not of one export. */
  async #pages(path: string, dimensions: readonly string[], fromMs: number, toMs: number, context: ReadContext): Promise<Pages | undefined> {
    const query = new URLSearchParams({
      starting_at: rfc3339(fromMs),
      ending_at: rfc3339(toMs),
      time_bucket_width: '1d',
      order_by: 'time',
      order: 'asc',
      limit: String(this.#limit),
    });
    for (const dimension of dimensions) query.append('group_by[]', dimension);
    const key = `${path} ${query.toString()}`;
    const begun = this.#begun?.key === key ? this.#begun.pages : [];
    if (begun.length > 0) this.#begun = undefined;
    const pages: ExportPage[] = [];
    const isOfFirst = ({ refreshedAt }: ExportPage): boolean => refreshedAt?.getTime() === pages[0]?.refreshedAt?.getTime();
    try {
      const rows = await allRows(path, async (cursor) => {
        const page = begun[pages.length] ?? (await this.#page(path, query, cursor, context));
        pages.push(page);
        // What follows a page of another export is of no use.
        return isOfFirst(page) ? page : { rows: [] };
      });
      return pages.every(isOfFirst) ? { rows, refreshedAt: pages[0]?.refreshedAt } : undefined;
    } catch (error) {
      if (context.signal.aborted && pages.length > 0) this.#hadNoTime(key, pages, (toMs - fromMs) / dayMs);
      throw error;
    }
  }

  async #page(path: string, query: URLSearchParams, cursor: string | undefined, context: ReadContext): Promise<ExportPage> {
    const asked = new URLSearchParams(query);
    if (cursor !== undefined) asked.set('page', cursor);
    const body = await this.#client.get(path, asked, context, this.#beta);
    return { ...tokenPage(body, path), refreshedAt: watermark(body) };
  }

  /** Pages came, but not all of them in the time there was: fewer days fit, while smaller pages would take longer. */
  #hadNoTime(key: string, pages: readonly ExportPage[], days: number): void {
    if (days > 1) this.#spanDays = Math.ceil(days / 2);
    else this.#begun = { key, pages };
  }

  /** "Nothing exported" for days whose figures are known is no restatement to zero. */
  #checkExported(path: string, { cells, fromMs, toMs, refreshedAt }: PageSet): void {
    for (const day of new Set(cells.map(({ bucketStart }) => bucketStart))) this.#exported.add(`${path} ${day.getTime()}`);
    if (refreshedAt !== undefined || cells.length > 0) return;
    for (let day = fromMs; day < toMs; day += dayMs) {
      if (this.#exported.has(`${path} ${day}`)) throw new SourceError('upstream', `/v1/${path} says that nothing is exported of days it had figures of`);
    }
  }
}

/** `data_refreshed_at`; null is nothing exported. */
function watermark(body: unknown): Date | undefined {
  const at = instantField(objectOf(body)?.get('data_refreshed_at'));
  if (at.state === 'wrong') throw new SourceError('schema', 'the Analytics API has a data_refreshed_at that cannot be read');
  return at.state === 'read' ? at.value : undefined;
}

function earliest(instants: readonly (Date | undefined)[]): Date | undefined {
  const known = instants.filter((instant) => instant !== undefined);
  return known.length < instants.length ? undefined : known.reduce((a, b) => (a < b ? a : b));
}
