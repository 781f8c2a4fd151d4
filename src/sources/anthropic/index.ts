import type { ReadContext, Reading, Source } from '../../model/reading.ts';
import type { UsageDimension } from '../../model/usage-dimensions.ts';
import type { AnthropicClient } from './client.ts';
import { costReader, costShape } from './cost-rows.ts';
import { type ReportQuery, ReportReader } from './report-reader.ts';
import { usageReader, usageShape } from './usage-rows.ts';

/** What every source of the Admin API is made of. */
export interface AnthropicSourceOptions {
  readonly account: string;
  readonly intervalMs: number;
  readonly client: AnthropicClient;
}

/** Tokens and web searches of an organization (`usage_report/messages`). */
export function anthropicUsageSource(options: AnthropicSourceOptions & { readonly dimensions: readonly UsageDimension[] }): Source {
  return reportSource(options, {
    id: 'anthropic-usage',
    path: 'organizations/usage_report/messages',
    groupBy: options.dimensions,
    ...(options.dimensions.includes('speed') && { beta: 'fast-mode-2026-02-01' }),
    recentWidth: '1h',
    shape: usageShape(options.dimensions),
    pageReader: () => usageReader(options.dimensions),
  });
}

/** Cost of an organization (`cost_report`). */
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
): Source {
  const reader = new ReportReader(client, query);
  return {
    id: query.id,
    account,
    intervalMs,
    async read(context: ReadContext): Promise<Reading> {
      const report = await reader.read(context);
      return { at: context.now, gauges: [], report, failures: [], notices: [] };
    },
  };
}
