import { badRequest } from './answers.ts';
import { bucketPage, bucketsOfWidth, grouped, rowsOfDays } from './buckets.ts';
import { filterOf, filterText, useDimensionNames, useDimensions } from './dimensions.ts';
import type { Use } from './events.ts';
import type { SimulatedOrganization } from './organization.ts';
import { groupingOf } from './query.ts';

const filters = {
  'models[]': 'model',
  'api_key_ids[]': 'api_key_id',
  'workspace_ids[]': 'workspace_id',
  'account_ids[]': 'account_id',
  'service_account_ids[]': 'service_account_id',
  'service_tiers[]': 'service_tier',
  'context_window[]': 'context_window',
  'inference_geos[]': 'inference_geo',
  'speeds[]': 'speed',
} as const;

/** Beta header that grouping by speed needs. */
const speedBeta = 'fast-mode-2026-02-01';

const path = 'usage_report/messages';

/** A page of `usage_report/messages` as it is at an instant. @throws {Refused} */
export function usageReport(organization: SimulatedOrganization, query: URLSearchParams, betas: readonly string[], nowMs: number): object {
  const groupBy = groupingOf(query, useDimensionNames);
  const names = useDimensionNames.filter((name) => groupBy.includes(name));
  if ((names.includes('speed') || query.has('speeds[]')) && !betas.includes(speedBeta)) {
    throw badRequest(`speed requires the anthropic-beta header ${speedBeta}`);
  }
  const passes = filterOf(query, filters);
  return bucketPage(
    {
      path,
      widths: ['1m', '1h', '1d'],
      rowsBetween: (fromMs, toMs, widthMs) =>
        rowsOfDays(organization.useDays(fromMs, toMs), {
          what: `${path} ${names.join()} ${filterText(query, filters)}`,
          widthMs,
          nowMs,
          shownAt: usageShownAt,
          groupsOf: (shown) =>
            grouped(
              shown.filter((use) => hasCounts(use) && passes(use)),
              bucketsOfWidth(widthMs),
              (use) => names.map((name) => useDimensions[name](use)),
            ),
          rowOf: ({ ids, events }) => ({
            ...nullDimensions,
            ...Object.fromEntries(names.map((name, i) => [name, ids[i] ?? null])),
            ...tokensOf(events),
          }),
        }),
    },
    query,
    nowMs,
  );
}

const usageShownAt = (use: Use): number => use.shownAtMs;

/** A credit is no use. */
export function hasCounts(use: Use): boolean {
  const { uncachedInput, output, cacheRead, cacheWrite5m, cacheWrite1h, webSearches, requests } = use;
  return [uncachedInput, output, cacheRead, cacheWrite5m, cacheWrite1h, webSearches, requests].some((count) => count !== 0);
}

/** Without `speed`, which rows have only where it was grouped by. */
const nullDimensions = Object.fromEntries(useDimensionNames.filter((name) => name !== 'speed').map((name) => [name, null]));

/** The sums of uses as both APIs write them. */
export function tokensOf(uses: readonly Use[]): {
  readonly uncached_input_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly cache_creation: { readonly ephemeral_5m_input_tokens: number; readonly ephemeral_1h_input_tokens: number };
  readonly output_tokens: number;
  readonly server_tool_use: { readonly web_search_requests: number };
} {
  return {
    uncached_input_tokens: sum(uses, (use) => use.uncachedInput),
    cache_read_input_tokens: sum(uses, (use) => use.cacheRead),
    cache_creation: {
      ephemeral_5m_input_tokens: sum(uses, (use) => use.cacheWrite5m),
      ephemeral_1h_input_tokens: sum(uses, (use) => use.cacheWrite1h),
    },
    output_tokens: sum(uses, (use) => use.output),
    server_tool_use: { web_search_requests: sum(uses, (use) => use.webSearches) },
  };
}

/** The sum of what is read from each. */
export function sum<E>(events: readonly E[], read: (event: E) => number): number {
  return events.reduce((total, event) => total + read(event), 0);
}
