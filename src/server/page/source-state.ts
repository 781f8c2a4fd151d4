import type { SourceId } from '../../model/reading.ts';
import type { Reason } from '../../model/reasons.ts';

/** What is known of a source now. */
export interface SourceState {
  readonly source: SourceId;
  readonly account: string;
  /** Whether its last read succeeded in full; undefined before the first has ended. */
  readonly up?: boolean;
  /** What failed in its last read; messages have no secret. */
  readonly failures: readonly { readonly reason: Reason; readonly message: string }[];
  /** What the vendor withholds by design; no failures. */
  readonly notices: readonly string[];
  /** When it last answered in full. */
  readonly lastSuccessAt?: Date;
}

/** What became of the last push. */
export interface DeliveryState {
  readonly at: Date;
  readonly acknowledged: number;
  readonly rejected: number;
  readonly lost: number;
  /** Why points were rejected or lost. */
  readonly message?: string;
}
