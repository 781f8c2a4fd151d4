import type { GaugePoint, Notice, ReadContext, Reading, Source } from '../../model/reading.ts';
import { type SourceError, oneOf, toSourceError } from '../../model/source-error.ts';
import type { AnthropicClient } from './client.ts';
import type { AnthropicSourceOptions } from './index.ts';
import { readOrganization, readRateLimits } from './limits-read.ts';
import { allRows, tokenPage } from './pages.ts';
import { OptionalPart, isForbidden } from './withheld.ts';

/** How an organization is set up: its rate limits, and who it is. */
export function anthropicLimitsSource({ account, intervalMs, client }: AnthropicSourceOptions): Source {
  const limits = new OptionalPart('this key may not read /v1/organizations/rate_limits: claude.rate_limit is left out');
  // There always is an organization: 404 is an address without the API.
  const organization = new OptionalPart('this key may not read /v1/organizations/me: claude.organization.info is left out', isForbidden);
  return {
    id: 'anthropic-limits',
    account,
    intervalMs,
    async read(context: ReadContext): Promise<Reading> {
      const gauges: GaugePoint[] = [];
      const failures: SourceError[] = [];
      const notices: Notice[] = [];
      const take = async (part: OptionalPart, read: () => Promise<readonly GaugePoint[]>): Promise<void> => {
        try {
          const found = await part.read(context, read);
          if (found.notice === undefined) gauges.push(...found.value);
          else notices.push(found.notice);
        } catch (thrown) {
          failures.push(toSourceError(thrown));
        }
      };
      await Promise.all([
        take(limits, () => rateLimits(client, context)),
        take(organization, async () => [readOrganization(await client.get('organizations/me', new URLSearchParams(), context))]),
      ]);
      const failure = oneOf(failures);
      if (failure !== undefined && gauges.length === 0) throw failure;
      return { at: context.now, gauges, failures, notices };
    },
  };
}

async function rateLimits(client: AnthropicClient, context: ReadContext): Promise<GaugePoint[]> {
  const path = 'organizations/rate_limits';
  const rows = await allRows(path, async (cursor) => {
    const query = new URLSearchParams();
    if (cursor !== undefined) query.set('page', cursor);
    return tokenPage(await client.get(path, query, context), path);
  });
  return readRateLimits(rows);
}
