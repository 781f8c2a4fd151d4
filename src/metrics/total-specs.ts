import type { TotalName } from '../model/report.ts';
import type { MetricSpec } from './metric-spec.ts';

const usageAttributes = [
  'account',
  'model',
  'api_key_id',
  'api_key_name',
  'owner_email',
  'owner_name',
  'workspace_id',
  'workspace_name',
  'service_tier',
  'context_window',
] as const;
const tokenAttributes = [...usageAttributes, 'type', 'cache_ttl'] as const;
const costAttributes = [
  'account',
  'workspace_id',
  'workspace_name',
  'model',
  'cost_type',
  'token_type',
  'service_tier',
  'context_window',
  'inference_geo',
] as const;

const keyCostAttributes = ['account', 'api_key_id', 'api_key_name', 'owner_email', 'owner_name', 'workspace_id', 'workspace_name'] as const;
const codeAttributes = ['account', 'period', 'actor_type', 'actor_email', 'api_key_name', 'terminal_type', 'customer_type'] as const;

/** Totals of the organization's reports; `period` is the UTC month they are summed over, of Claude Code the UTC day. */
export const totalSpecs: Readonly<Record<TotalName, MetricSpec>> = {
  'claude.tokens': {
    kind: 'counter',
    unit: '{token}',
    valueType: 'int',
    description: 'Tokens used in the period, by type: input (uncached), output, cache_read, cache_creation.',
    attributes: [...tokenAttributes, 'period'],
  },
  'claude.web_searches': {
    kind: 'counter',
    unit: '{request}',
    valueType: 'int',
    description: 'Web searches made in the period.',
    attributes: [...usageAttributes, 'period'],
  },
  'claude.cost': {
    kind: 'counter',
    unit: 'USD',
    valueType: 'double',
    description: 'Cost of the period in dollars, as the cost report has it.',
    attributes: [...costAttributes, 'period'],
  },
  'claude.requests': {
    kind: 'counter',
    unit: '{request}',
    valueType: 'int',
    description: 'Requests made in the period, as the Usage and Cost Analytics API counts them; of code execution its spans.',
    attributes: [...usageAttributes, 'period'],
  },
  'claude.api_key.cost': {
    kind: 'counter',
    unit: 'USD',
    valueType: 'double',
    description: 'Cost of the period in dollars by API key, after discounts: a second view, not to be added to claude.cost.',
    attributes: [...keyCostAttributes, 'period'],
  },
  'claude.analytics.code.sessions': {
    kind: 'counter',
    unit: '{session}',
    valueType: 'int',
    description: 'Claude Code sessions of the day.',
    attributes: codeAttributes,
  },
  'claude.analytics.code.lines': {
    kind: 'counter',
    unit: '{line}',
    valueType: 'int',
    description: 'Lines of code that Claude Code wrote in the day, by type: added, removed.',
    attributes: [...codeAttributes, 'type'],
  },
  'claude.analytics.code.commits': {
    kind: 'counter',
    unit: '{commit}',
    valueType: 'int',
    description: 'Commits that Claude Code made in the day.',
    attributes: codeAttributes,
  },
  'claude.analytics.code.pull_requests': {
    kind: 'counter',
    unit: '{pull_request}',
    valueType: 'int',
    description: 'Pull requests that Claude Code opened in the day.',
    attributes: codeAttributes,
  },
  'claude.analytics.code.tool_decisions': {
    kind: 'counter',
    unit: '{decision}',
    valueType: 'int',
    description: 'Edits that Claude Code proposed in the day, by tool and by what people decided: accepted, rejected.',
    attributes: [...codeAttributes, 'tool', 'decision'],
  },
  'claude.analytics.code.tokens': {
    kind: 'counter',
    unit: '{token}',
    valueType: 'int',
    description: 'Tokens that Claude Code used in the day, by type: input, output, cache_read, cache_creation.',
    attributes: [...codeAttributes, 'type', 'model'],
  },
  'claude.analytics.code.cost': {
    kind: 'counter',
    unit: 'USD',
    valueType: 'double',
    description: 'Cost of Claude Code in the day in dollars, as its report estimates it.',
    attributes: [...codeAttributes, 'model'],
  },
};

/** The same since 00:00 UTC. */
export const currentSpecs = {
  'claude.tokens.current': {
    kind: 'gauge',
    unit: '{token}',
    valueType: 'int',
    description: 'Tokens used since 00:00 UTC.',
    attributes: tokenAttributes,
  },
  'claude.cost.current': {
    kind: 'gauge',
    unit: 'USD',
    valueType: 'double',
    description: 'Cost since 00:00 UTC in dollars.',
    attributes: costAttributes,
  },
  'claude.requests.current': {
    kind: 'gauge',
    unit: '{request}',
    valueType: 'int',
    description: 'Requests since 00:00 UTC, as far as they are exported upstream.',
    attributes: usageAttributes,
  },
} as const satisfies Readonly<Record<string, MetricSpec>>;
