import type { GaugeName } from '../model/gauge-names.ts';
import type { MetricSpec } from './metric-spec.ts';
import { currentSpecs, totalSpecs } from './total-specs.ts';

export type { MetricSpec } from './metric-spec.ts';
export { currentSpecs, totalSpecs } from './total-specs.ts';

const window = ['account', 'metric_name'] as const;
const account = ['account'] as const;

/** Gauges that are filled by the sources. */
export const gaugeSpecs: Readonly<Record<GaugeName, MetricSpec>> = {
  'claude.usage.utilization': {
    kind: 'gauge',
    unit: '1',
    valueType: 'double',
    description: 'Used share of a usage window; above 1 when the window is overdrawn.',
    attributes: window,
  },
  'claude.usage.seconds_to_reset': {
    kind: 'gauge',
    unit: 's',
    valueType: 'int',
    description: 'Time until a usage window resets; absent while the window has not started.',
    attributes: window,
  },
  'claude.usage.elapsed': {
    kind: 'gauge',
    unit: '1',
    valueType: 'double',
    description: 'Share of a five-hour or seven-day window’s time that is gone; utilization / elapsed is the pace.',
    attributes: window,
  },
  'claude.usage.limit_active': {
    kind: 'gauge',
    unit: '',
    valueType: 'int',
    description: '1 for the limit that claude.ai calls the binding one, 0 for the others.',
    attributes: window,
  },
  'claude.extra_usage.used': {
    kind: 'gauge',
    unit: '{currency}',
    valueType: 'double',
    description: 'Pay-as-you-go credits used, in major units of the currency.',
    attributes: ['account', 'currency'],
  },
  'claude.extra_usage.limit': {
    kind: 'gauge',
    unit: '{currency}',
    valueType: 'double',
    description: 'Cap of the pay-as-you-go credits, in major units of the currency; absent without a cap.',
    attributes: ['account', 'currency'],
  },
  'claude.credit_pool.used': {
    kind: 'gauge',
    unit: 'USD',
    valueType: 'double',
    description: 'Dollars used of a credit pool.',
    attributes: window,
  },
  'claude.credit_pool.limit': {
    kind: 'gauge',
    unit: 'USD',
    valueType: 'double',
    description: 'Size of a credit pool in dollars.',
    attributes: window,
  },
  'claude.credit_pool.remaining': {
    kind: 'gauge',
    unit: 'USD',
    valueType: 'double',
    description: 'Dollars left in a credit pool.',
    attributes: window,
  },
  'claude.session.seconds_to_expiry': {
    kind: 'gauge',
    unit: 's',
    valueType: 'int',
    description: 'Time until the session cookie’s own expiry date, where the cookie service knows it.',
    attributes: account,
  },
  'claude.rate_limit': {
    kind: 'gauge',
    unit: '',
    valueType: 'int',
    description: 'Limit of the organization as it is configured, by group of models or API and by limiter.',
    attributes: ['account', 'group', 'limiter'],
  },
  'claude.organization.info': {
    kind: 'gauge',
    unit: '',
    valueType: 'int',
    description: 'Always 1; the attributes are the organization’s id, which Claude Code’s own telemetry has too, and its name.',
    attributes: ['account', 'organization.id', 'organization.name'],
  },
  'openrouter.credits.total': {
    kind: 'gauge',
    unit: 'USD',
    valueType: 'double',
    description: 'Credits ever put on the OpenRouter account.',
    attributes: account,
  },
  'openrouter.credits.usage': {
    kind: 'gauge',
    unit: 'USD',
    valueType: 'double',
    description: 'Credits ever spent on the OpenRouter account.',
    attributes: account,
  },
  'openrouter.credits.remaining': {
    kind: 'gauge',
    unit: 'USD',
    valueType: 'double',
    description: 'Credits left on the OpenRouter account; negative when it is overdrawn.',
    attributes: account,
  },
  'openrouter.key.usage': {
    kind: 'gauge',
    unit: 'USD',
    valueType: 'double',
    description: 'Credits spent by this OpenRouter key: ever, this UTC day, week (from Monday) or month.',
    attributes: ['account', 'window'],
  },
  'openrouter.key.limit': {
    kind: 'gauge',
    unit: 'USD',
    valueType: 'double',
    description: 'Spending cap of this OpenRouter key; absent without a cap.',
    attributes: account,
  },
  'openrouter.key.limit_remaining': {
    kind: 'gauge',
    unit: 'USD',
    valueType: 'double',
    description: 'What is left of the key’s cap in its present period; may be negative.',
    attributes: account,
  },
  'openrouter.key.seconds_to_reset': {
    kind: 'gauge',
    unit: 's',
    valueType: 'int',
    description: 'Time until the key’s cap resets; absent for a cap that never does.',
    attributes: account,
  },
  'claude_usage_metrics.source.report.refreshed_timestamp': {
    kind: 'gauge',
    unit: 's',
    valueType: 'double',
    description: 'Up to when the report that was read is exported upstream, in seconds since 1970; what is later is incomplete.',
    attributes: ['account', 'source'],
  },
};

