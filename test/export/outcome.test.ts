import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ExportOutcome, combine, isDelivered, summary, worst } from '../../src/export/outcome.ts';
import { propertySeed } from '../support/property.ts';

const outcomeOf = (points: number): fc.Arbitrary<ExportOutcome> =>
  fc.oneof(
    fc.constant({ acknowledged: points, rejected: 0, lost: 0 }),
    fc.constant({ acknowledged: 0, rejected: 0, lost: points, message: 'down', cause: 'UNAVAILABLE' }),
    fc.integer({ min: 0, max: points }).map((rejected) => ({ acknowledged: points - rejected, rejected, lost: 0, message: 'too old' })),
  );

const delivery = fc.nat({ max: 1_000 }).chain((points) =>
  fc.record({ points: fc.constant(points), outcomes: fc.array(outcomeOf(points), { minLength: 1, maxLength: 4 }) }),
);

test('acknowledged, rejected and lost add up to what was produced, however many backends get it', () => {
  fc.assert(
    fc.property(delivery, ({ points, outcomes }) => {
      const { acknowledged, rejected, lost } = combine(points, outcomes);
      expect(acknowledged + rejected + lost).toBe(points);
      expect(Math.min(acknowledged, rejected, lost)).toBeGreaterThanOrEqual(0);
    }),
    { seed: propertySeed },
  );
});

test('it is delivered only if every backend took every point', () => {
  fc.assert(
    fc.property(delivery, ({ points, outcomes }) => {
      expect(isDelivered(combine(points, outcomes))).toBe(outcomes.every(isDelivered));
    }),
    { seed: propertySeed },
  );
});

test('what one backend lost is lost, and both say why', () => {
  const outcome = combine(10, [
    { acknowledged: 10, rejected: 0, lost: 0, warning: 'slow down' },
    { acknowledged: 0, rejected: 0, lost: 10, cause: 'UNAVAILABLE', message: 'a is down' },
    { acknowledged: 7, rejected: 3, lost: 0, cause: 'rejected', message: 'b rejected 3' },
  ]);
  expect(outcome).toEqual({
    acknowledged: 0,
    rejected: 0,
    lost: 10,
    cause: 'UNAVAILABLE; rejected',
    message: 'a is down; b rejected 3',
    warning: 'slow down',
  });
});

test('with nobody to send to nothing is owed', () => {
  expect(combine(10, [])).toEqual({ acknowledged: 0, rejected: 0, lost: 0 });
});

test('of one request nothing is added to what it says', () => {
  const outcome = { acknowledged: 3, rejected: 2, lost: 0, cause: 'rejected', message: 'a rejected 2 of 5 points: too old', warning: 'slow down' };
  expect(summary([outcome])).toBe(outcome);
});

test('many requests are told in one line, by the cause that cost the most points', () => {
  const lost = (points: number, cause: string): ExportOutcome => ({ acknowledged: 0, rejected: 0, lost: points, cause, message: `${cause} it was` });
  const taken = { acknowledged: 1_000, rejected: 0, lost: 0, warning: 'slow down' };
  expect(summary([taken, lost(500, 'timeout'), taken, lost(300, 'UNAVAILABLE'), lost(300, 'UNAVAILABLE')])).toEqual({
    acknowledged: 2_000,
    rejected: 0,
    lost: 1_100,
    cause: 'UNAVAILABLE',
    message: 'UNAVAILABLE it was (3 of 5 requests; 1,100 of 3,100 points; also timeout)',
    warning: 'slow down',
  });
  expect(summary([taken, taken])).toEqual({ acknowledged: 2_000, rejected: 0, lost: 0, warning: 'slow down' });
});

test('a request fared as it did with the backend it fared worst with', () => {
  expect(worst(['acknowledged', 'lost', 'refused'])).toBe('lost');
  expect(worst(['refused', 'acknowledged'])).toBe('refused');
  expect(worst(['acknowledged'])).toBe('acknowledged');
});
