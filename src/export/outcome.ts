import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';

/** What became of one cycle's points, or of one request's. The three numbers add up to what was produced, however many backends get it. */
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
  /** A backend asked for so long to be sent nothing, which is beyond the cycle. */
  readonly heldUntil?: Date;
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
  const [heldUntil] = outcomes.flatMap((outcome) => outcome.heldUntil ?? []).sort((one, other) => other.getTime() - one.getTime());
  return { acknowledged: points - rejected - lost, rejected, lost, ...joined('cause'), ...joined('message'), ...joined('warning'), ...(heldUntil && { heldUntil }) };
}

/** How a request ended, worst first: `refused` would be refused again at any time, `lost` may be sent again. */
const settledBy = ['lost', 'refused', 'acknowledged'] as const;

/** How a request, or all of it at all backends, ended. */
export type Settled = (typeof settledBy)[number];

/** What became of the points of one request of a cycle. */
export interface RequestResult {
  readonly metrics: ResourceMetrics;
  /**
   * `acknowledged`: every backend took it; what some rejected of it (partial success) nobody can name, and the same again would
   * count the rest twice. `refused`: one refused it for good; the same sent again would never be taken. `lost`: it could be sent
   * again.
   */
  readonly settled: Settled;
}

/** The end of a request that went to several backends, by the one it fared worst with. */
export function worst(settled: readonly Settled[]): Settled {
  return settledBy.find((one) => settled.includes(one)) ?? 'acknowledged';
}

/** The numbers of several requests. */
export function total(outcomes: readonly ExportOutcome[]): ExportOutcome {
  const sum = { acknowledged: 0, rejected: 0, lost: 0 };
  for (const { acknowledged, rejected, lost } of outcomes) {
    sum.acknowledged += acknowledged;
    sum.rejected += rejected;
    sum.lost += lost;
  }
  return sum;
}

/**
 * The outcome of all requests to one backend. It is explained by what cost the most points, and says how much that and the
 * rest cost.
 */
export function summary(outcomes: readonly ExportOutcome[]): ExportOutcome {
  const [only] = outcomes;
  if (outcomes.length === 1 && only !== undefined) return only;
  const sum = total(outcomes);
  const warning = outcomes.find((outcome) => outcome.warning !== undefined)?.warning;
  const failed = outcomes.filter((outcome) => !isDelivered(outcome));
  const [main, ...others] = byCause(failed);
  const texts = { ...(main !== undefined && { cause: main.cause, message: explained(main.message) }), ...(warning !== undefined && { warning }) };
  return { ...sum, ...texts };

  function explained(message: string): string {
    const [count, points] = [sum.rejected + sum.lost, sum.acknowledged + sum.rejected + sum.lost].map((number) => number.toLocaleString('en-US'));
    const also = others.length === 0 ? '' : `; also ${others.map(({ cause }) => cause).join(', ')}`;
    return `${message} (${failed.length} of ${outcomes.length} requests; ${count} of ${points} points${also})`;
  }
}

/** Causes with their first message, the one that cost the most points first. */
function byCause(failed: readonly ExportOutcome[]): { readonly cause: string; readonly message: string; readonly points: number }[] {
  const causes = new Map<string, { readonly cause: string; readonly message: string; points: number }>();
  for (const { rejected, lost, cause = 'internal', message = 'points were lost' } of failed) {
    const known = causes.get(cause) ?? { cause, message, points: 0 };
    known.points += rejected + lost;
    causes.set(cause, known);
  }
  return [...causes.values()].sort((one, other) => other.points - one.points);
}
