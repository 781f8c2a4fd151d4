import type { AttributeSet } from '../model/attributes.ts';
import type { Report, ReportId, TotalName } from '../model/report.ts';
import { type Period, dayMs, dayStart, oldestOpenPeriod, periodOf } from '../model/calendar.ts';
import { DayTable } from './day-table.ts';
import type { SentSeries, SentTotals } from './sent-totals.ts';

/** One total as it is to be exported. */
export interface TotalPoint {
  readonly report: ReportId;
  readonly metric: TotalName;
  readonly period: Period;
  readonly attributes: AttributeSet;
  /** Never below any value exported before for this series. */
  readonly value: bigint;
  /** What the value is above the upstream's own sum, after a restatement downwards. */
  readonly debt: bigint;
}

/** The sum of one series over the UTC day. */
export interface DayPoint {
  readonly report: ReportId;
  readonly metric: TotalName;
  readonly attributes: AttributeSet;
  readonly value: bigint;
}

/** The totals of one cycle. */
export interface Snapshot {
  readonly totals: readonly TotalPoint[];
  /** Series that were exported as their first zero; see {@link Ledger.acknowledge}. */
  readonly zeros: ReadonlySet<object>;
}

/** Cells of closed days that the upstream restated, counted since the start. */
export interface Revisions {
  readonly up: number;
  readonly down: number;
}

interface Series {
  readonly metric: TotalName;
  readonly attributes: AttributeSet;
  /** Σ of the period's cells. */
  sum: bigint;
  /** Highest value exported; undefined before the first. */
  sent: bigint | undefined;
  /** To be exported as 0 until that was acknowledged: a backend that sees rises only must see the first one. */
  owesZero: boolean;
}

type SeriesTable = Map<TotalName, Map<AttributeSet, Series>>;

interface ReportState {
  grouping: string;
  /** One stretch of whole days that was read without a gap; undefined before the first reading. */
  covered: { fromMs: number; toMs: number } | undefined;
  /** Whether a complete reading, of this process or of the restored state, came before the next one. */
  readBefore: boolean;
  readonly days: Map<number, DayTable>;
  readonly periods: Map<string, { readonly period: Period; readonly series: SeriesTable }>;
  revisions: { up: number; down: number };
}

/**
 * Totals of reports that the upstream restates: each report replaces what was known of its days, and a total is the sum
 * of its period's cells, held at the highest value ever exported. Pure: time is an argument, nothing is read or written.
 */
export class Ledger {
  readonly #reports = new Map<ReportId, ReportState>();

  /**
   * Takes a complete report.
   * @returns `gap` when days between it and what is known were never read: the report is not taken, and a reading from
   *   the start of the oldest open period is needed.
   * @throws {RangeError} when its ends are no UTC midnights, or a cell lies outside of them.
   */
  apply(report: Report): 'applied' | 'gap' {
    const [fromMs, toMs] = [report.from.getTime(), report.to.getTime()];
    if (dayStart(fromMs) !== fromMs || dayStart(toMs) !== toMs || fromMs >= toMs) {
      throw new RangeError(`report ${report.id} does not span whole days`);
    }
    const state = this.#stateOf(report.id, report.grouping);
    const covered = joins(report.id, state.covered, fromMs, toMs);
    if (covered === 'gap') return 'gap';

    const tables = tablesOf(report, fromMs, toMs);
    for (let day = fromMs; day < toMs; day += dayMs) {
      const wasRead = covered !== undefined && day >= covered.fromMs && day < covered.toMs;
      const isOpen = day + dayMs === toMs;
      this.#replaceDay(report.id, state, day, tables.get(day), wasRead && !isOpen);
    }
    state.covered = {
      fromMs: Math.min(fromMs, covered?.fromMs ?? fromMs),
      toMs: Math.max(toMs, covered?.toMs ?? toMs),
    };
    state.readBefore = true;
    letGo(report.id, state);
    return 'applied';
  }

  /**
   * Every total that is published; from now on none of them falls below what is in it. A period is published until a
   * report of a day on which it is final: a wrong clock of this machine lets nothing go.
   */
  snapshot(): Snapshot {
    const totals: TotalPoint[] = [];
    const zeros = new Set<object>();
    for (const [report, state] of this.#reports) {
      for (const { period, series } of state.periods.values()) {
        if (!isPublished(state, period)) continue;
        for (const ofMetric of series.values()) {
          for (const one of ofMetric.values()) {
            if (one.owesZero) zeros.add(one);
            const value = one.owesZero ? 0n : highest(one);
            one.sent = value;
            totals.push({ report, metric: one.metric, period, attributes: one.attributes, value, debt: debtOf(one) });
          }
        }
      }
    }
    return { totals, zeros };
  }

  /** Tells that a snapshot reached the backend: its first zeros are followed by their values from now on. */
  acknowledge(snapshot: Snapshot): void {
    for (const series of snapshot.zeros) (series as Series).owesZero = false;
  }

  /** What each series of a report has summed up on the UTC day of an instant; nothing before that day was read. */
  day(report: ReportId, now: Date): DayPoint[] {
    const table = this.#reports.get(report)?.days.get(dayStart(now.getTime()));
    if (table === undefined) return [];
    return [...table.entries()].map(([metric, attributes, value]) => ({ report, metric, attributes, value }));
  }

