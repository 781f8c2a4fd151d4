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

/** Units of {@link dollarUnits} as dollars: the double nearest to the exact value. */
export function toDollars(units: bigint): number {
  const negative = units < 0n;
  const digits = (negative ? -units : units).toString().padStart(16, '0');
  // Decimal text is rounded once; dividing doubles would round twice.
  return Number(`${negative ? '-' : ''}${digits.slice(0, -15)}.${digits.slice(-15)}`);
}
