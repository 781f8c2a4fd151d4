import { redact } from './redaction.ts';

/** Longest attribute value, in bytes of UTF-8. */
export const maxAttributeBytes = 128;

/**
 * Of upstream text no more characters are looked at; of one that is longer, so many are left out at the end as a secret may have
 * that is cut there.
 */
const mostCharacters = 32 * 1024;
const secretCharacters = 16 * 1024;

const encoder = new TextEncoder();

/**
 * Upstream text made fit for an attribute value or a log line: no secret that it echoes, no control characters, at most 128
 * bytes of UTF-8, cut between characters.
 */
export function cleanText(text: string): string {
  const clean = redact(text.slice(0, mostCharacters));
  // \p{C} has controls, format characters (bidirectional overrides) and lone surrogates.
  const stripped = clean.replace(/\p{C}/gu, '');
  // What they stood between is one again.
  const printable = stripped === clean ? clean : redact(stripped);
  const whole = text.length > mostCharacters ? printable.slice(0, -secretCharacters) : printable;
  const { read } = encoder.encodeInto(whole, new Uint8Array(maxAttributeBytes));
  return whole.slice(0, read);
}

/** A name by rule: lower case, each run of other than a–z0–9 is one `_`. */
export function slug(text: string): string {
  // Half a secret, or one in other letters, would no longer be found.
  return cleanText(redact(text.slice(0, mostCharacters)).toLowerCase().replace(/[^a-z0-9]+/g, '_'));
}
