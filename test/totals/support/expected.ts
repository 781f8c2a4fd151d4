import type { SimulatedOrganization } from '../../../src/demo/anthropic/organization.ts';
import { seriesKey, truth } from '../../../src/demo/anthropic/truth.ts';
import type { AttributeSet } from '../../../src/model/attributes.ts';
import { dayMs, dayStart } from '../../../src/model/calendar.ts';
import { totalSpecs } from '../../../src/metrics/catalogue.ts';
import type { Report, ReportId, TotalName } from '../../../src/model/report.ts';
import { exported } from './backends.ts';
import { holds, same } from './broken.ts';

/** One total of one period, as it should be. */
export interface ExpectedSeries {
  readonly report: ReportId;
  readonly metric: TotalName;
  /** The same without its period. */
  readonly ids: string;
  readonly finalMs: number;
  /** Cells by day. */
  readonly days: Map<number, bigint>;
  /** Highest value that was exported, or that the cuts reach up to; undefined before the first. */
  sent: bigint | undefined;
  /** What the process before this one knew it to be, until it is read anew; with deltas alone. */
  known: bigint | undefined;
}

/** What must be known after a restart. */
interface Memory {
  readonly reports: ReadonlySet<ReportId>;
  readonly sent: ReadonlyMap<string, bigint>;
  /** With deltas: what each series of these reports was known to be. */
  readonly known: ReadonlyMap<string, bigint>;
}

const nothing: Memory = { reports: new Set(), sent: new Map(), known: new Map() };

/**
 * What must be exported, worked out in the plainest way from the reports that were read whole: every day is as its last
 * report had it, every series the sum of its days, and never below what was exported before.
 */
export class Expected {
  readonly #delta: boolean;
  readonly #series = new Map<string, ExpectedSeries>();
  readonly #openDays = new Map<ReportId, number>();
  #known = new Set<ReportId>();
  /** What is on the disk. */
  #kept = nothing;
  /** What this process has found there. */
  #found = nothing;
  /** Series that stood in the first reading of their report: they need no first zero. */
  readonly atFirst = new Set<string>();

  constructor(delta: boolean) {
    this.#delta = delta;
  }

