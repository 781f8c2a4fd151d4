import { dayMs, dayStart } from '../../model/calendar.ts';
import type { ReadContext } from '../../model/reading.ts';
import { SourceError, toSourceError } from '../../model/source-error.ts';
import type { AnthropicClient } from './client.ts';
import { rfc3339 } from './queries.ts';
import { isForbidden } from './withheld.ts';

/** What the probe has found holds for this long; the usage itself is asked for more often. */
const holdsMs = 60 * 60_000;

/** Asks for one day of cost, where the usage is withheld: to tell a key with few rights from one without any. */
export class CostProbe {
  readonly #client: AnthropicClient;
  #last: { readonly atMs: number; readonly mayRead: boolean } | undefined;

  constructor(client: AnthropicClient) {
    this.#client = client;
  }

  /** @throws {SourceError} `forbidden` when the cost is withheld, too; else what came in the way of finding out. */
  async check(context: ReadContext): Promise<void> {
    const nowMs = context.now.getTime();
    if (this.#last === undefined || Math.abs(nowMs - this.#last.atMs) >= holdsMs) {
      this.#last = { atMs: nowMs, mayRead: await this.#mayRead(context) };
    }
    if (!this.#last.mayRead) throw new SourceError('forbidden', 'this key may read neither the usage nor the cost of the organization', { status: 403 });
  }

  async #mayRead(context: ReadContext): Promise<boolean> {
    const today = dayStart(context.now.getTime());
    const query = new URLSearchParams({ starting_at: rfc3339(today - dayMs), ending_at: rfc3339(today), bucket_width: '1d', limit: '1' });
    try {
      await this.#client.get('organizations/cost_report', query, context);
      return true;
    } catch (thrown) {
      const error = toSourceError(thrown);
      if (isForbidden(error)) return false;
      throw error;
    }
  }
}
