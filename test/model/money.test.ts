import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseCents, parseCentsNumber, toDollars } from '../../src/model/money.ts';
import { propertySeed } from '../support/property.ts';

test.each([
  ['123.45', 1.2345],
  ['12378.9125', 123.789125],
  ['0.0000625', 0.000000625],
  ['-5', -0.05],
  ['412', 4.12],
  ['0.0000000000001', 1e-15],
  ['007.10', 0.071],
])('%s cents are %d dollars', (text, dollars) => {
  expect(toDollars(parseCents(text) ?? 0n)).toBe(dollars);
});

const million = 1_000_000;

test.each([
  ...['1e3', '1e9999999', 'abc', '', '-', ' 1', '1.', '.5', '+1', '1,5', '1.2.3', '0x10', 'NaN', '1'.repeat(19), '1'.repeat(million)],
  ...[`0.${'1'.repeat(million)}x`, `1.${'0'.repeat(million)}e3`],
])('%# is no amount', (text) => {
  expect(parseCents(text)).toBeUndefined();
});

// A unit is the thirteenth decimal of a cent.
test.each<[text: string, units: bigint]>([
  ['8.88000000000001', 88_800_000_000_000n],
  ['0.00000000000005', 1n],
  ['0.00000000000004999', 0n],
  ['-0.00000000000005', -1n],
  ['-0.00000000000004999', 0n],
  ['0.99999999999995', 10n ** 13n],
  [`33.${'3'.repeat(60)}`, 333_333_333_333_333n],
  [`-66.${'6'.repeat(60)}`, -666_666_666_666_667n],
  [`999999999999999999.${'9'.repeat(14)}`, 10n ** 31n],
])('%s cents are rounded to %d units', (text, units) => {
  expect(parseCents(text)).toBe(units);
});

test('however many decimals an amount has, it is worth the nearest unit', () => {
  expect(parseCents(`1.5${'9'.repeat(million)}`)).toBe(16n * 10n ** 12n);
  const amount = fc.tuple(fc.boolean(), fc.bigInt(0n, 10n ** 30n), fc.integer({ min: 0, max: 40 }));
  fc.assert(
    fc.property(amount, ([isCredit, digits, places]) => {
      const padded = digits.toString().padStart(places + 1, '0');
      const whole = padded.slice(0, padded.length - places);
      fc.pre(whole.length <= 18);
      const value = parseCents(`${isCredit ? '-' : ''}${whole}${places === 0 ? '' : `.${padded.slice(-places)}`}`) ?? 0n;
      // Both as 10^-40 cents: no more than half a unit from what was said, and away from zero where it is just that.
      const [said, read, unit] = [digits * 10n ** BigInt(40 - places), (isCredit ? -value : value) * 10n ** 27n, 10n ** 27n];
      expect(2n * (read - said)).toBeGreaterThan(-unit);
      expect(2n * (read - said)).toBeLessThanOrEqual(unit);
    }),
    { seed: propertySeed },
  );
});

test('sums of amounts are exact, in whatever order', () => {
  const amount = fc.tuple(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 999_999 }));
  fc.assert(
    fc.property(fc.array(amount, { maxLength: 50 }), (amounts) => {
      const texts = amounts.map(([whole, fraction]) => `${whole}.${String(fraction).padStart(6, '0')}`);
      const sum = texts.reduce((total, text) => total + (parseCents(text) ?? 0n), 0n);
      const millionths = amounts.reduce(
        (total, [whole, fraction]) => total + (BigInt(whole) * 1_000_000n + BigInt(whole < 0 ? -fraction : fraction)),
        0n,
      );
      expect(sum).toBe(millionths * 10n ** 7n);
    }),
    { seed: propertySeed },
  );
});

test.each<[cents: number, units: bigint]>([
  [0, 0n],
  [186, 1_860_000_000_000_000n],
  [1e-7, 1_000_000n],
  [-2.5, -25_000_000_000_000n],
  [1e17, 10n ** 30n],
  // Half a unit goes up, less goes down.
  [5e-14, 1n],
  [4e-14, 0n],
  [1e-300, 0n],
])('the number %d of cents is %d units', (cents, units) => {
  expect(parseCentsNumber(cents)).toBe(units);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, 1e18, -1e18, '186', null, undefined, true, {}])('%j is no number of cents', (cents) => {
  expect(parseCentsNumber(cents)).toBeUndefined();
});

test('a number of cents is worth what its decimal text is', () => {
  fc.assert(
    fc.property(fc.integer({ min: -999_999_999, max: 999_999_999 }), fc.integer({ min: 0, max: 20 }), (digits, places) => {
      const text = `${digits < 0 ? '-' : ''}${String(Math.abs(digits)).padStart(places + 1, '0')}`;
      const decimal = places === 0 ? text : `${text.slice(0, -places)}.${text.slice(-places)}`;
      expect(parseCentsNumber(Number(decimal))).toBe(parseCents(decimal));
    }),
    { seed: propertySeed },
  );
});
