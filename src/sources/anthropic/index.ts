import type { ReadContext, Reading, Source } from '../../model/reading.ts';
import type { UsageDimension } from '../../model/usage-dimensions.ts';
import type { AnthropicClient } from './client.ts';
import { CostProbe } from './cost-probe.ts';
import { costReader, costShape } from './cost-rows.ts';
import { type ReportQuery, ReportReader } from './report-reader.ts';
import { usageReader, usageShape } from './usage-rows.ts';
import { OptionalPart, isForbidden } from './withheld.ts';

/** What every source of the Admin API is made of. */
export interface AnthropicSourceOptions {
  readonly account: string;
  readonly intervalMs: number;
  readonly client: AnthropicClient;
}

/**
 * Tokens and web searches of an organization (`usage_report/messages`). Where the key may not read them they are left
 * out; if it may not read the cost either, the source fails: a key that may read nothing must not look healthy.
 */
export function anthropicUsageSource(options: AnthropicSourceOptions & { readonly dimensions: readonly UsageDimension[] }): Source {
  const costProbe = new CostProbe(options.client);
  return reportSource(
    options,
    {
      id: 'anthropic-usage',
      path: 'organizations/usage_report/messages',
      groupBy: options.dimensions,
      ...(options.dimensions.includes('speed') && { beta: 'fast-mode-2026-02-01' }),
      recentWidth: '1h',
      shape: usageShape(options.dimensions),
      pageReader: () => usageReader(options.dimensions),
    },
    (context) => costProbe.check(context),
  );
}

/** Cost of an organization (`cost_report`); left out where the key may not read it. */
export function anthropicCostSource(options: AnthropicSourceOptions): Source {
  return reportSource(options, {
    id: 'anthropic-cost',
    path: 'organizations/cost_report',
    groupBy: ['workspace_id', 'description'],
    recentWidth: '1d',
    shape: costShape,
    pageReader: costReader,
  });
}

function reportSource(
  { account, intervalMs, client }: AnthropicSourceOptions,
  query: ReportQuery & { readonly id: 'anthropic-usage' | 'anthropic-cost' },
  onWithheld: (context: ReadContext) => Promise<void> = () => Promise.resolve(),
): Source {
  const reader = new ReportReader(client, query);
  // Every organization has these reports: 404 is an address without the API.
  const part = new OptionalPart(`this key may not read /v1/${query.path}: its totals are left out`, isForbidden);
  return {
    id: query.id,
    account,
    intervalMs,
    async read(context: ReadContext): Promise<Reading> {
      const found = await part.read(context, () => reader.read(context));
      if (found.notice === undefined) {
        const { report, failure } = found.value;
        return { at: context.now, gauges: [], ...(report && { report }), failures: failure === undefined ? [] : [failure], notices: [] };
      }
      try {
        await onWithheld(context);
      } catch (thrown) {
        part.askAgain();
        throw thrown;
      }
      return { at: context.now, gauges: [], failures: [], notices: [found.notice] };
    },
  };
}
