/** Every gauge that a source may fill. What each means stands in the catalogue (metrics/catalogue.ts). */
export const gaugeNames = [
  'claude.usage.utilization',
  'claude.usage.seconds_to_reset',
  'claude.usage.elapsed',
  'claude.usage.limit_active',
  'claude.extra_usage.used',
  'claude.extra_usage.limit',
  'claude.credit_pool.used',
  'claude.credit_pool.limit',
  'claude.credit_pool.remaining',
  'claude.session.seconds_to_expiry',
  'claude.rate_limit',
  'claude.organization.info',
  'openrouter.credits.total',
  'openrouter.credits.usage',
  'openrouter.credits.remaining',
  'openrouter.key.usage',
  'openrouter.key.limit',
  'openrouter.key.limit_remaining',
  'openrouter.key.seconds_to_reset',
  'claude_usage_metrics.source.report.refreshed_timestamp',
] as const;

/** One of {@link gaugeNames}. */
export type GaugeName = (typeof gaugeNames)[number];
