import type { AttributeSet } from '../model/attributes.ts';
import type { TotalName } from '../model/report.ts';

/** Sums of one UTC day by series. Sums of zero are not kept: they say what their absence says. */
export class DayTable {
  readonly #sums = new Map<TotalName, Map<AttributeSet, bigint>>();

  /** Adds to a series; rows that share an identity belong together. */
  add(metric: TotalName, attributes: AttributeSet, value: bigint): void {
    let ofMetric = this.#sums.get(metric);
    if (ofMetric === undefined) this.#sums.set(metric, (ofMetric = new Map<AttributeSet, bigint>()));
    const sum = (ofMetric.get(attributes) ?? 0n) + value;
    if (sum === 0n) ofMetric.delete(attributes);
    else ofMetric.set(attributes, sum);
  }

  /** Sum of a series. */
  get(metric: TotalName, attributes: AttributeSet): bigint {
    return this.#sums.get(metric)?.get(attributes) ?? 0n;
  }

  /** Every series with its sum. */
  *entries(): Generator<[TotalName, AttributeSet, bigint]> {
    for (const [metric, ofMetric] of this.#sums) {
      for (const [attributes, sum] of ofMetric) yield [metric, attributes, sum];
    }
  }

  /** Every series whose sum differs, with its sum before and after. */
  static *changes(
    before: DayTable | undefined,
    after: DayTable | undefined,
  ): Generator<[TotalName, AttributeSet, bigint, bigint]> {
    for (const [metric, attributes, was] of before?.entries() ?? []) {
      const is = after?.get(metric, attributes) ?? 0n;
      if (is !== was) yield [metric, attributes, was, is];
    }
    for (const [metric, attributes, is] of after?.entries() ?? []) {
      if (before === undefined || before.get(metric, attributes) === 0n) yield [metric, attributes, 0n, is];
    }
  }
}
