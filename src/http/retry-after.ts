/** Longest wait a peer can impose: a header of years is nonsense, and must not silence a source until a restart. */
export const maxRetryAfterMs = 7 * 24 * 60 * 60 * 1000;

/**
 * How long a `Retry-After` asks to wait, in milliseconds: seconds or an HTTP date (RFC 9110 §10.2.3).
 * @returns undefined when absent, unreadable, zero or past, which all mean: wait as you see fit.
 */
export function retryAfterMs(header: string | undefined, now: Date): number | undefined {
  const text = header?.trim();
  if (text === undefined || text === '') return undefined;
  const wait = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now.getTime();
  if (!(wait > 0)) return undefined;
  return Math.min(Math.ceil(wait), maxRetryAfterMs);
}
