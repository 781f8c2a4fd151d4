import { execFileSync } from 'node:child_process';
import { expect, inject, test } from 'vitest';
import { runCli } from '../support/cli.ts';
import { startAccount } from './support/account.ts';
import { startShippedCollector } from './support/collector.ts';
import { shippedConfig } from './support/prometheus.ts';

test('promtool accepts the configuration of Prometheus', () => {
  expect(execFileSync(inject('promtool'), ['check', 'config', shippedConfig], { encoding: 'utf8' })).toContain('SUCCESS');
});

test('the Collector of the compose file shows Prometheus what the agent pushes', async () => {
  const account = await startAccount();
  const collector = await startShippedCollector();

  const result = await runCli(['once', '--timeout', '20s'], {
    ...account.environment,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.grpcPort}`,
  });
  const scraped = await (await fetch(`http://127.0.0.1:${collector.scrapePort}/metrics`)).text();

  expect(result.code).toBe(0);
  expect(seriesOf(scraped)).toEqual(
    expect.arrayContaining([
      series('claude_usage_utilization_ratio', { metric_name: 'five_hour' }, '0.42'),
      series('claude_usage_limit_active', { metric_name: 'seven_day' }, '1'),
      series('claude_extra_usage_used', { currency: 'EUR' }, '7.63'),
      series('claude_credit_pool_remaining_USD', { metric_name: 'cinder_cove' }, '187.5'),
      series('openrouter_credits_remaining_USD', {}, '74.75'),
      series('claude_usage_metrics_source_up', { source: 'claude-ai' }, '1'),
      series('claude_usage_metrics_source_reads_total', { source: 'claude-ai', outcome: 'success' }, '1'),
    ]),
  );
});

function series(name: string, labels: Readonly<Record<string, string>>, value: string): object {
  const all = { account: 'default', job: 'claude-usage-metrics', ...labels };
  return { name, labels: expect.objectContaining(all) as object, value };
}

/** The lines of Prometheus' text format; no label of ours has a quote or a comma in it. */
function seriesOf(scraped: string): object[] {
  return [...scraped.matchAll(/^(\w+)\{(.*)\} (\S+)$/gm)].map(([, name, labels = '', value]) => ({
    name,
    labels: Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', text]) => [key, text] as const)),
    value,
  }));
}
