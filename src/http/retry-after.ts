/** Longest wait a peer can impose: a header of years is nonsense, and must not silence a source until a restart. */
export const maxRetryAfterMs = 7 * 24 * 60 * 60 * 1000;

/** The three forms of an HTTP date (RFC 9110 §5.6.7) begin with a day's name; Date.parse alone takes `foo 2030` too. */
const datePattern = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? .*\d\d:\d\d:\d\d/;

/**
 * How long a `Retry-After` asks to wait, in milliseconds: seconds or an HTTP date (RFC 9110 §10.2.3).
 * @returns undefined when absent, unreadable, zero or past, which all mean: wait as you see fit.
 */
export function retryAfterMs(header: string | undefined, now: Date): number | undefined {
  const text = header?.trim() ?? '';
  const wait = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : untilDate(text, now);
  if (!(wait > 0)) return undefined;
  return Math.min(Math.ceil(wait), maxRetryAfterMs);
}

/** An HTTP date, such as that of a `Date` header (RFC 9110 §5.6.7); undefined when absent or unreadable. */
export function httpDate(header: string | undefined): Date | undefined {
  const text = header?.trim() ?? '';
  if (!datePattern.test(text)) return undefined;
  // The asctime form names no zone, and means UTC.
  const ms = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(ms) ? undefined : new Date(ms);
}

function untilDate(text: string, now: Date): number {
  return (httpDate(text)?.getTime() ?? Number.NaN) - now.getTime();
}
