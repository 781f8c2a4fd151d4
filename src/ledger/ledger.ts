import { type Period, dayMs, dayStart, oldestOpenPeriod, periodOf } from '../model/calendar.ts';
import type { AttributeSet } from '../model/attributes.ts';
import type { Report, ReportId, TotalName } from '../model/report.ts';
import type { Channels, SentReport, SentSeries } from '../model/sent-totals.ts';
import { DayTable } from './day-table.ts';
import { PeriodTable, type Series, debtOf, highest } from './series.ts';

/** One total as it is to be exported. */
export interface TotalPoint {
  readonly report: ReportId;
  readonly metric: TotalName;
  readonly period: Period;
  readonly attributes: AttributeSet;
  /** As it is pushed: never below any value pushed before for this series. */
  readonly value: bigint;
  /** The same for scrapers. */
  readonly scraped: bigint;
  /** What the value is above the upstream's own sum, after a restatement downwards. */
  readonly debt: bigint;
  /** Stands for the series as long as it is published. */
  readonly series: object;
  /** For whom this is a first zero: to be followed by the value once it was seen. */
  readonly zeroFor: Channels;
}

/** What a series grew by since the last cut. */
export interface Growth {
  readonly metric: TotalName;
  readonly attributes: AttributeSet;
  /** Above zero. */
  readonly value: bigint;
}

/** The sum of one series over the UTC day. */
export interface DayPoint {
  readonly report: ReportId;
  readonly metric: TotalName;
  readonly attributes: AttributeSet;
  readonly value: bigint;
}

/** Cells of closed days that the upstream restated, counted since the start. */
export interface Revisions {
  readonly up: number;
  readonly down: number;
}

/** What a {@link Ledger} is for. */
export interface LedgerOptions {
  /** Whether growth is cut into deltas; what a report shows when it is first read is then behind them. */
  readonly cuts: boolean;
  /** Who is told the totals themselves. */
  readonly tells: Channels;
  /** Whether a series that appears later is exported as 0 first, to each of them. */
  readonly firstZeros: boolean;
}

const nobody: Channels = { pushed: false, scraped: false };

interface ReportState {
  readonly grouping: string;
  /** One stretch of whole days that was read without a gap; undefined before the first reading. */
  covered: { fromMs: number; toMs: number } | undefined;
  /** Whether a complete reading, of this process or of the restored state, came before the next one. */
  readBefore: boolean;
  /** Whether what it showed at first is behind the cuts. */
  cutting: boolean;
  readonly days: Map<number, DayTable>;
  readonly periods: Map<string, PeriodTable>;
  /** Periods that are final, with growth that no cut has yet: the last one was on its way for long. */
  uncut: PeriodTable[];
  revisions: { up: number; down: number };
}

/** So many series are walked through in one step. */
const stepSize = 500;

/**
 * Totals of reports that the upstream restates: each report replaces what was known of its days, and a total is the sum
 * of its period's cells, held at the highest value ever exported. Pure: time is an argument, nothing is read or written.
 * What takes long is a walk of many steps; between the steps of one walk no other may be begun.
 */
export class Ledger {
  readonly #options: LedgerOptions;
  /** Whom a series that appears later owes its first zero. */
  readonly #firstZeros: Channels;
  readonly #reports = new Map<ReportId, ReportState>();
  #version = 0;

  constructor(options: LedgerOptions = { cuts: false, tells: { pushed: true, scraped: false }, firstZeros: true }) {
    this.#options = options;
    this.#firstZeros = options.firstZeros ? options.tells : nobody;
  }

  /** Another one whenever there is something new to be kept over a restart. */
  get version(): number {
    return this.#version;
  }

