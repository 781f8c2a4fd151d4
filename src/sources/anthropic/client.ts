import { checkAnswer, dateOf, jsonOf } from '../../http/answer.ts';
import { below } from '../../http/below.ts';
import type { HttpGet, HttpResponse } from '../../http/client.ts';
import { parseAnswer, parseJson } from '../../http/json.ts';
import type { Limiter } from '../../http/limiter.ts';
import { type BodyLimits, defaultLimits, pageLimits } from '../../http/limits.ts';
import { maxRetryAfterMs } from '../../http/retry-after.ts';
import type { ReadContext } from '../../model/reading.ts';
import type { Secret } from '../../model/secret.ts';
import { SourceError } from '../../model/source-error.ts';
import { cleanText } from '../../model/text.ts';
import { revealedKey } from '../credential.ts';
import { instantField, objectOf, textOf, valueOf } from '../fields.ts';
import type { PageColumns, RowShape } from './columns.ts';
import { PageParser } from './page-parser.ts';

/** What an {@link AnthropicClient} is made of. */
export interface AnthropicClientOptions {
  readonly http: HttpGet;
  /** `https://api.anthropic.com`. */
  readonly baseUrl: URL;
  readonly adminKey: Secret;
  /** One for the organization: its endpoints share a limit. */
  readonly limiter: Limiter;
  /** One for the organization too; its owner closes it. Without one large pages hold up the process while they are parsed. */
  readonly pages?: PageParser;
}

/** A page of a report, and how large its JSON was. */
export interface ReportPage {
  readonly columns: PageColumns;
  readonly jsonBytes: number;
}

/** Reports are asked for by this machine's date; beyond this difference that would be the wrong one. */
const longestSkewMs = 10 * 60_000;

/** The window of the limit, where an answer does not say how long to wait (observed; the header is often missing). */
const limitWindowMs = 60_000;

/** GETs of the Admin API (https://docs.anthropic.com/en/api/administration-api). */
export class AnthropicClient {
  readonly #options: AnthropicClientOptions;
  readonly #pages: PageParser;

  constructor(options: AnthropicClientOptions) {
    this.#options = options;
    this.#pages = options.pages ?? new PageParser({ workerFromBytes: Number.POSITIVE_INFINITY });
  }

  /**
   * One page of JSON, of a few megabytes at most: a list has a thousand rows a page.
   * @param path below `/v1/`, for example `organizations/me`; without an id, as traces and messages name it.
   * @param beta value of the header anthropic-beta.
   * @throws {SourceError}
   */
  async get(path: string, query: URLSearchParams, context: ReadContext, beta?: string): Promise<unknown> {
    const response = await this.#answer(path, query, context, defaultLimits, beta);
    const json = parseAnswer(response.bytes, whatOf(path));
    checkClock(response, context.now);
    return json;
  }

  /**
   * One page of a report, of any size. Parameters as {@link get}.
   * @param shape what its rows have.
   * @throws {SourceError}
   */
  async page(path: string, query: URLSearchParams, shape: RowShape, context: ReadContext, beta?: string): Promise<ReportPage> {
    const response = await this.#answer(path, query, context, pageLimits, beta);
    const jsonBytes = response.bytes.length;
    const columns = await this.#pages.parse({ bytes: response.bytes, what: whatOf(path), shape }, context.signal);
    checkClock(response, context.now);
    return { columns, jsonBytes };
  }

  /** An answer that is a good one, as far as can be told without parsing it. */
  async #answer(path: string, query: URLSearchParams, context: ReadContext, limits: BodyLimits, beta?: string): Promise<HttpResponse> {
    const { http, baseUrl, adminKey, limiter } = this.#options;
    await limiter.turn(context.signal);
    const url = below(baseUrl, `v1/${path}`);
    url.search = query.toString();
    const headers = {
      'x-api-key': revealedKey(adminKey, 'the Admin API key'),
      'anthropic-version': '2023-06-01',
      ...(beta !== undefined && { 'anthropic-beta': beta }),
    };
    const response = await http.get({ url, template: `/v1/${path}`, headers, signal: context.signal, limits });
    if (response.status === 400) throw badRequest(response, whatOf(path));
    if (response.status === 429) throw rateLimited(response, whatOf(path), context.now);
    checkAnswer(response, whatOf(path), context.now);
    return response;
  }
}

function whatOf(path: string): string {
  return `api.anthropic.com /v1/${path}`;
}

function checkClock(response: HttpResponse, now: Date): void {
  const skewMs = now.getTime() - (dateOf(response) ?? now).getTime();
  if (Math.abs(skewMs) > longestSkewMs) {
    const minutes = Math.round(Math.abs(skewMs) / 60_000);
    throw new SourceError('upstream', `this machine's clock is ${minutes} minutes ${skewMs > 0 ? 'ahead of' : 'behind'} api.anthropic.com`);
  }
}

/** The text is the only explanation there is. */
function badRequest(response: HttpResponse, what: string): SourceError {
  let said: string | undefined;
  try {
    said = textOf(objectOf(objectOf(parseJson(response.bytes, what))?.get('error'))?.get('message'));
  } catch {
    said = undefined;
  }
  return new SourceError('upstream', `${what} answered 400${said === undefined ? '' : `: ${cleanText(said)}`}`, { status: 400 });
}

function rateLimited(response: HttpResponse, what: string, now: Date): SourceError {
  try {
    jsonOf(response, what, now);
  } catch (error) {
    if (error instanceof SourceError && (error.reason !== 'rate_limited' || error.retryAfterMs !== undefined)) return error;
  }
  const reset = valueOf(instantField(response.header('anthropic-ratelimit-requests-reset')));
  const untilResetMs = reset === undefined ? 0 : reset.getTime() - (dateOf(response) ?? now).getTime();
  const retryAfterMs = untilResetMs > 0 ? Math.min(untilResetMs, maxRetryAfterMs) : limitWindowMs;
  return new SourceError('rate_limited', `${what} answered 429`, { status: 429, retryAfterMs });
}
