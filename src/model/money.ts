import { dollarUnits } from './report.ts';

const decimal = /^(-)?(\d{1,18})(?:\.(\d+))?$/;
const centUnits = dollarUnits / 100n;
const centPlaces = centUnits.toString().length - 1;

/**
 * Decimal text in cents (`12378.9125`) as units of {@link dollarUnits}, exactly; no float takes part. Digits finer than a unit,
 * which a share or a discount has, are rounded to the nearest one, half a unit away from zero: how many there are is not bounded.
 * @returns undefined for anything else (`1e3`, `abc`, an empty text), and for more than eighteen digits before the point.
 */
export function parseCents(text: string): bigint | undefined {
  const match = decimal.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = ''] = match;
  // The first digit that is too fine decides; a number is made of no more than that.
  return units(sign, whole, fraction.slice(0, centPlaces + 1), 0);
}

const shortestText = /^(-)?(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/;

/**
 * A JSON number of cents (`186`, `1e-7`) as units of {@link dollarUnits}: its shortest decimal text, rounded as by
 * {@link parseCents}; no float takes part. A double that the upstream has summed up ends in digits that are nobody's money.
 * @returns undefined for what is no number, not finite, or from 10¹⁸ cents on.
 */
export function parseCentsNumber(cents: unknown): bigint | undefined {
  if (typeof cents !== 'number' || !Number.isFinite(cents) || Math.abs(cents) >= 1e18) return undefined;
  const match = shortestText.exec(String(cents));
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  return units(sign, whole, fraction, Number(exponent));
}

/** `whole.fraction · 10^exponent` cents, to the nearest unit; half a unit away from zero. */
function units(sign: string | undefined, whole: string, fraction: string, exponent: number): bigint {
  const digits = BigInt(whole + fraction);
  const places = centPlaces + exponent - fraction.length;
  const size = places >= 0 ? digits * 10n ** BigInt(places) : rounded(digits, 10n ** BigInt(-places));
  return sign === undefined ? size : -size;
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
