import { dollarUnits } from './report.ts';

const decimal = /^(-)?(\d{1,18})(?:\.(\d{1,40}))?$/;
const centUnits = dollarUnits / 100n;
const centPlaces = centUnits.toString().length - 1;

/**
 * Decimal text in cents (`12378.9125`) as whole units of {@link dollarUnits}; no float takes part.
 * @returns undefined for anything else (`1e3`, `abc`, an empty text), and for digits finer than a unit.
 */
export function parseCents(text: string): bigint | undefined {
  const match = decimal.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = ''] = match;
  const places = fraction.replace(/0+$/, '').padEnd(centPlaces, '0');
  if (places.length > centPlaces) return undefined;
  const units = BigInt(whole) * centUnits + BigInt(places);
  return sign === undefined ? units : -units;
}

const shortestText = /^(-)?(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/;

/**
 * A JSON number of cents (`186`, `1e-7`) as units of {@link dollarUnits}: its shortest decimal text, exactly; no float
 * takes part. What is finer than a unit is rounded to the nearest one: a double that the upstream has summed up ends in
 * digits that are nobody's money.
 * @returns undefined for what is no number, not finite, or from 10¹⁸ cents on.
 */
export function parseCentsNumber(cents: unknown): bigint | undefined {
  if (typeof cents !== 'number' || !Number.isFinite(cents) || Math.abs(cents) >= 1e18) return undefined;
  const match = shortestText.exec(String(cents));
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const digits = BigInt(whole + fraction);
  const places = centPlaces + Number(exponent) - fraction.length;
  const units = places >= 0 ? digits * 10n ** BigInt(places) : rounded(digits, 10n ** BigInt(-places));
  return sign === undefined ? units : -units;
}

function rounded(numerator: bigint, denominator: bigint): bigint {
  return (2n * numerator + denominator) / (2n * denominator);
}

/** Units of {@link dollarUnits} as dollars: the double nearest to the exact value. */
export function toDollars(units: bigint): number {
  const negative = units < 0n;
  const digits = (negative ? -units : units).toString().padStart(16, '0');
  // Decimal text is rounded once; dividing doubles would round twice.
  return Number(`${negative ? '-' : ''}${digits.slice(0, -15)}.${digits.slice(-15)}`);
}
