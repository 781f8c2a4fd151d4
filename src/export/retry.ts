import type { AttemptResult } from './attempt.ts';

/** Waits before the second, third, … attempt: doubling from a second to half a minute, each between half and the whole. */
const firstBackOffMs = 1_000;
const maxBackOffMs = 30_000;

/** What to do after an attempt. */
export type Decision = { readonly action: 'done' } | { readonly action: 'retry'; readonly waitMs: number };

/**
 * Whether and when to try again: only what OTLP calls retryable
 * (https://opentelemetry.io/docs/specs/otlp/#failures), never before the backend asked to, never past the deadline.
 * @param attempts attempts made so far, at least 1.
 * @param leftMs time left for this export.
 * @param random uniform in [0, 1).
 */
export function decide(result: AttemptResult, attempts: number, leftMs: number, random: number): Decision {
  if (result.status === 'acknowledged' || !result.retryable) return { action: 'done' };
  const wholeMs = Math.min(firstBackOffMs * 2 ** (attempts - 1), maxBackOffMs);
  const waitMs = Math.max(wholeMs * (0.5 + random / 2), result.retryAfterMs ?? 0);
  return waitMs < leftMs ? { action: 'retry', waitMs } : { action: 'done' };
}
