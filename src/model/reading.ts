import type { AttributeSet } from './attributes.ts';
import type { GaugeName } from './gauge-names.ts';
import type { Names } from './names.ts';
import type { Report } from './report.ts';
import type { SourceError } from './source-error.ts';

/** The upstreams, as they appear in the `source` attribute. */
export const sourceIds = [
  'claude-ai',
  'openrouter',
  'anthropic-usage',
  'anthropic-cost',
  'anthropic-analytics',
  'anthropic-claude-code',
  'anthropic-names',
  'anthropic-limits',
] as const;

/** One of {@link sourceIds}. */
export type SourceId = (typeof sourceIds)[number];

/** Whole seconds from the observation to an instant, at least 0. */
export interface SecondsUntil {
  readonly kind: 'seconds_until';
  readonly instant: Date;
}

/** Share of a window's time that is gone at the observation: 0 at its start, 1 at its end. */
export interface ShareElapsed {
  readonly kind: 'share_elapsed';
  readonly end: Date;
  readonly lengthMs: number;
}

/** One value of one series. The last two kinds of value are computed at each observation. */
export interface GaugePoint {
  readonly metric: GaugeName;
  readonly value: number | SecondsUntil | ShareElapsed;
  readonly attributes: AttributeSet;
  /** From this instant on the value is no longer true. */
  readonly validUntil?: Date;
}

/** Something to be said once, not a failure: what a vendor withholds by design, what the parser did not know. */
export interface Notice {
  readonly level: 'debug' | 'info';
  readonly text: string;
}

/** What one read of a source found. */
export interface Reading {
  readonly at: Date;
  readonly gauges: readonly GaugePoint[];
  /** Complete, or not there. */
  readonly report?: Report;
  /** Ids → names and owners. */
  readonly names?: Names;
  /** Parts that failed; not empty: the source counts as down, its good parts are exported all the same. */
  readonly failures: readonly SourceError[];
  readonly notices: readonly Notice[];
}

/** What a source gets to read with. */
export interface ReadContext {
  /** Aborted at the read's deadline, or when it has ended. */
  readonly signal: AbortSignal;
  readonly now: Date;
  /**
   * Reads a part that may go on failing while others answer: after a failure it is left alone for as long as a whole source is,
   * and meanwhile that failure is thrown again in its place. Absent: nobody keeps the wait.
   * @param name tells it from the source's other parts.
   * @throws {SourceError}
   */
  readonly part?: <T>(name: string, read: () => Promise<T>) => Promise<T>;
}

/** One upstream of one account. It knows nothing of OpenTelemetry, of other sources, or of schedules. */
export interface Source {
  readonly id: SourceId;
  /** The name the user gave the account; constant while running. */
  readonly account: string;
  readonly intervalMs: number;
  /**
   * Reads the upstream once.
   * @throws {SourceError} when nothing can be said.
   */
  read(context: ReadContext): Promise<Reading>;
}
