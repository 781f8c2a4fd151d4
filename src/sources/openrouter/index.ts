import type { Notice, ReadContext, Reading, Source } from '../../model/reading.ts';
import { toSourceError } from '../../model/source-error.ts';
import type { OpenRouterClient } from './client.ts';
import { type KeyPart, type Part, readCredits, readKey } from './read.ts';

/** What the OpenRouter source is made of. */
export interface OpenRouterOptions {
  readonly account: string;
  readonly intervalMs: number;
  readonly client: OpenRouterClient;
}

const withheld: Notice = {
  level: 'info',
  text: 'OpenRouter withholds the account’s credits from an inference key; a management key would show them',
};

/** Spend and cap of an OpenRouter key, and the credits of its account. */
export function openRouterSource(options: OpenRouterOptions): Source {
  async function credits(key: KeyPart, context: ReadContext): Promise<Part & { notices: readonly Notice[] }> {
    const read = async (): Promise<Part | undefined> => readCredits(await options.client.credits(context), key.isManagementKey);
    try {
      // What one kind of key is refused says nothing of another that has taken its place.
      const part = await (context.part?.(`credits of ${String(key.isManagementKey)}`, read) ?? read());
      return part === undefined ? { gauges: [], failures: [], notices: [withheld] } : { ...part, notices: [] };
    } catch (thrown) {
      const error = toSourceError(thrown);
      if (error.reason === 'forbidden' && key.isManagementKey !== true) return { gauges: [], failures: [], notices: [withheld] };
      return { gauges: [], failures: [error], notices: [] };
    }
  }

  return {
    id: 'openrouter',
    account: options.account,
    intervalMs: options.intervalMs,
    async read(context: ReadContext): Promise<Reading> {
      const key = readKey(await options.client.key(context), context.now);
      const account = await credits(key, context);
      return {
        at: context.now,
        gauges: [...key.gauges, ...account.gauges],
        failures: [...key.failures, ...account.failures],
        notices: account.notices,
      };
    },
  };
}
