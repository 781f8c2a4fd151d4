import { z } from 'zod';
import { cleanText } from '../model/text.ts';

/**
 * How a field of an answer was found. `absent` (missing or null) and `wrong` (another type) are told apart: the first is
 * the upstream saying that there is no value, the second is a value that cannot be read.
 */
export type Field<T> =
  | { readonly state: 'read'; readonly value: T }
  | { readonly state: 'absent' }
  | { readonly state: 'wrong' };

const numberText = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;

/** A finite number; decimal text counts as one, a boolean does not. There is no negative zero. */
const finiteNumber = z
  .union([z.number(), z.string().regex(numberText).transform(Number)])
  .pipe(z.number())
  .transform((number) => number + 0);

/**
 * RFC 3339 with an offset, or epoch seconds (what Claude Code's own reader accepts). Milliseconds taken for seconds end up
 * far beyond the year 2200, and a duration taken for an instant in 1970: neither becomes a countdown.
 */
const instant = z
  .union([
    z.iso.datetime({ offset: true }).transform((text) => new Date(text)),
    finiteNumber.transform((seconds) => new Date(seconds * 1000)),
  ])
  .refine((date) => date.getUTCFullYear() < 2200);

function field<T>(schema: z.ZodType<T>, value: unknown): Field<T> {
  if (value === undefined || value === null) return { state: 'absent' };
  const parsed = schema.safeParse(value);
  return parsed.success ? { state: 'read', value: parsed.data } : { state: 'wrong' };
}

/** A number field. */
export function numberField(value: unknown): Field<number> {
  return field(finiteNumber, value);
}

/** A number that cannot be below zero. */
export function nonNegative(number: Field<number>): Field<number> {
  return number.state === 'read' && number.value < 0 ? { state: 'wrong' } : number;
}

/** An instant field. */
export function instantField(value: unknown): Field<Date> {
  return field(instant, value);
}

/**
 * Reads instants of text, in epoch milliseconds, undefined for what is none. Each distinct text is read once: thousands of rows
 * of a report share theirs.
 */
export function textInstants(): (value: unknown) => number | undefined {
  const known = new Map<string, number | undefined>();
  return (value) => {
    const text = textOf(value);
    if (text === undefined) return undefined;
    if (!known.has(text)) known.set(text, valueOf(instantField(text))?.getTime());
    return known.get(text);
  };
}

/** A value that was read, else undefined. */
export function valueOf<T>(read: Field<T>): T | undefined {
  return read.state === 'read' ? read.value : undefined;
}

/** A JSON object as its own entries, else undefined. A Map: an upstream key can never be a prototype's. */
export function objectOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return new Map(Object.entries(value));
}

/** Non-empty text, else undefined. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

/** Text as an attribute may have it ({@link cleanText}), else undefined; nothing to print is no text. */
export function attributeText(value: unknown): string | undefined {
  const text = textOf(value);
  return text === undefined ? undefined : textOf(cleanText(text));
}
