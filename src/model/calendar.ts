import type { ReportId } from './report.ts';

/** Milliseconds of a UTC day: UTC has no summer time, and POSIX time no leap seconds. */
export const dayMs = 24 * 60 * 60 * 1000;

/** The UTC midnight at or before an instant. */
export function dayStart(instantMs: number): number {
  return Math.floor(instantMs / dayMs) * dayMs;
}

/** A stretch of time that totals are summed over, part of a series' identity. */
export interface Period {
  /** `2026-11` for a month, `2026-11-21` for a day. */
  readonly name: string;
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
  /** From here on the upstream no longer restates it, and it is no longer published. */
  readonly finalMs: number;
}

/** Days after a period's end until its figures are final (DESIGN, totals). */
const finalAfterDays: Readonly<Record<ReportId, number>> = {
  'anthropic-usage': 3,
  'anthropic-cost': 3,
  'anthropic-analytics': 31,
  'anthropic-claude-code': 1,
};

/** The period an instant belongs to: the UTC month; for Claude Code the UTC day. */
export function periodOf(report: ReportId, instantMs: number): Period {
  const instant = new Date(instantMs);
  const [year, month, day] = [instant.getUTCFullYear(), instant.getUTCMonth(), instant.getUTCDate()];
  const daily = report === 'anthropic-claude-code';
  const startMs = Date.UTC(year, month, daily ? day : 1);
  const endMs = daily ? startMs + dayMs : Date.UTC(year, month + 1, 1);
  return {
    name: new Date(startMs).toISOString().slice(0, daily ? 10 : 7),
    startMs,
    endMs,
    finalMs: endMs + finalAfterDays[report] * dayMs,
  };
}

/** Start of the oldest period that is not final at an instant: where a first reading begins. */
export function oldestOpenPeriod(report: ReportId, nowMs: number): Period {
  let period = periodOf(report, nowMs);
  for (let before = periodOf(report, period.startMs - 1); before.finalMs > nowMs; before = periodOf(report, before.startMs - 1)) {
    period = before;
  }
  return period;
}