  /** Takes a report that was read whole. */
  take(report: Report): void {
    const [fromMs, toMs] = [report.from.getTime(), report.to.getTime()];
    for (const { report: id, days } of this.#series.values()) {
      if (id === report.id) for (const day of days.keys()) if (day >= fromMs && day < toMs) days.delete(day);
    }
    for (const { metric, bucketStart, attributes, value } of report.cells) {
      const day = dayStart(bucketStart.getTime());
      const { name, finalMs } = periodAt(report.id, day);
      const key = keyOf(metric, name, attributes);
      let series = this.#series.get(key);
      if (series === undefined) {
        const ids = keyOf(metric, '', attributes);
        this.#series.set(key, (series = { report: report.id, metric, ids, finalMs, days: new Map<number, bigint>(), sent: this.#found.sent.get(key), known: undefined }));
      }
      series.days.set(day, (series.days.get(day) ?? 0n) + value);
    }
    const isFirst = !this.#openDays.has(report.id);
    this.#openDays.set(report.id, toMs - dayMs);
    // What is final by now is read by no process any more.
    if (isFirst) for (const [, series] of this.published()) if (series.report === report.id) series.known = undefined;
    if (this.#known.has(report.id)) return;
    this.#known.add(report.id);
    for (const [key, series] of this.#series) {
      if (series.report !== report.id) continue;
      this.atFirst.add(key);
      // A whole total is never a delta.
      if (this.#delta) series.sent = valueOf(series);
    }
  }

  /** Every series that is published. */
  *published(): Generator<[key: string, series: ExpectedSeries]> {
    for (const [key, series] of this.#series) {
      const openDay = this.#openDays.get(series.report);
      if (openDay !== undefined && series.finalMs > openDay) yield [key, series];
    }
  }

  /**
   * The totals of a collection are these, or first zeros. Nothing is changed when they are not.
   * @param mayBeZero where some are told another thing than others: whether these may see the zero of a series still.
   */
  checkTotals(values: ReadonlyMap<string, number>, mayBeZero?: (key: string) => boolean): void {
    const others = new Set(values.keys());
    const sent = new Map<ExpectedSeries, bigint>();
    for (const [key, series] of this.published()) {
      others.delete(key);
      const value = valueOf(series);
      const found = values.get(key);
      if (found === undefined) {
        same(value, 0n, () => `${key} is missing, and its value`);
      } else if (found === 0 && (mayBeZero?.(key) ?? (series.sent ?? 0n) === 0n) && !this.atFirst.has(key)) {
        sent.set(series, series.sent ?? 0n);
      } else {
        same(found, exported(series.metric, value), () => key);
        sent.set(series, value);
      }
    }
    same([...others], [], () => 'series that nothing tells of');
    for (const [series, value] of sent) series.sent = value;
  }

  /** What a cut made now has, by ids. */
  cut(): Map<string, { readonly metric: TotalName; value: bigint }> {
    const growth = new Map<string, { readonly metric: TotalName; value: bigint }>();
    for (const series of this.#series.values()) {
      // What became final while a cut was on its way is in the next one.
      if (!this.#openDays.has(series.report)) continue;
      const value = valueOf(series);
      const grown = value - (series.sent ?? 0n);
      series.sent = value;
      if (grown === 0n) continue;
      const known = growth.get(series.ids);
      if (known === undefined) growth.set(series.ids, { metric: series.metric, value: grown });
      else known.value += grown;
    }
    return growth;
  }

  /** What was exported is above the report by this much, in all that has the unit. */
  debt(report: ReportId, unit: '{token}' | 'USD'): bigint {
    let debt = 0n;
    for (const [, series] of this.published()) {
      if (series.report === report && totalSpecs[series.metric].unit === unit) debt += valueOf(series) - sumOf(series);
    }
    return debt;
  }

  /** What was exported so far is on the disk. */
  keep(): void {
    this.beforeKeep(this.#known)();
  }

  /**
   * What was exported so far is being written.
   * @param reports those that are among it.
   * @returns what is to be called when it is on the disk.
   */
  beforeKeep(reports: ReadonlySet<ReportId>): () => void {
    const sent = [...this.#series].flatMap(([key, series]) => (series.sent === undefined ? [] : [[key, series.sent] as const]));
    const known = [...this.#series].flatMap(([key, series]) => (this.#delta && reports.has(series.report) ? [[key, valueOf(series)] as const] : []));
    const memory = { reports: new Set(reports), sent: new Map(sent), known: new Map(known) };
    return () => (this.#kept = memory);
  }

  /** Another process goes on: with what is on the disk, or with nothing, also where the disk cannot be read. */
  restart(isDiskRead = true): void {
    const { reports, sent, known } = (this.#found = isDiskRead ? this.#kept : nothing);
    this.#openDays.clear();
    this.#known = new Set(reports);
    for (const [key, series] of this.#series) {
      series.days.clear();
      series.sent = sent.get(key);
      series.known = known.get(key);
      if (series.sent === undefined && series.known === undefined) this.#series.delete(key);
    }
  }

  /** Once all is shown and read: the report is the truth, in every series of every period that is published. */
  checkTruth(report: ReportId, organization: SimulatedOrganization): void {
    const openDay = this.#openDays.get(report);
    holds(openDay !== undefined, () => `${report} was never read`);
    const truths = truth(organization, report);
    for (const [key, series] of this.published()) {
      if (series.report === report) same(sumOf(series), truths.get(key)?.value ?? 0n, () => key);
    }
    for (const [key, { period, value }] of truths) {
      if (finalMsOf(report, period) > (openDay ?? 0)) same(sumOf(this.#series.get(key)), value, () => key);
    }
  }
}

/** Days after its period's end until a report is final. */
const finalAfterDays = { 'anthropic-usage': 3, 'anthropic-cost': 3, 'anthropic-analytics': 31, 'anthropic-claude-code': 1 } as const;

/** A period of a report. */
export interface ExpectedPeriod {
  readonly name: string;
  readonly finalMs: number;
}

const periods = new Map<string, ExpectedPeriod>();
/** The period that a day belongs to. */
export function periodAt(report: ReportId, day: number): ExpectedPeriod {
  const known = periods.get(`${report} ${day}`);
  if (known !== undefined) return known;
  const iso = new Date(day).toISOString();
  const name = iso.slice(0, report === 'anthropic-claude-code' ? 10 : 7);
  const period = { name, finalMs: finalMsOf(report, name) };
  periods.set(`${report} ${day}`, period);
  return period;
}

function finalMsOf(report: ReportId, name: string): number {
  const [year = 0, month = 0, day] = name.split('-').map(Number);
  const endMs = day === undefined ? Date.UTC(year, month, 1) : Date.UTC(year, month - 1, day + 1);
  return endMs + finalAfterDays[report] * dayMs;
}

const keys = new WeakMap<AttributeSet, Map<string, string>>();
/** Names a series; without a period by what a backend of deltas knows of it. */
export function keyOf(metric: TotalName, period: string, attributes: AttributeSet): string {
  let ofSet = keys.get(attributes);
  if (ofSet === undefined) keys.set(attributes, (ofSet = new Map<string, string>()));
  let key = ofSet.get(`${metric} ${period}`);
  if (key === undefined) ofSet.set(`${metric} ${period}`, (key = seriesKey(metric, period, attributes)));
  return key;
}

function sumOf(series: ExpectedSeries | undefined): bigint {
  let sum = 0n;
  for (const value of series?.days.values() ?? []) sum += value;
  return sum;
}

/** A counter is never negative. */
function valueOf(series: ExpectedSeries): bigint {
  const [sum, floor] = [series.known ?? sumOf(series), series.sent ?? 0n];
  return sum > floor ? sum : floor;
}

/** Where a report differs from what the organization's own events come to in its span, as shown at an instant. */
export function differences(report: Report, organization: SimulatedOrganization, atMs: number): string[] {
  const sums = new Map<string, bigint>();
  for (const { metric, bucketStart, attributes, value } of report.cells) {
    const key = keyOf(metric, periodAt(report.id, dayStart(bucketStart.getTime())).name, attributes);
    sums.set(key, (sums.get(key) ?? 0n) + value);
  }
  const from = truth(organization, report.id, { atMs, fromMs: report.from.getTime() });
  const beyond = truth(organization, report.id, { atMs, fromMs: report.to.getTime() });
  return [...new Set([...sums.keys(), ...from.keys()])].flatMap((key) => {
    const [read, shown] = [sums.get(key) ?? 0n, (from.get(key)?.value ?? 0n) - (beyond.get(key)?.value ?? 0n)];
    return read === shown ? [] : [`${key}: read ${read}, shown ${shown}`];
  });
}
