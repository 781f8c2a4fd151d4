import { expect, test } from 'vitest';
import { clockText, durationText, moneyText, percentText } from '../../src/model/format.ts';

test.each([
  [0, '0 %'],
  [0.0004, '<0.1 %'],
  [0.29, '29 %'],
  [0.2298, '22.9 %'],
  [0.999, '99.9 %'],
  [0.9999, '99.9 %'],
  [1, '100 %'],
  [1.42, '142 %'],
  [12.345, '1234 %'],
])('a share of %f is %s, never rounded up', (share, text) => {
  expect(percentText(share)).toBe(text);
});

test.each([
  [12.3, 'USD', '$12.30'],
  [-2.1, 'USD', '-$2.10'],
  [0, 'USD', '$0.00'],
  [0.000_25, 'USD', '$0.00025'],
  [1234567.891, 'EUR', '€1,234,567.89'],
  [500, 'JPY', '¥500'],
  [3.5, 'XYZ', 'XYZ 3.50'],
])('an amount of %f %s is %s', (amount, currency, text) => {
  expect(moneyText(amount, currency)).toBe(text);
});

test.each([
  [0, '0s'],
  [45, '45s'],
  [61, '1m'],
  [5399, '1h 29m'],
  [86_400, '1d'],
  [9 * 86_400 + 57 * 60, '9d'],
  [6 * 86_400 + 23 * 3600 + 59 * 60, '6d 23h'],
])('%i seconds are %s', (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});

const now = new Date('2026-10-02T12:00:00Z');

test.each([
  ['2026-10-02T23:14:00Z', '23:14'],
  // Resets are named some milliseconds before the minute that is meant.
  ['2026-10-02T22:59:59.926Z', '23:00'],
  ['2026-10-05T22:59:59.926Z', 'Mon 23:00'],
  ['2026-10-09T00:00:00Z', '9 Oct'],
  ['2027-01-02T00:00:00Z', '2 Jan'],
  ['2028-01-02T00:00:00Z', '2 Jan 2028'],
])('%s is said as %s', (instant, text) => {
  expect(clockText(new Date(instant), now, 'UTC')).toBe(text);
});
