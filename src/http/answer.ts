import { z } from 'zod';
import { SourceError } from '../model/source-error.ts';
import type { HttpResponse } from './client.ts';
import { parseJson } from './json.ts';
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

/**
 * The JSON of a good answer.
 * @param what names the request in messages, for example `openrouter.ai /key`.
 * @param now decides what a Retry-After date means.
 * @throws {SourceError} with the reason of any other answer (docs/design.md, reasons).
 */
export function jsonOf(response: HttpResponse, what: string, now: Date): unknown {
  if (isChallenge(response)) {
    throw new SourceError('challenged', `${what} answered ${response.status} with a challenge page`, {
      status: response.status,
      ...retryAfter(response, now),
    });
  }
  if (response.status !== 200) throw refusal(response, what, now);
  if (isHtml(response)) throw new SourceError('schema', `${what} answered 200 with an HTML page`, { status: 200 });
  const json = parseJson(response.body, what);
  if (hasError(json)) {
    throw new SourceError('schema', `${what} answered 200 with an error in its body`, { status: 200 });
  }
  return json;
}

/** Whether the body says of itself that it is an error, in whatever shape. */
function hasError(json: unknown): boolean {
  if (typeof json !== 'object' || json === null) return false;
  return ('error' in json && Boolean(json.error)) || ('type' in json && json.type === 'error');
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
    const { error } = errorEnvelope.parse(parseJson(response.body, what));
    return { type: error.type, code: error.details?.error_code };
  } catch {
    return undefined;
  }
}

function retryAfter(response: HttpResponse, now: Date): { retryAfterMs?: number } {
  const wait = retryAfterMs(response.header('retry-after'), now);
  return wait === undefined ? {} : { retryAfterMs: wait };
}

/** JSON never begins with `<`. */
function isHtml(response: HttpResponse): boolean {
  return response.contentType.includes('html') || /^\s*</.test(response.body);
}

/** Marks of Cloudflare's managed challenge (reference: a 403 with cf-mitigated and the challenge platform's script). */
function isChallenge(response: HttpResponse): boolean {
  if (response.header('cf-mitigated')?.toLowerCase() === 'challenge') return true;
  if (!isHtml(response)) return false;
  return response.body.includes('/cdn-cgi/challenge-platform/') || /<title>\s*Just a moment/i.test(response.body);
}
