import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseCents, toDollars } from '../../src/model/money.ts';

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

test.each(['1e3', 'abc', '', ' 1', '1.', '.5', '+1', '1,5', '0x10', 'NaN', '0.00000000000001', '1'.repeat(19)])(
  '%j is no amount',
  (text) => {
    expect(parseCents(text)).toBeUndefined();
  },
);

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
  );
});
