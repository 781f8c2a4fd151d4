import { jsonOf } from '../../http/answer.ts';
import { below } from '../../http/below.ts';
import type { HttpGet } from '../../http/client.ts';
import type { ReadContext } from '../../model/reading.ts';
import type { Secret } from '../../model/secret.ts';
import { revealedKey } from '../credential.ts';

/** The two account requests of OpenRouter. */
export class OpenRouterClient {
  readonly #http: HttpGet;
  readonly #baseUrl: URL;
  readonly #apiKey: Secret;

  /** @param baseUrl `https://openrouter.ai/api/v1`. */
  constructor(http: HttpGet, baseUrl: URL, apiKey: Secret) {
    this.#http = http;
    this.#baseUrl = baseUrl;
    this.#apiKey = apiKey;
  }

  /** `GET /key`: the key that asks. @throws {SourceError} */
  key(context: ReadContext): Promise<unknown> {
    return this.#get('key', context);
  }

  /** `GET /credits`: the account behind the key. @throws {SourceError} */
  credits(context: ReadContext): Promise<unknown> {
    return this.#get('credits', context);
  }

  async #get(path: string, { signal, now }: ReadContext): Promise<unknown> {
    const url = below(this.#baseUrl, path);
    const headers = { authorization: `Bearer ${revealedKey(this.#apiKey, 'the OpenRouter key')}` };
    return jsonOf(await this.#http.get({ url, template: `/${path}`, headers, signal }), `openrouter.ai /${path}`, now);
  }
}