/** What the ledger says of itself. */
export const ledgerSpecs = {
  'claude_usage_metrics.ledger.debt.tokens': {
    kind: 'gauge',
    unit: '{token}',
    valueType: 'int',
    description: 'Tokens by which exported totals are above the report, after a restatement downwards.',
    attributes: ['account', 'report'],
  },
  'claude_usage_metrics.ledger.debt.cost': {
    kind: 'gauge',
    unit: 'USD',
    valueType: 'double',
    description: 'Dollars by which exported totals are above the report, after a restatement downwards.',
    attributes: ['account', 'report'],
  },
  'claude_usage_metrics.ledger.revisions': {
    kind: 'counter',
    unit: '{revision}',
    valueType: 'int',
    description: 'Sums of closed days that the report restated since the start, by direction: up or down.',
    attributes: ['account', 'report', 'direction'],
  },
  'claude_usage_metrics.ledger.series': {
    kind: 'gauge',
    unit: '{series}',
    valueType: 'int',
    description: 'Series that the ledger exports.',
    attributes: ['account', 'report', 'metric'],
  },
} as const satisfies Readonly<Record<string, MetricSpec>>;

/** What the agent says of itself. */
export const agentSpecs = {
  'claude_usage_metrics.build.info': {
    kind: 'gauge',
    unit: '',
    valueType: 'int',
    description: 'Always 1; the attribute is the agent’s version.',
    attributes: ['version'],
  },
  'claude_usage_metrics.source.up': {
    kind: 'gauge',
    unit: '',
    valueType: 'int',
    description: '1 when the source’s last read succeeded in full, else 0.',
    attributes: ['account', 'source'],
  },
  'claude_usage_metrics.source.last_success_timestamp': {
    kind: 'gauge',
    unit: 's',
    valueType: 'double',
    description: 'When the source was last read in full, in seconds since 1970.',
    attributes: ['account', 'source'],
  },
  'claude_usage_metrics.source.reads': {
    kind: 'counter',
    unit: '{read}',
    valueType: 'int',
    description: 'Reads of the source by outcome: success, or the reason of the failure.',
    attributes: ['account', 'source', 'outcome'],
  },
  'claude_usage_metrics.source.requests': {
    kind: 'counter',
    unit: '{request}',
    valueType: 'int',
    description: 'HTTP requests made to the source’s upstream, by status; without one when no answer came.',
    attributes: ['account', 'source', 'http.response.status_code'],
  },
  'claude_usage_metrics.source.duration': {
    kind: 'histogram',
    unit: 's',
    valueType: 'double',
    description: 'Duration of the source’s reads.',
    attributes: ['account', 'source'],
  },
  'claude_usage_metrics.collect.duration': {
    kind: 'histogram',
    unit: 's',
    valueType: 'double',
    description: 'Duration of collecting one cycle, all sources together.',
    attributes: [],
  },
  'claude_usage_metrics.export.points': {
    kind: 'counter',
    unit: '{point}',
    valueType: 'int',
    description: 'Points by what became of them: acknowledged, rejected (partial success) or lost.',
    attributes: ['outcome'],
  },
  'claude_usage_metrics.export.points.produced': {
    kind: 'counter',
    unit: '{point}',
    valueType: 'int',
    description: 'Points that were handed over for delivery before this cycle was collected: all outcomes and those in flight together.',
    attributes: [],
  },
  'claude_usage_metrics.export.points.in_flight': {
    kind: 'up-down counter',
    unit: '{point}',
    valueType: 'int',
    description: 'Points of earlier cycles whose delivery had not ended when this cycle was collected; its own are in the next one’s.',
    attributes: [],
  },
  'claude_usage_metrics.export.spans': {
    kind: 'counter',
    unit: '{span}',
    valueType: 'int',
    description: 'Spans of the agent’s own traces by what became of them: acknowledged, rejected (partial success) or lost; only with traces over OTLP.',
    attributes: ['outcome'],
  },
} as const satisfies Readonly<Record<string, MetricSpec>>;

/** Every metric there is. */
export const catalogue: Readonly<Record<string, MetricSpec>> = {
  ...gaugeSpecs,
  ...totalSpecs,
  ...currentSpecs,
  ...ledgerSpecs,
  ...agentSpecs,
};

/** Bounds of the histograms, in seconds. */
export const durationBounds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60] as const;
