import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { nextReset } from '../../../src/sources/openrouter/reset.ts';
import { propertyOptions, propertyTimeoutMs } from '../../support/property.ts';

// A day ahead of UTC for most of the day: a reset is UTC's, wherever the agent runs.
beforeAll(() => void vi.stubEnv('TZ', 'Pacific/Kiritimati'));
afterAll(() => void vi.unstubAllEnvs());

test.each([
  ['daily', '2026-11-21T12:00:00.000Z', '2026-11-22'],
  ['daily', '2026-11-21T00:00:00.000Z', '2026-11-22'],
  ['daily', '2026-11-20T23:59:59.999Z', '2026-11-21'],
  ['daily', '2026-11-30T12:00:00.000Z', '2026-12-01'],
  ['daily', '2026-12-31T23:59:59.999Z', '2027-01-01'],
  ['daily', '2028-02-28T12:00:00.000Z', '2028-02-29'],
  ['daily', '2028-02-29T12:00:00.000Z', '2028-03-01'],
  ['daily', '2026-02-28T12:00:00.000Z', '2026-03-01'],
  ['daily', '2100-02-28T12:00:00.000Z', '2100-03-01'],
  ['weekly', '2026-11-16T00:00:00.000Z', '2026-11-23'],
  ['weekly', '2026-11-17T12:00:00.000Z', '2026-11-23'],
  ['weekly', '2026-11-18T12:00:00.000Z', '2026-11-23'],
  ['weekly', '2026-11-19T12:00:00.000Z', '2026-11-23'],
  ['weekly', '2026-11-20T12:00:00.000Z', '2026-11-23'],
  ['weekly', '2026-11-21T12:00:00.000Z', '2026-11-23'],
  ['weekly', '2026-11-22T23:59:59.999Z', '2026-11-23'],
  ['weekly', '2026-11-23T00:00:00.000Z', '2026-11-30'],
  ['weekly', '2026-12-31T12:00:00.000Z', '2027-01-04'],
  ['weekly', '2028-02-29T12:00:00.000Z', '2028-03-06'],
  ['monthly', '2026-11-01T00:00:00.000Z', '2026-12-01'],
  ['monthly', '2026-01-31T23:59:59.999Z', '2026-02-01'],
  ['monthly', '2026-12-15T12:00:00.000Z', '2027-01-01'],
  ['monthly', '2028-02-29T12:00:00.000Z', '2028-03-01'],
])('a %s limit at %s resets on %s', (limitReset, now, day) => {
  expect(nextReset(limitReset, new Date(now))).toEqual(new Date(`${day}T00:00:00.000Z`));
});

test.each([null, undefined, '', 'yearly', 'Daily', 'total', 7, ['daily'], { period: 'daily' }])('a limit that resets %j has no instant', (limitReset) => {
  expect(nextReset(limitReset, new Date('2026-11-21T12:00:00Z'))).toBeUndefined();
});

test('a reset is a midnight to come, of a Monday or a first where it has to be', { timeout: propertyTimeoutMs }, () => {
  const instants = fc.date({ min: new Date('2020-01-01'), max: new Date('2199-12-31'), noInvalidDate: true });
  const periods = fc.constantFrom<'daily' | 'weekly' | 'monthly'>('daily', 'weekly', 'monthly');
  fc.assert(
    fc.property(instants, periods, (now, period) => {
      const reset = nextReset(period, now) ?? new Date(Number.NaN);
      const days = { daily: 1, weekly: 7, monthly: 31 }[period];
      expect(reset.toISOString()).toMatch(/T00:00:00\.000Z$/);
      expect(reset.getTime()).toBeGreaterThan(now.getTime());
      expect(reset.getTime() - now.getTime()).toBeLessThanOrEqual(days * 86_400_000);
      if (period === 'weekly') expect(reset.getUTCDay()).toBe(1);
      if (period === 'monthly') expect(reset.getUTCDate()).toBe(1);
    }),
    propertyOptions(),
  );
});
