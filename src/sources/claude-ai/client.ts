import { jsonOf } from '../../http/answer.ts';
import { below } from '../../http/below.ts';
import type { HttpGet } from '../../http/client.ts';

/** The two requests that are made to claude.ai. */
export class ClaudeAiClient {
  readonly #http: HttpGet;
  readonly #baseUrl: URL;

  /** @param baseUrl `https://claude.ai`, or with a path that is kept. */
  constructor(http: HttpGet, baseUrl: URL) {
    this.#http = http;
    this.#baseUrl = baseUrl;
  }

  /** `GET /api/organizations`: every organization of the account. @throws {SourceError} */
  organizations(request: AuthorizedRequest): Promise<unknown> {
    return this.#get('api/organizations', '/api/organizations', 'claude.ai /api/organizations', request);
  }

  /** `GET /api/organizations/{org}/usage`. @throws {SourceError} */
  usage(organizationId: string, request: AuthorizedRequest): Promise<unknown> {
    const path = `api/organizations/${encodeURIComponent(organizationId)}/usage`;
    return this.#get(path, '/api/organizations/{organization}/usage', 'claude.ai /api/organizations/…/usage', request);
  }

  async #get(path: string, template: string, what: string, { cookie, signal, now }: AuthorizedRequest): Promise<unknown> {
    const url = below(this.#baseUrl, path);
    return jsonOf(await this.#http.get({ url, template, headers: { cookie }, signal }), what, now);
  }
}

/** What every request carries. */
export interface AuthorizedRequest {
  /** Value of the Cookie header. */
  readonly cookie: string;
  readonly signal: AbortSignal;
  readonly now: Date;
}
