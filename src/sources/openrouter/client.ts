import { jsonOf } from '../../http/answer.ts';
import type { HttpClient } from '../../http/client.ts';
import type { ReadContext } from '../../model/reading.ts';
import type { Secret } from '../../model/secret.ts';
import { SourceError } from '../../model/source-error.ts';

/** The two account requests of OpenRouter. */
export class OpenRouterClient {
  readonly #http: HttpClient;
  readonly #baseUrl: URL;
  readonly #apiKey: Secret;

  /** @param baseUrl `https://openrouter.ai/api/v1`. */
  constructor(http: HttpClient, baseUrl: URL, apiKey: Secret) {
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
    const url = new URL(this.#baseUrl);
    url.pathname = `${url.pathname.replace(/\/+$/, '')}/${path}`;
    const headers = { authorization: `Bearer ${this.#reveal()}` };
    return jsonOf(await this.#http.get({ url, headers, signal }), `openrouter.ai /${path}`, now);
  }

  #reveal(): string {
    let key: string;
    try {
      key = this.#apiKey.reveal();
    } catch (cause) {
      throw new SourceError('credential_missing', 'the file with the OpenRouter key cannot be read', { cause });
    }
    // Checked here: an HTTP library would quote the value in its error.
    if (!/^[\x21-\x7e]+$/.test(key)) {
      throw new SourceError('credential_missing', 'the OpenRouter key is empty or has characters that no header may carry');
    }
    return key;
  }
}
