import { z } from 'zod';
import { SourceError } from '../model/source-error.ts';
import type { HttpResponse } from './client.ts';
import { decoded, parseAnswer, parseJson } from './json.ts';
import { retryAfterMs } from './retry-after.ts';

/** A vendor's word for an error. Anything else that stands in its place might be an echo of what was sent. */
const errorWord = z
  .string()
  .regex(/^[a-z][a-z_]{0,63}$/)
  .optional()
  .catch(undefined);

/** The error envelopes of Anthropic (`type: error`) and OpenRouter, as far as they matter here. */
const errorEnvelope = z.object({
  error: z.looseObject({
    type: errorWord,
    details: z.looseObject({ error_code: errorWord }).optional().catch(undefined),
  }),
});

/** Of a body no more than this is looked at for what it is, if not JSON: such pages are of some ten kilobytes. */
const headBytes = 256 * 1024;

/**
 * The JSON of a good answer.
 * @param what names the request in messages, for example `openrouter.ai /key`.
 * @param now decides what a Retry-After date means.
 * @throws {SourceError} with the reason of any other answer (docs/design.md, reasons).
 */
export function jsonOf(response: HttpResponse, what: string, now: Date): unknown {
  checkAnswer(response, what, now);
  return parseAnswer(response.bytes, what);
}

/**
 * Whether an answer is a good one, as far as it can be told before its body is parsed ({@link parseAnswer}). Parameters as
 * {@link jsonOf}.
 * @throws {SourceError} with the reason of any other answer.
 */
export function checkAnswer(response: HttpResponse, what: string, now: Date): void {
  const markup = markupOf(response);
  if (isChallenge(response, markup)) {
    throw new SourceError('challenged', `${what} answered ${response.status} with a challenge page`, {
      status: response.status,
      ...retryAfter(response, now),
    });
  }
  if (response.status !== 200) throw refusal(response, what, now);
  if (markup !== undefined) throw new SourceError('schema', `${what} answered 200 with an HTML page`, { status: 200 });
}

function refusal(response: HttpResponse, what: string, now: Date): SourceError {
  const { status } = response;
  const envelope = errorOf(response, what);
  const said = envelope?.code ?? envelope?.type;
  const message = `${what} answered ${status}${said === undefined ? '' : ` (${said})`}`;
  const options = { status, ...retryAfter(response, now), ...(envelope?.type !== undefined && { errorType: envelope.type }) };
  if (status === 401 || (status === 403 && envelope?.code === 'account_session_invalid')) {
    return new SourceError('credential_expired', message, options);
  }
  if (status === 403) return new SourceError('forbidden', message, options);
  if (status === 429) return new SourceError('rate_limited', message, options);
  return new SourceError('upstream', message, options);
}

function errorOf(response: HttpResponse, what: string): { type?: string | undefined; code?: string | undefined } | undefined {
  try {
    const { error } = errorEnvelope.parse(parseJson(response.bytes, what));
    return { type: error.type, code: error.details?.error_code };
  } catch {
    return undefined;
  }
}

function retryAfter(response: HttpResponse, now: Date): { retryAfterMs?: number } {
  const wait = retryAfterMs(response.header('retry-after'), now);
  return wait === undefined ? {} : { retryAfterMs: wait };
}

/** The head of an HTML page; undefined for anything else. JSON never begins with `<`. */
function markupOf({ contentType, bytes }: HttpResponse): string | undefined {
  const head = decoded(bytes.subarray(0, headBytes));
  return contentType.includes('html') || /^\s*</.test(head) ? head : undefined;
}

/** Marks of Cloudflare's managed challenge (reference: a 403 with cf-mitigated and the challenge platform's script). */
function isChallenge(response: HttpResponse, markup: string | undefined): boolean {
  if (response.header('cf-mitigated')?.toLowerCase() === 'challenge') return true;
  if (markup === undefined) return false;
  return markup.includes('/cdn-cgi/challenge-platform/') || /<title>\s*Just a moment/i.test(markup);
}
