import { attributeSet } from '../../../src/model/attributes.ts';
import type { SentSeries, SentTotals } from '../../../src/model/sent-totals.ts';

/** More than one chunk on the disk. */
const count = 1_500;

/** What a generation's state says: every value tells which generation it is of. */
export function totalsOf(generation: number): SentTotals {
  return { account: 'default', reports: [{ report: 'anthropic-usage', grouping: 'all', cutting: true }], series: seriesOf(generation) };
}

/** The generation that totals are of, whole; undefined where there are none. @throws {Error} when they are of several. */
export function generationOf(totals: SentTotals | undefined): number | undefined {
  if (totals === undefined) return undefined;
  const found = [...totals.series];
  const generation = Number(found[0]?.cut);
  const isWhole = found.length === count && seriesOf(generation).every(({ sent, cut }, index) => found[index]?.sent === sent && found[index]?.cut === cut);
  if (!isWhole) throw new Error(`the totals are not those of generation ${generation}`);
  return generation;
}

function seriesOf(generation: number): SentSeries[] {
  return Array.from({ length: count }, (_, index) => ({
    report: 'anthropic-usage',
    periodStartMs: Date.UTC(2026, 10),
    metric: 'claude.tokens',
    attributes: attributeSet({ api_key_id: `apikey_01Fake${index}`, period: '2026-11' }),
    sent: BigInt(generation * count + index),
    cut: BigInt(generation),
    owesZero: { pushed: false, scraped: false },
  }));
}
