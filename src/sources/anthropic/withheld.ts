import { dayMs } from '../../model/calendar.ts';
import type { Notice, ReadContext } from '../../model/reading.ts';
import { type SourceError, toSourceError } from '../../model/source-error.ts';

/** What a key may not read is asked for again this often: rights are granted by people. */
const askAgainMs = dayMs;

/**
 * Whether the API itself refuses this key: in its own words, which neither a proxy's page nor an address without the API
 * has (https://docs.anthropic.com/en/api/errors).
 */
export function isForbidden({ status, errorType }: SourceError): boolean {
  return status === 403 && errorType === 'permission_error';
}

/** As {@link isForbidden}, or there is no such thing for this organization. */
export function isWithheld(error: SourceError): boolean {
  return isForbidden(error) || (error.status === 404 && error.errorType === 'not_found_error');
}

/** What was read, or why there is nothing to read. */
export type Optional<T> = { readonly value: T; readonly notice?: undefined } | { readonly notice: Notice };

/**
 * A part of the API that a key need not be allowed to read: a refusal is by design, is no failure, and is not asked for
 * again before a day has passed. Once the part has answered, a refusal is a failure like any other: something that was
 * known no longer is.
 */
export class OptionalPart {
  readonly #text: string;
  readonly #isRefusal: (error: SourceError) => boolean;
  #refusedAtMs: number | undefined;
  #answered = false;

  /** @param text what to say once where it is withheld. */
  constructor(text: string, isRefusal: (error: SourceError) => boolean = isWithheld) {
    this.#text = text;
    this.#isRefusal = isRefusal;
  }

  /** Reads, unless it was refused within a day. @throws {SourceError} what `read` throws, except for a refusal. */
  async read<T>({ now }: ReadContext, read: () => Promise<T>): Promise<Optional<T>> {
    const notice: Notice = { level: 'info', text: this.#text };
    if (this.#refusedAtMs !== undefined && Math.abs(now.getTime() - this.#refusedAtMs) < askAgainMs) return { notice };
    try {
      const value = await read();
      this.#answered = true;
      return { value };
    } catch (thrown) {
      const error = toSourceError(thrown);
      if (this.#answered || !this.#isRefusal(error)) throw error;
      this.#refusedAtMs = now.getTime();
      return { notice };
    }
  }

  /** The next read asks again. */
  askAgain(): void {
    this.#refusedAtMs = undefined;
  }
}