  /**
   * Takes a complete report. Nothing has changed when it throws.
   * @returns `gap` when days between it and what is known were never read: the report is not taken, and a reading from
   *   the start of the oldest open period is needed.
   * @throws {RangeError} when its ends are no UTC midnights, or a cell lies outside of them.
   */
  *apply(report: Report): Generator<undefined, 'applied' | 'gap'> {
    const [fromMs, toMs] = [report.from.getTime(), report.to.getTime()];
    if (dayStart(fromMs) !== fromMs || dayStart(toMs) !== toMs || fromMs >= toMs) {
      throw new RangeError(`report ${report.id} does not span whole days`);
    }
    const tables = yield* DayTable.ofReport(report);
    const state = this.#stateOf(report.id, report.grouping);
    const covered = joins(report.id, state.covered, fromMs, toMs);
    if (covered === 'gap') return 'gap';

    const exported = new Set(published(state));
    for (let day = fromMs; day < toMs; day += dayMs) {
      const wasRead = covered !== undefined && day >= covered.fromMs && day < covered.toMs;
      const isOpen = day + dayMs === toMs;
      yield* this.#replaceDay(report.id, state, day, tables.get(day), wasRead && !isOpen);
    }
    state.covered = {
      fromMs: Math.min(fromMs, covered?.fromMs ?? fromMs),
      toMs: Math.max(toMs, covered?.toMs ?? toMs),
    };
    if (!state.readBefore) this.#version += 1;
    state.readBefore = true;
    if (this.#options.cuts && !state.cutting) yield* this.#beginCuts(state);
    letGo(report.id, state, exported);
    return 'applied';
  }

  /**
   * Every total that is published; from now on none of them falls below what is in it. A period is published until a
   * report of a day on which it is final: a wrong clock of this machine lets nothing go.
   */
  *totals(): Generator<TotalPoint, void> {
    const { tells } = this.#options;
    for (const [report, state] of this.#reports) {
      for (const table of published(state)) {
        for (const series of table.all()) {
          const { metric, attributes, owesZero: zeroFor } = series;
          const highestValue = highest(series);
          const [value, scraped] = [zeroFor.pushed ? 0n : highestValue, zeroFor.scraped ? 0n : highestValue];
          const isTold = (tells.pushed && !zeroFor.pushed) || (tells.scraped && !zeroFor.scraped);
          const sent = isTold ? highestValue : (series.sent ?? 0n);
          if (series.sent !== sent) this.#version += 1;
          series.sent = sent;
          yield { report, metric, period: table.period, attributes, value, scraped, debt: debtOf(series), series, zeroFor };
        }
      }
    }
  }

  /** Tells that these have seen the first zeros of these series: for them they are followed by their values from now on. */
  acknowledge(zeros: Iterable<object>, seenBy: keyof Channels): void {
    for (const series of zeros) {
      const { owesZero } = series as Series;
      (series as Series).owesZero = both(owesZero, { pushed: true, scraped: true, [seenBy]: false });
      this.#version += 1;
    }
  }

  /**
   * What grew since the last cut, in steps; from now on it is behind the cut. One {@link Growth} a series, whatever
   * periods it grew in.
   */
  *cut(): Generator<undefined, readonly Growth[]> {
    const grown = new Map<TotalName, Map<AttributeSet, bigint>>();
    let walked = 0;
    for (const state of this.#reports.values()) {
      for (const table of [...published(state), ...state.uncut]) {
        for (const series of table.all()) {
          if (++walked % stepSize === 0) yield;
          const value = highest(series);
          if (value === series.cut) continue;
          let ofMetric = grown.get(series.metric);
          if (ofMetric === undefined) grown.set(series.metric, (ofMetric = new Map<AttributeSet, bigint>()));
          ofMetric.set(series.attributes, (ofMetric.get(series.attributes) ?? 0n) + value - series.cut);
          series.cut = value;
          this.#version += 1;
        }
      }
      state.uncut = [];
    }
    return [...grown].flatMap(([metric, ofMetric]) => [...ofMetric].map(([attributes, value]) => ({ metric, attributes, value })));
  }

  /** What each series of a report has summed up on the UTC day of an instant; nothing before that day was read. */
  *day(report: ReportId, now: Date): Generator<DayPoint, void> {
    const table = this.#reports.get(report)?.days.get(dayStart(now.getTime()));
    for (const [metric, attributes, value] of table?.entries() ?? []) yield { report, metric, attributes, value };
  }

  /** Debt and number of the series that are published, by report and metric. */
  state(): { readonly report: ReportId; readonly metric: TotalName; readonly debt: bigint; readonly count: number }[] {
    const states = new Map<string, { report: ReportId; metric: TotalName; debt: bigint; count: number }>();
    for (const [report, reportState] of this.#reports) {
      for (const table of published(reportState)) {
        for (const series of table.all()) {
          const { metric } = series;
          let state = states.get(`${report}/${metric}`);
          if (state === undefined) states.set(`${report}/${metric}`, (state = { report, metric, debt: 0n, count: 0 }));
          state.debt += debtOf(series);
          state.count += 1;
        }
      }
    }
    return [...states.values()];
  }

  /** Restatements of a report's closed days. */
  revisions(report: ReportId): Revisions {
    return { ...(this.#reports.get(report)?.revisions ?? { up: 0, down: 0 }) };
  }

  /** The reports that were read. With {@link sentSeries} all that another ledger needs to go on. */
  sentReports(): SentReport[] {
    return [...this.#reports]
      .filter(([, { readBefore }]) => readBefore)
      .map(([report, { grouping, cutting }]) => ({ report, grouping, cutting }));
  }

  /** What was exported of every series that was, and of every series the growth that no cut has. */
  *sentSeries(): Generator<SentSeries, void> {
    for (const [report, { periods, uncut, cutting }] of this.#reports) {
      for (const table of [...periods.values(), ...uncut]) {
        const periodStartMs = table.period.startMs;
        for (const series of table.all()) {
          const { metric, attributes, sent, cut, owesZero } = series;
          const known = highest(series);
          const isUncut = cutting && known !== cut;
          if (sent === undefined && cut === 0n && !isUncut) continue;
          yield { report, periodStartMs, metric, attributes, ...(sent !== undefined && { sent }), cut, ...(isUncut && { known }), owesZero };
        }
      }
    }
  }

  /** Goes on from what another ledger told; before the first report. */
  restore(reports: readonly SentReport[], all: Iterable<SentSeries>): void {
    for (const { report, grouping, cutting } of reports) {
      const state = this.#stateOf(report, grouping);
      state.readBefore = true;
      // Growth that was exported as a total is not sent again as a delta: without cuts so far, they begin anew.
      state.cutting = cutting && this.#options.cuts;
    }
    for (const { report, periodStartMs, metric, attributes, sent, cut, known, owesZero } of all) {
      const state = this.#reports.get(report);
      if (state === undefined) continue;
      const table = periodTable(state, periodOf(report, periodStartMs));
      const series = table.series(metric, attributes, both(owesZero, this.#firstZeros));
      series.sent = sent;
      series.cut = cut;
      if (known !== undefined && state.cutting) table.keep(series, known);
    }
  }

  #stateOf(id: ReportId, grouping: string): ReportState {
    const known = this.#reports.get(id);
    if (known?.grouping === grouping) return known;
    const made: ReportState = {
      grouping,
      covered: undefined,
      readBefore: false,
      cutting: false,
      days: new Map(),
      periods: new Map(),
      uncut: [],
      revisions: known?.revisions ?? { up: 0, down: 0 },
    };
    this.#reports.set(id, made);
    return made;
  }

  *#replaceDay(id: ReportId, state: ReportState, day: number, next: DayTable | undefined, countRevisions: boolean): Generator<undefined, void> {
    // A period without any use is published too: its first series come with a zero.
    const table = periodTable(state, periodOf(id, day));
    const owesZero = state.readBefore ? this.#firstZeros : nobody;
    if (table.isKept) {
      table.forgetKept();
      this.#version += 1;
    }
    yield* DayTable.changes(state.days.get(day), next, (metric, attributes, was, is) => {
      table.series(metric, attributes, owesZero).sum += is - was;
      // Growth is kept before it is cut.
      if (this.#options.cuts) this.#version += 1;
      if (countRevisions) state.revisions[is > was ? 'up' : 'down'] += 1;
    });
    if (next === undefined) state.days.delete(day);
    else state.days.set(day, next);
  }

  /** What stands now is behind the first cut: a whole total is never a delta. */
  *#beginCuts(state: ReportState): Generator<undefined, void> {
    let walked = 0;
    for (const table of state.periods.values()) {
      for (const series of table.all()) {
        series.cut = highest(series);
        if (++walked % stepSize === 0) yield;
      }
    }
    state.cutting = true;
    this.#version += 1;
  }
}

function both(some: Channels, others: Channels): Channels {
  const [pushed, scraped] = [some.pushed && others.pushed, some.scraped && others.scraped];
  // Hundreds of thousands of series may owe nobody.
  return pushed || scraped ? { pushed, scraped } : nobody;
}

/** Drops periods that are final on the open day, and their days; what is known of them and not cut yet still will be. */
function letGo(id: ReportId, state: ReportState, exported: ReadonlySet<PeriodTable>): void {
  const { covered, periods, days, cutting } = state;
  if (covered === undefined) return;
  const openDayMs = covered.toMs - dayMs;
  for (const [name, table] of periods) {
    if (table.period.finalMs > openDayMs) continue;
    periods.delete(name);
    if (cutting && (exported.has(table) || table.isKept)) state.uncut.push(table);
  }
  const { startMs } = oldestOpenPeriod(id, openDayMs);
  for (const day of days.keys()) if (day < startMs) days.delete(day);
  covered.fromMs = Math.max(covered.fromMs, startMs);
}

/**
 * What a span is added to: what is covered so far, nothing, or neither. A span that begins with a period needs nothing
 * before it: after a long sleep all that was known belongs to older periods.
 */
function joins(id: ReportId, covered: ReportState['covered'], fromMs: number, toMs: number): ReportState['covered'] | 'gap' {
  if (covered === undefined || (fromMs <= covered.toMs && toMs >= covered.fromMs)) return covered;
  return fromMs > covered.toMs && periodOf(id, fromMs).startMs === fromMs ? undefined : 'gap';
}

/** Periods whose days were all read, from their first on. */
function* published({ covered, periods }: ReportState): Generator<PeriodTable, void> {
  if (covered === undefined) return;
  for (const table of periods.values()) {
    if (covered.fromMs <= table.period.startMs && covered.toMs > table.period.startMs) yield table;
  }
}

function periodTable({ periods }: ReportState, period: Period): PeriodTable {
  let table = periods.get(period.name);
  if (table === undefined) periods.set(period.name, (table = new PeriodTable(period)));
  return table;
}
