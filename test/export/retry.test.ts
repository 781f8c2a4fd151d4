import { expect, test } from 'vitest';
import type { FailedAttempt } from '../../src/export/attempt.ts';
import { decide, fairShareOf, shareOf } from '../../src/export/retry.ts';

const retryable: FailedAttempt = { status: 'failed', retryable: true, reconnect: false, cause: 'UNAVAILABLE', message: 'down' };
const situation = { attempts: 1, leftMs: 3_600_000, random: 0, backOffMs: 1_000 };

test('what was acknowledged, and what OTLP forbids to repeat, is not tried again', () => {
  expect(decide({ status: 'acknowledged', rejectedPoints: 3 }, situation)).toEqual({ action: 'done' });
  expect(decide({ ...retryable, retryable: false, retryAfterMs: 1 }, situation)).toEqual({ action: 'done' });
});

test.each([
  [1, 500, 1_000],
  [2, 1_000, 2_000],
  [4, 4_000, 8_000],
  [6, 15_000, 30_000],
  [40, 15_000, 30_000],
])('the wait after attempt %i is between %i and %i ms', (attempts, least, most) => {
  expect(decide(retryable, { ...situation, attempts, random: 0 })).toEqual({ action: 'retry', waitMs: least });
  const { waitMs } = decide(retryable, { ...situation, attempts, random: 0.999_999 }) as { waitMs: number };
  expect(waitMs).toBeLessThanOrEqual(most);
  expect(waitMs).toBeGreaterThan(most * 0.99);
});

test('a wish to wait is never undercut, and a short one does not shorten the own wait', () => {
  expect(decide({ ...retryable, retryAfterMs: 60_000 }, situation)).toEqual({ action: 'retry', waitMs: 60_000 });
  expect(decide({ ...retryable, retryAfterMs: 0 }, situation)).toEqual({ action: 'retry', waitMs: 500 });
});

test('nothing is waited for that leaves no time for another attempt', () => {
  expect(decide(retryable, { ...situation, leftMs: 600 })).toEqual({ action: 'retry', waitMs: 500 });
  expect(decide(retryable, { ...situation, leftMs: 599 })).toEqual({ action: 'done' });
  expect(decide({ ...retryable, retryAfterMs: 3_600_000 }, situation)).toEqual({ action: 'done' });
  expect(decide(retryable, { ...situation, leftMs: -1 })).toEqual({ action: 'done' });
});

test('an attempt gets a third of what is left, and no less than a second while there is one', () => {
  expect([28_500, 6_000, 2_000, 1_000, 400, 0, -5].map(shareOf)).toEqual([9_500, 2_000, 1_000, 1_000, 400, 1, 1]);
});

test.each([
  // The last attempts, or enough time for all: as ever.
  [6_000, 1, 0, 2_000],
  [600, 1, 0, 600],
  [6_000, 2, 0, 2_000],
  // Each round its part.
  [20_000, 40, 0, 500],
  // Twice the time of the slowest answer, but not more than a third.
  [20_000, 40, 400, 800],
  [20_000, 40, 60_000, 20_000 / 3],
  // Never so little that nobody could answer, while there is time.
  [2_000, 40, 0, 100],
  [0, 40, 0, 1],
])('with %i ms left for %i rounds, the slowest answer having taken %i ms, an attempt gets %i ms', (leftMs, rounds, slowestMs, expected) => {
  expect(fairShareOf(leftMs, rounds, slowestMs)).toBe(expected);
});
