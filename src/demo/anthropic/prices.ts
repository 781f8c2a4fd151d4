import { dollarUnits } from '../../model/report.ts';
import type { CostPart, UseCounts, UseDimensions } from './events.ts';

/** A model with its prices in dollars for a million input and output tokens. */
export interface PricedModel {
  readonly id: string;
  readonly displayName: string;
  readonly input: number;
  readonly output: number;
  /** Share of the use. */
  readonly weight: number;
}

/** Models that are used, made-up prices. */
export const models: readonly PricedModel[] = [
  { id: 'claude-sonnet-5', displayName: 'Claude Sonnet 5', input: 3, output: 15, weight: 0.5 },
  { id: 'claude-opus-5', displayName: 'Claude Opus 5', input: 5, output: 25, weight: 0.2 },
  { id: 'claude-haiku-5', displayName: 'Claude Haiku 5', input: 1, output: 5, weight: 0.25 },
  { id: 'claude-sonnet-4-5-20250929', displayName: 'Claude Sonnet 4.5', input: 3, output: 15, weight: 0.05 },
];

/** Kinds of tokens as `cost_report` has them: what a million costs in thousandths of the input's or output's price. */
const kinds = [
  { tokenType: 'uncached_input_tokens', count: 'uncachedInput', of: 'input', permille: 1000n, words: 'Input Tokens' },
  { tokenType: 'output_tokens', count: 'output', of: 'output', permille: 1000n, words: 'Output Tokens' },
  { tokenType: 'cache_read_input_tokens', count: 'cacheRead', of: 'input', permille: 100n, words: 'Input Tokens, Cache Read' },
  { tokenType: 'cache_creation.ephemeral_5m_input_tokens', count: 'cacheWrite5m', of: 'input', permille: 1250n, words: 'Input Tokens, Cache Write (5m)' },
  { tokenType: 'cache_creation.ephemeral_1h_input_tokens', count: 'cacheWrite1h', of: 'input', permille: 2000n, words: 'Input Tokens, Cache Write (1h)' },
] as const;

const webSearchUnits = dollarUnits / 100n;

/**
 * The lines of a use's bill, exact. The Priority Tier is billed elsewhere, batches are half the price, inference in the US
 * a tenth more; fast mode has a description of its own and nothing else that tells it apart.
 */
export function billOf(use: UseDimensions & UseCounts): CostPart[] {
  const model = models.find(({ id }) => id === use.model);
  const parts: CostPart[] = [];
  if (model !== undefined && use.serviceTier !== 'priority') {
    for (const { tokenType, count, of, permille, words } of kinds) {
      if (use[count] === 0) continue;
      // A thousandth of the price of one token.
      let price = ((BigInt(model[of]) * dollarUnits) / 1_000_000_000n) * permille;
      if (use.serviceTier === 'batch') price /= 2n;
      if (use.inferenceGeo === 'us') price = (price * 11n) / 10n;
      const fast = use.speed === 'fast';
      if (fast) price *= 6n;
      const description = `${model.displayName} Usage - ${words}${fast ? ', Fast Mode' : ''}`;
      parts.push({ costType: 'tokens', tokenType, description, units: price * BigInt(use[count]) });
    }
  }
  if (use.webSearches > 0) {
    parts.push({ costType: 'web_search', tokenType: null, description: 'Web Search Usage', units: webSearchUnits * BigInt(use.webSearches) });
  }
  return parts;
}
