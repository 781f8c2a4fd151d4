/** What became of one cycle's points. Their sum is what was produced. */
export interface ExportOutcome {
  readonly acknowledged: number;
  /** Refused by a backend that took the rest (partial success). */
  readonly rejected: number;
  readonly lost: number;
  /** Why points were lost or rejected, for people; absent when all were acknowledged. */
  readonly message?: string;
}

/** Whether everything that was owed was acknowledged. */
export function isDelivered(outcome: ExportOutcome): boolean {
  return outcome.rejected === 0 && outcome.lost === 0;
}
