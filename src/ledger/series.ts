import type { AttributeSet } from '../model/attributes.ts';
import type { Period } from '../model/calendar.ts';
import type { TotalName } from '../model/report.ts';
import type { Channels } from '../model/sent-totals.ts';

/** One total of one period. */
export interface Series {
  readonly metric: TotalName;
  readonly attributes: AttributeSet;
  /** Σ of the period's cells. */
  sum: bigint;
  /** Highest value exported as a total; undefined before the first. */
  sent: bigint | undefined;
  /** What all cuts reach up to; 0 where nothing is cut. */
  cut: bigint;
  /** To whom it is exported as 0 until that was seen: who sees rises only must see the first one. */
  owesZero: Channels;
}

/** The series of one period. */
export class PeriodTable {
  readonly period: Period;
  #isKept = false;
  readonly #series = new Map<TotalName, Map<AttributeSet, Series>>();

  constructor(period: Period) {
    this.period = period;
  }

  /** The series of these attributes; made when there is none, owing these a zero. */
  series(metric: TotalName, attributes: AttributeSet, owesZero: Channels): Series {
    let ofMetric = this.#series.get(metric);
    if (ofMetric === undefined) this.#series.set(metric, (ofMetric = new Map<AttributeSet, Series>()));
    let series = ofMetric.get(attributes);
    if (series === undefined) {
      series = { metric, attributes, sum: 0n, sent: undefined, cut: 0n, owesZero };
      ofMetric.set(attributes, series);
    }
    return series;
  }

  /** Whether its sums are what the process before this one knew, of growth that no cut has: until a report has its days. */
  get isKept(): boolean {
    return this.#isKept;
  }

  /** Takes what the process before this one knew of a series. */
  keep(series: Series, known: bigint): void {
    series.sum = known;
    this.#isKept = true;
  }

  /** Its days are read anew. */
  forgetKept(): void {
    this.#isKept = false;
    for (const series of this.all()) series.sum = 0n;
  }

  *all(): Generator<Series> {
    for (const ofMetric of this.#series.values()) yield* ofMetric.values();
  }
}

/** Highest value that any backend was told of. */
function exported({ sent, cut }: Series): bigint {
  return sent !== undefined && sent > cut ? sent : cut;
}

/** Never below what any backend was told; a counter cannot be negative: credits beyond the use so far are debt, too. */
export function highest(series: Series): bigint {
  const floor = exported(series);
  return series.sum > floor ? series.sum : floor;
}

/** By how much what was exported is above the report. */
export function debtOf(series: Series): bigint {
  const value = exported(series);
  return value > series.sum ? value - series.sum : 0n;
}
