import type { AttributeSet } from '../model/attributes.ts';
import { dayStart } from '../model/calendar.ts';
import type { Report, TotalName } from '../model/report.ts';

/** So many are walked through in one step. */
const stepSize = 500;

/** The sums of one metric, side by side: a large organization's month has more than a million of them. */
interface Column {
  readonly series: readonly AttributeSet[];
  /** Eight bytes each where all of them fit. */
  readonly sums: BigInt64Array | readonly bigint[];
}

type Sums = Map<TotalName, Map<AttributeSet, bigint>>;

/** Told of a series whose sum differs, before and after. */
export type OnChange = (metric: TotalName, attributes: AttributeSet, was: bigint, is: bigint) => void;

/** Sums of one UTC day by series. Sums of zero are not kept: they say what their absence says. */
export class DayTable {
  readonly #columns: ReadonlyMap<TotalName, Column>;

  constructor(sums: Sums = new Map()) {
    this.#columns = new Map([...sums].map(([metric, ofMetric]) => [metric, columnOf(ofMetric)]));
  }

  /**
   * The days of a report, in steps.
   * @throws {RangeError} when a cell lies outside of the report's span.
   */
  static *ofReport(report: Report): Generator<undefined, Map<number, DayTable>> {
    const [fromMs, toMs] = [report.from.getTime(), report.to.getTime()];
    const days = new Map<number, Sums>();
    let walked = 0;
    for (const { metric, bucketStart, attributes, value } of report.cells) {
      const startMs = bucketStart.getTime();
      if (!(startMs >= fromMs && startMs < toMs)) throw new RangeError(`a cell of report ${report.id} is outside of its span`);
      const day = dayStart(startMs);
      let sums = days.get(day);
      if (sums === undefined) days.set(day, (sums = new Map<TotalName, Map<AttributeSet, bigint>>()));
      add(sums, metric, attributes, value);
      if (++walked % stepSize === 0) yield;
    }
    const tables = new Map<number, DayTable>();
    for (const [day, sums] of days) {
      tables.set(day, new DayTable(sums));
      days.delete(day);
      yield;
    }
    return tables;
  }

  /** Every series with its sum. */
  *entries(): Generator<[TotalName, AttributeSet, bigint], void> {
    for (const [metric, { series, sums }] of this.#columns) {
      for (const [index, attributes] of series.entries()) yield [metric, attributes, sums[index] ?? 0n];
    }
  }

  /** Every series whose sum differs between two tables, in steps. */
  static *changes(before: DayTable | undefined, after: DayTable | undefined, onChange: OnChange): Generator<undefined, void> {
    const [old, fresh] = [before ?? nothing, after ?? nothing];
    const metrics = new Set([...old.#columns.keys(), ...fresh.#columns.keys()]);
    let walked = 0;
    for (const metric of metrics) {
      const left = new Map<AttributeSet, bigint>();
      for (const [attributes, was] of old.#sums(metric)) {
        left.set(attributes, was);
        if (++walked % stepSize === 0) yield;
      }
      for (const [attributes, is] of fresh.#sums(metric)) {
        const was = left.get(attributes) ?? 0n;
        left.delete(attributes);
        if (is !== was) onChange(metric, attributes, was, is);
        if (++walked % stepSize === 0) yield;
      }
      for (const [attributes, was] of left) {
        onChange(metric, attributes, was, 0n);
        if (++walked % stepSize === 0) yield;
      }
    }
  }

  *#sums(metric: TotalName): Generator<[AttributeSet, bigint], void> {
    const column = this.#columns.get(metric);
    for (const [index, attributes] of column?.series.entries() ?? []) yield [attributes, column?.sums[index] ?? 0n];
  }
}

const nothing = new DayTable();

/** Adds to a series; rows that share an identity belong together. */
function add(sums: Sums, metric: TotalName, attributes: AttributeSet, value: bigint): void {
  let ofMetric = sums.get(metric);
  if (ofMetric === undefined) sums.set(metric, (ofMetric = new Map<AttributeSet, bigint>()));
  const sum = (ofMetric.get(attributes) ?? 0n) + value;
  if (sum === 0n) ofMetric.delete(attributes);
  else ofMetric.set(attributes, sum);
}

function columnOf(ofMetric: ReadonlyMap<AttributeSet, bigint>): Column {
  const sums = [...ofMetric.values()];
  const fit = sums.every((sum) => BigInt.asIntN(64, sum) === sum);
  return { series: [...ofMetric.keys()], sums: fit ? BigInt64Array.from(sums) : sums };
}
