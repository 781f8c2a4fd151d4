import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';

/** What became of one cycle's points. The three numbers add up to what was produced, however many backends get it. */
export interface ExportOutcome {
  readonly acknowledged: number;
  /** Refused by a backend that took the rest (partial success). */
  readonly rejected: number;
  readonly lost: number;
  /** What kind of failure it was, the same each time it happens; absent when all were acknowledged. */
  readonly cause?: string;
  /** Why points were lost or rejected, for people; absent when all were acknowledged. */
  readonly message?: string;
  /** What a backend that took everything has to say. */
  readonly warning?: string;
}

/** Whether everything that was owed was acknowledged. */
export function isDelivered(outcome: ExportOutcome): boolean {
  return outcome.rejected === 0 && outcome.lost === 0;
}

/**
 * The outcome of points that went to several backends: a point counts once, as acknowledged when all acknowledged it.
 * @param points how many there were.
 */
export function combine(points: number, outcomes: readonly ExportOutcome[]): ExportOutcome {
  // With nobody to send to, nothing was owed.
  if (outcomes.length === 0) return { acknowledged: 0, rejected: 0, lost: 0 };
  const lost = Math.max(...outcomes.map((outcome) => outcome.lost));
  const rejected = Math.min(points - lost, Math.max(...outcomes.map((outcome) => outcome.rejected)));
  const joined = (field: 'cause' | 'message' | 'warning'): object => {
    const texts = outcomes.map((outcome) => outcome[field]).filter((text) => text !== undefined);
    return texts.length === 0 ? {} : { [field]: texts.join('; ') };
  };
  return { acknowledged: points - rejected - lost, rejected, lost, ...joined('cause'), ...joined('message'), ...joined('warning') };
}

/** What became of the points of one request. */
export interface RequestResult {
  readonly metrics: ResourceMetrics;
  /** `refused`: for good, the same again would fare no better; `lost`: it may be sent again. */
  readonly settled: 'acknowledged' | 'refused' | 'lost';
}
