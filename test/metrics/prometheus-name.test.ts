import { describe, expect, test } from 'vitest';
import { catalogue } from '../../src/metrics/catalogue.ts';
import { prometheusLabel, prometheusName } from '../../src/metrics/prometheus-name.ts';

describe('a metric has the name that Prometheus gives it', () => {
  // Expected values are what prometheus/otlptranslator v1.0.0 answers.
  test.each([
    ['claude.tokens', '{token}', 'counter', 'claude_tokens_total'],
    ['claude.cost', 'USD', 'counter', 'claude_cost_USD_total'],
    ['claude.usage.utilization', '1', 'gauge', 'claude_usage_utilization_ratio'],
    ['claude.usage.seconds_to_reset', 's', 'gauge', 'claude_usage_seconds_to_reset'],
    ['openrouter.credits.total', 'USD', 'gauge', 'openrouter_credits_total_USD'],
    ['claude_usage_metrics.source.duration', 's', 'histogram', 'claude_usage_metrics_source_duration_seconds'],
    ['a.total.b', '', 'counter', 'a_b_total'],
    ['a.total.b', '', 'gauge', 'a_total_b'],
    ['total', '', 'counter', 'total'],
    ['x.ratio.y', '1', 'gauge', 'x_y_ratio'],
    ['x.ratio.y', '1', 'counter', 'x_ratio_y_total'],
    ['x.ratio.y', '1', 'histogram', 'x_ratio_y'],
    ['5h.window', '1', 'gauge', '_5h_window_ratio'],
    ['a__b..c', '', 'gauge', 'a_b_c'],
    ['ns:job', 'By', 'gauge', 'ns:job_bytes'],
    ['grün.wert', '', 'gauge', 'gr_n_wert'],
    ['a', '{USD}', 'gauge', 'a'],
    ['a', '%', 'gauge', 'a_percent'],
    ['a', 'km/h', 'gauge', 'a_km_per_hour'],
    ['a', 'By/mo', 'gauge', 'a_bytes_per_month'],
    ['a', '{x}/s', 'gauge', 'a_per_second'],
    ['a', 's/{x}', 'gauge', 'a_seconds'],
    ['a', '1/s', 'gauge', 'a_per_second'],
    ['a', ' s / h ', 'gauge', 'a_seconds_per_hour'],
    ['a', 'l/constructor', 'gauge', 'a_l_per_constructor'],
    ['a', 'a.b', 'gauge', 'a_a_b'],
    ['a', '__x__', 'gauge', 'a_x_'],
  ] as const)('%s in %j, a %s, is %s', (name, unit, kind, expected) => {
    expect(prometheusName({ name, unit, kind })).toBe(expected);
  });
});

test('no two metrics of the catalogue have the same Prometheus name, and each is a legal one', () => {
  const names = Object.entries(catalogue).map(([name, spec]) => prometheusName({ name, ...spec }));
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/);
});

describe('an attribute has the label that Prometheus gives it', () => {
  // Expected values are what prometheus/otlptranslator v1.0.0 answers when it keeps underscores, as a Collector has it do.
  test.each([
    ['metric_name', 'metric_name'],
    ['http.response.status_code', 'http_response_status_code'],
    ['a__b..c', 'a__b__c'],
    ['2nd', 'key_2nd'],
    ['grün', 'gr_n'],
    ['🙂a', '_a'],
    ['_', undefined],
    ['…', undefined],
    ['', undefined],
  ] as const)('%j is %j', (key, expected) => {
    expect(prometheusLabel(key)).toBe(expected);
  });
});
