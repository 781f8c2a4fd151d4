import type { AttributeSet } from './attributes.ts';
import type { ReportId, TotalName } from './report.ts';

/** That a report was read, and how; kept over restarts. */
export interface SentReport {
  readonly report: ReportId;
  readonly grouping: string;
  /** Whether its growth is cut into deltas: what it showed when it was first read is behind them. */
  readonly cutting: boolean;
}

/** A question to each of those who may be told of totals: backends that they are pushed to, and scrapers. */
export interface Channels {
  readonly pushed: boolean;
  readonly scraped: boolean;
}

/** What was exported of one series; kept over restarts. */
export interface SentSeries {
  readonly report: ReportId;
  /** First instant of its period. */
  readonly periodStartMs: number;
  readonly metric: TotalName;
  readonly attributes: AttributeSet;
  /** Highest value exported as a total; absent before the first. */
  readonly sent?: bigint;
  /** What all cuts into deltas reach up to. */
  readonly cut: bigint;
  /** What is known of it where that is more than the cuts have: once its period is final no report tells it again. */
  readonly known?: bigint;
  /** Who has not seen its first zero yet. */
  readonly owesZero: Channels;
}

/** The growth of one series between two cuts; once made it never changes. */
export interface CutPoint {
  readonly metric: TotalName;
  /** As exported: with names, without a period. */
  readonly attributes: AttributeSet;
  readonly value: bigint;
}

/** A cut that is sent as it is until a backend has taken it, or refused it for good. */
export interface PendingCut {
  readonly startMs: number;
  readonly endMs: number;
  readonly points: readonly CutPoint[];
}

/** All that another agent needs to go on from here: no total falls, no growth is sent again or forgotten. */
export interface SentTotals {
  readonly account: string;
  /** End of the last cut. */
  readonly cutEndMs?: number;
  readonly pending?: PendingCut;
  readonly reports: readonly SentReport[];
  /** Walked once. */
  readonly series: Iterable<SentSeries>;
}
