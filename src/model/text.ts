import { redact } from './redaction.ts';

/** Longest attribute value, in bytes of UTF-8. */
export const maxAttributeBytes = 128;

const encoder = new TextEncoder();

/**
 * Upstream text made fit for an attribute value or a log line: no secret that it echoes, no control characters, at most 128
 * bytes of UTF-8, cut between characters.
 */
export function cleanText(text: string): string {
  // \p{C} has controls, format characters (bidirectional overrides) and lone surrogates.
  const printable = redact(text).replace(/\p{C}/gu, '');
  const { read } = encoder.encodeInto(printable, new Uint8Array(maxAttributeBytes));
  return printable.slice(0, read);
}

/** A name by rule: lower case, each run of other than a–z0–9 is one `_`. */
export function slug(text: string): string {
  // Half a secret, or one in other letters, would no longer be found.
  return cleanText(redact(text).toLowerCase().replace(/[^a-z0-9]+/g, '_'));
}
