import type { AttributeSet } from '../model/attributes.ts';
import type { ReportId, TotalName } from '../model/report.ts';

/** What was exported of one report; kept over restarts. That it was read at all counts, also without any period. */
export interface SentTotals {
  readonly report: ReportId;
  readonly grouping: string;
  readonly periods: readonly { readonly startMs: number; readonly series: readonly SentSeries[] }[];
}

/** What was exported of one series. */
export interface SentSeries {
  readonly metric: TotalName;
  readonly attributes: AttributeSet;
  /** Highest value exported. */
  readonly sent: bigint;
  /** Whether that was a first zero that no backend has acknowledged. */
  readonly owesZero: boolean;
}
