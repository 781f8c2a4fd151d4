import type { AttributeSet } from './attributes.ts';

/** The reports of the Admin API that totals are made from. */
export const reportIds = ['anthropic-usage', 'anthropic-cost', 'anthropic-analytics', 'anthropic-claude-code'] as const;

/** One of {@link reportIds}. */
export type ReportId = (typeof reportIds)[number];

/** Every total that a report may fill. What each means stands in the catalogue (metrics/catalogue.ts). */
export const totalNames = [
  'claude.tokens',
  'claude.web_searches',
  'claude.cost',
  'claude.requests',
  'claude.api_key.cost',
  'claude.analytics.code.sessions',
  'claude.analytics.code.lines',
  'claude.analytics.code.commits',
  'claude.analytics.code.pull_requests',
  'claude.analytics.code.tool_decisions',
  'claude.analytics.code.tokens',
  'claude.analytics.code.cost',
] as const;

/** One of {@link totalNames}. */
export type TotalName = (typeof totalNames)[number];

/**
 * What an upstream says of a time span, whole: it replaces everything known of `[from, to)`. Both ends are a UTC
 * midnight.
 */
export interface Report {
  readonly id: ReportId;
  /** The dimensions that cells are told apart by; another grouping is another key space. */
  readonly grouping: string;
  readonly from: Date;
  readonly to: Date;
  /** May be walked more than once. A month of a large organization has millions: they are made while they are walked. */
  readonly cells: Iterable<Cell>;
}

/** The value of one series in one bucket so far; the upstream restates it while its figures arrive. */
export interface Cell {
  readonly metric: TotalName;
  readonly bucketStart: Date;
  /** Ids only: names change. */
  readonly attributes: AttributeSet;
  /** A count, or money in {@link dollarUnits}; a credit is negative. */
  readonly value: bigint;
}

/** How many units of a money value are a dollar: amounts are decimal cents with sub-cent fractions, summed exactly. */
export const dollarUnits = 10n ** 15n;
