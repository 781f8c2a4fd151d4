import { z } from 'zod';
import { cleanText } from '../model/text.ts';
import { SourceError } from '../model/source-error.ts';
import type { HttpResponse } from './client.ts';
import { parseJson } from './json.ts';
import { retryAfterMs } from './retry-after.ts';

/** The error envelopes of Anthropic (`type: error`) and OpenRouter, as far as they matter here. */
const errorEnvelope = z.object({
  error: z.looseObject({
    type: z.string().optional().catch(undefined),
    details: z.looseObject({ error_code: z.string().optional().catch(undefined) }).optional().catch(undefined),
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
  const json = parseJson(response.body);
  if (errorEnvelope.safeParse(json).success) {
    throw new SourceError('schema', `${what} answered 200 with an error in its body`, { status: 200 });
  }
  return json;
}

function refusal(response: HttpResponse, what: string, now: Date): SourceError {
  const { status } = response;
  const envelope = errorOf(response);
  const said = envelope?.code ?? envelope?.type;
  const message = `${what} answered ${status}${said === undefined ? '' : ` (${cleanText(said)})`}`;
  const options = { status, ...retryAfter(response, now) };
  if (status === 401 || (status === 403 && envelope?.code === 'account_session_invalid')) {
    return new SourceError('credential_expired', message, options);
  }
  if (status === 403) return new SourceError('forbidden', message, options);
  if (status === 429) return new SourceError('rate_limited', message, options);
  return new SourceError('upstream', message, options);
}

function errorOf(response: HttpResponse): { type?: string | undefined; code?: string | undefined } | undefined {
  try {
    const { error } = errorEnvelope.parse(parseJson(response.body));
    return { type: error.type, code: error.details?.error_code };
  } catch {
    return undefined;
  }
}

function retryAfter(response: HttpResponse, now: Date): { retryAfterMs?: number } {
  const wait = retryAfterMs(response.header('retry-after'), now);
  return wait === undefined ? {} : { retryAfterMs: wait };
}

function isHtml(response: HttpResponse): boolean {
  return response.contentType.includes('html') || /^\s*<(!doctype|html)/i.test(response.body);
}

/** Marks of Cloudflare's managed challenge (reference: a 403 with cf-mitigated and the challenge platform's script). */
function isChallenge(response: HttpResponse): boolean {
  if (!isHtml(response)) return false;
  return (
    response.header('cf-mitigated')?.toLowerCase() === 'challenge' ||
    response.body.includes('/cdn-cgi/challenge-platform/') ||
    /<title>\s*Just a moment/i.test(response.body)
  );
}