  /** Debt and number of the exported series, by report and metric. */
  state(): { readonly report: ReportId; readonly metric: TotalName; readonly debt: bigint; readonly count: number }[] {
    const states = new Map<string, { report: ReportId; metric: TotalName; debt: bigint; count: number }>();
    for (const [report, { periods }] of this.#reports) {
      for (const { series } of periods.values()) {
        for (const [metric, ofMetric] of series) {
          const state = states.get(`${report}/${metric}`) ?? { report, metric, debt: 0n, count: 0 };
          states.set(`${report}/${metric}`, state);
          for (const one of ofMetric.values()) state.debt += debtOf(one);
          state.count += ofMetric.size;
        }
      }
    }
    return [...states.values()];
  }

  /** Restatements of a report's closed days. */
  revisions(report: ReportId): Revisions {
    return { ...(this.#reports.get(report)?.revisions ?? { up: 0, down: 0 }) };
  }

  /** What another agent needs to go on without a fall: the highest value exported of every series. */
  sent(): SentTotals[] {
    return [...this.#reports]
      .filter(([, { readBefore }]) => readBefore)
      .map(([report, { grouping, periods }]) => ({
        report,
        grouping,
        periods: [...periods.values()].map(({ period, series }) => ({ startMs: period.startMs, series: sentSeries(series) })),
      }));
  }

  /** Goes on from what {@link sent} told; before the first report. */
  restore(sent: readonly SentTotals[]): void {
    for (const { report, grouping, periods } of sent) {
      const state = this.#stateOf(report, grouping);
      state.readBefore = true;
      for (const { startMs, series } of periods) {
        const period = periodOf(report, startMs);
        for (const { metric, attributes, sent: value, owesZero } of series) {
          const restored = seriesOf(state, period, metric, attributes, owesZero);
          restored.sent = value;
        }
      }
    }
  }

  #stateOf(id: ReportId, grouping: string): ReportState {
    const known = this.#reports.get(id);
    if (known?.grouping === grouping) return known;
    const made: ReportState = {
      grouping,
      covered: undefined,
      readBefore: false,
      days: new Map(),
      periods: new Map(),
      revisions: known?.revisions ?? { up: 0, down: 0 },
    };
    this.#reports.set(id, made);
    return made;
  }

  #replaceDay(id: ReportId, state: ReportState, day: number, next: DayTable | undefined, countRevisions: boolean): void {
    const before = state.days.get(day);
    const period = periodOf(id, day);
    for (const [metric, attributes, was, is] of DayTable.changes(before, next)) {
      seriesOf(state, period, metric, attributes, state.readBefore).sum += is - was;
      if (countRevisions) state.revisions[is > was ? 'up' : 'down'] += 1;
    }
    // A period without any use is published too: its first series come with a zero.
    periodTable(state, period);
    if (next === undefined) state.days.delete(day);
    else state.days.set(day, next);
  }
}

/** Drops periods that are final on the open day, and their days. */
function letGo(id: ReportId, { covered, periods, days }: ReportState): void {
  if (covered === undefined) return;
  const openDayMs = covered.toMs - dayMs;
  for (const [name, { period }] of periods) if (period.finalMs <= openDayMs) periods.delete(name);
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

/** A period whose days were all read, from its first on. */
function isPublished({ covered }: ReportState, period: Period): boolean {
  return covered !== undefined && covered.fromMs <= period.startMs && covered.toMs > period.startMs;
}

/** A counter cannot be negative: credits beyond the use so far are debt, too. */
function highest({ sum, sent }: Series): bigint {
  const floor = sent ?? 0n;
  return sum > floor ? sum : floor;
}

function sentSeries(table: SeriesTable): SentSeries[] {
  const sent: SentSeries[] = [];
  for (const ofMetric of table.values()) {
    for (const { metric, attributes, sent: value, owesZero } of ofMetric.values()) {
      if (value !== undefined) sent.push({ metric, attributes, sent: value, owesZero });
    }
  }
  return sent;
}

/** By how much what was exported is above the report. */
function debtOf({ sum, sent }: Series): bigint {
  return sent !== undefined && sent > sum ? sent - sum : 0n;
}

function tablesOf(report: Report, fromMs: number, toMs: number): Map<number, DayTable> {
  const tables = new Map<number, DayTable>();
  for (const { metric, bucketStart, attributes, value } of report.cells) {
    const startMs = bucketStart.getTime();
    if (!(startMs >= fromMs && startMs < toMs)) throw new RangeError(`a cell of report ${report.id} is outside of its span`);
    const day = dayStart(startMs);
    let table = tables.get(day);
    if (table === undefined) tables.set(day, (table = new DayTable()));
    table.add(metric, attributes, value);
  }
  return tables;
}

function periodTable(state: ReportState, period: Period): SeriesTable {
  let entry = state.periods.get(period.name);
  if (entry === undefined) state.periods.set(period.name, (entry = { period, series: new Map() }));
  return entry.series;
}

function seriesOf(state: ReportState, period: Period, metric: TotalName, attributes: AttributeSet, owesZero: boolean): Series {
  const table = periodTable(state, period);
  let ofMetric = table.get(metric);
  if (ofMetric === undefined) table.set(metric, (ofMetric = new Map<AttributeSet, Series>()));
  let series = ofMetric.get(attributes);
  if (series === undefined) {
    ofMetric.set(attributes, (series = { metric, attributes, sum: 0n, sent: undefined, owesZero }));
  }
  return series;
}
