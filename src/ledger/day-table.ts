import type { AttributeSet } from '../model/attributes.ts';
import { dayStart } from '../model/calendar.ts';
import type { Report, TotalName } from '../model/report.ts';

/** So many are walked through in one step. */
const stepSize = 500;

/** Sums of one UTC day by series. Sums of zero are not kept: they say what their absence says. */
export class DayTable {
  readonly #sums = new Map<TotalName, Map<AttributeSet, bigint>>();

  /**
   * The days of a report, in steps.
   * @throws {RangeError} when a cell lies outside of the report's span.
   */
  static *ofReport(report: Report): Generator<undefined, Map<number, DayTable>> {
    const [fromMs, toMs] = [report.from.getTime(), report.to.getTime()];
    const tables = new Map<number, DayTable>();
    let walked = 0;
    for (const { metric, bucketStart, attributes, value } of report.cells) {
      const startMs = bucketStart.getTime();
      if (!(startMs >= fromMs && startMs < toMs)) throw new RangeError(`a cell of report ${report.id} is outside of its span`);
      const day = dayStart(startMs);
      let table = tables.get(day);
      if (table === undefined) tables.set(day, (table = new DayTable()));
      table.#add(metric, attributes, value);
      if (++walked % stepSize === 0) yield;
    }
    return tables;
  }

  /** Every series with its sum. */
  *entries(): Generator<[TotalName, AttributeSet, bigint]> {
    for (const [metric, ofMetric] of this.#sums) {
      for (const [attributes, sum] of ofMetric) yield [metric, attributes, sum];
    }
  }

  /**
   * Every series whose sum differs between two tables, in steps.
   * @param changed is told of each, with its sum before and after.
   */
  static *changes(
    before: DayTable | undefined,
    after: DayTable | undefined,
    changed: (metric: TotalName, attributes: AttributeSet, was: bigint, is: bigint) => void,
  ): Generator<undefined, void> {
    let walked = 0;
    for (const [metric, attributes, was] of before?.entries() ?? []) {
      const is = after === undefined ? 0n : after.#get(metric, attributes);
      if (is !== was) changed(metric, attributes, was, is);
      if (++walked % stepSize === 0) yield;
    }
    for (const [metric, attributes, is] of after?.entries() ?? []) {
      if (before === undefined || before.#get(metric, attributes) === 0n) changed(metric, attributes, 0n, is);
      if (++walked % stepSize === 0) yield;
    }
  }

  /** Adds to a series; rows that share an identity belong together. */
  #add(metric: TotalName, attributes: AttributeSet, value: bigint): void {
    let ofMetric = this.#sums.get(metric);
    if (ofMetric === undefined) this.#sums.set(metric, (ofMetric = new Map<AttributeSet, bigint>()));
    const sum = (ofMetric.get(attributes) ?? 0n) + value;
    if (sum === 0n) ofMetric.delete(attributes);
    else ofMetric.set(attributes, sum);
  }

  #get(metric: TotalName, attributes: AttributeSet): bigint {
    return this.#sums.get(metric)?.get(attributes) ?? 0n;
  }
}
