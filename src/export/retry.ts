import type { AttemptResult } from './attempt.ts';

/** Longest wait before the second attempt; it doubles with each further one. */
export const firstBackOffMs = 1_000;
const maxBackOffMs = 30_000;

/** An attempt gets a third of what is left, so that two more fit, but not less than this while there is as much. */
const shortestAttemptMs = 1_000;

/** With less than this left no attempt is begun: it would but hide the true cause behind a timeout. */
export const leastAttemptMs = 100;

/** How long one attempt may take of the time that is left for an export. */
export function shareOf(leftMs: number): number {
  return Math.max(1, leftMs / 3, Math.min(leftMs, shortestAttemptMs));
}

/**
 * The same after a request timed out: every other one shall have its attempt too.
 * @param rounds attempts that are still to come, one after the other.
 * @param slowestMs longest that an answer has taken; less than twice that would fail a backend that is only slow.
 */
export function fairShareOf(leftMs: number, rounds: number, slowestMs: number): number {
  if (rounds <= 1) return shareOf(leftMs);
  return Math.max(1, Math.min(shareOf(leftMs), Math.max(leftMs / rounds, 2 * slowestMs, leastAttemptMs)));
}

/** How long nothing else is sent over a lane where a backend that answers said no for now. */
export function pauseMs(random: number, backOffMs: number): number {
  return backOffMs * (0.5 + random / 2);
}

/** What to do after an attempt. */
export type Decision = { readonly action: 'done' } | { readonly action: 'retry'; readonly waitMs: number };

/** What a {@link decide} goes by. */
export interface Situation {
  /** Attempts made so far, at least 1. */
  readonly attempts: number;
  /** Time left for this export. */
  readonly leftMs: number;
  /** Uniform in [0, 1). */
  readonly random: number;
  /** As {@link firstBackOffMs}. */
  readonly backOffMs: number;
}

/**
 * Whether and when to try again: only what OTLP calls retryable
 * (https://opentelemetry.io/docs/specs/otlp/#failures), never before the backend asked to, never past the deadline. Waits
 * double up to half a minute; each is between half and the whole of it.
 */
export function decide(result: AttemptResult, { attempts, leftMs, random, backOffMs }: Situation): Decision {
  if (result.status === 'acknowledged' || !result.retryable) return { action: 'done' };
  const wholeMs = Math.min(backOffMs * 2 ** (attempts - 1), maxBackOffMs);
  const waitMs = Math.max(wholeMs * (0.5 + random / 2), result.retryAfterMs ?? 0);
  return waitMs + leastAttemptMs <= leftMs ? { action: 'retry', waitMs } : { action: 'done' };
}
