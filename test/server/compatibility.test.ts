import { expect, test } from 'vitest';
import { compatibleFamilies } from '../../src/server/compatibility.ts';
import { exposition } from '../../src/server/exposition.ts';
import { familiesOf } from '../../src/server/families.ts';
import type { SourceState } from '../../src/server/health.ts';
import { type WrittenFamily, parseExposition } from '../support/exposition.ts';
import { type WrittenMetric, resourceMetrics } from '../support/families.ts';

const use = { account: 'default', model: 'm', api_key_id: 'k', api_key_name: 'key', owner_email: 'ada@example.com', owner_name: 'Ada', workspace_id: 'w' };
const cost = { account: 'default', workspace_id: 'w', workspace_name: 'Research' };

const metrics: readonly WrittenMetric[] = [
  { name: 'claude.tokens', unit: '{token}', kind: 'counter', points: [[{ ...use, type: 'input', period: '2026-11' }, 5]] },
  { name: 'claude.tokens.current', unit: '{token}', points: [[{ ...use, type: 'input' }, 3]] },
  { name: 'claude.requests', unit: '{request}', kind: 'counter', points: [[{ ...use, period: '2026-11' }, 2]] },
  { name: 'claude.requests.current', unit: '{request}', points: [[use, 1]] },
  {
    name: 'claude.cost',
    unit: 'USD',
    kind: 'counter',
    points: [
      [{ ...cost, model: 'a', period: '2026-10' }, 7],
      [{ ...cost, model: 'a', period: '2026-11' }, 0.1],
      [{ ...cost, model: 'b', period: '2026-11' }, 0.2],
      [{ ...cost, workspace_id: 'default', period: '2026-11' }, 1_234_567.891],
    ],
  },
  { name: 'claude.cost.current', unit: 'USD', points: [[{ ...cost, model: 'a' }, 0.1], [{ ...cost, model: 'b' }, 0.2]] },
];

const up: SourceState = { source: { id: 'anthropic-usage', account: 'default' }, last: { outcome: 'success' }, lastSuccessAt: new Date() };
const down: SourceState = { source: { id: 'anthropic-cost', account: 'default' }, last: { outcome: 'timeout' }, lastSuccessAt: undefined };

function write({ namespace = 'claude', sources = [up], of = metrics } = {}): Map<string, WrittenFamily> {
  const families = familiesOf(resourceMetrics(of));
  const all = [...families, ...compatibleFamilies(families, { namespace, sources, cycleMs: 1_234.5 })];
  return new Map(parseExposition([...exposition(all, 'text')].join('')).map((family) => [family.name, family]));
}

// Its README's queries: the labels they group by, and what they must then add up to.
test.each([
  ['claude_tokens_total', ['model']],
  ['claude_tokens_total', ['owner_name', 'owner_email']],
  ['claude_tokens_total', ['api_key_id', 'api_key_name', 'type']],
  ['claude_requests_total', ['owner_name', 'model', 'api_key_id', 'api_key_name', 'owner_email']],
  ['claude_tokens_current', ['owner_name', 'owner_email']],
  ['claude_tokens_current', ['api_key_name', 'owner_name']],
  ['claude_requests_current', ['api_key_name', 'owner_name']],
  ['claude_cost_total_usd', ['workspace_id']],
  ['claude_cost_current_usd', ['workspace_id']],
] as const)('%s has %j', (name, labels) => {
  const { series = [] } = write().get(name) ?? {};
  expect(series.length).toBeGreaterThan(0);
  for (const { labels: own } of series) expect(Object.keys(own)).toEqual(expect.arrayContaining([...labels]));
});

test('cost is summed by workspace and month, whatever the order of what is summed', () => {
  const total = write().get('claude_cost_total_usd');
  expect(total?.type).toBe('counter');
  expect(total?.series.map(({ labels, value }) => [labels, value])).toEqual([
    [{ workspace_id: 'w', period: '2026-10' }, 7],
    [{ workspace_id: 'w', period: '2026-11' }, 0.3],
    [{ workspace_id: 'default', period: '2026-11' }, 1_234_567.891],
  ]);
  expect(write().get('claude_cost_current_usd')?.series.map(({ labels, value }) => [labels, value])).toEqual([[{ workspace_id: 'w' }, 0.3]]);
});

test('its loop is the cycle, and its items are the sources', () => {
  const families = write({ sources: [up, down] });
  const values = (name: string): unknown => families.get(`claude_prometheus_${name}`)?.series.map(({ labels, value }) => [labels, value]);
  expect(values('loop_duration_seconds')).toEqual([[{}, 1.2345]]);
  expect(values('loop_success')).toEqual([[{}, 0]]);
  expect(values('item_success')).toEqual([[{ item: 'anthropic-usage' }, 1], [{ item: 'anthropic-cost' }, 0]]);
  expect(write().get('claude_prometheus_loop_success')?.series[0]?.value).toBe(1);
});

test('another namespace has the families of the agent’s own once more', () => {
  const families = write({ namespace: 'org' });
  for (const name of ['tokens_total', 'tokens_current', 'requests_total', 'requests_current']) {
    const { series } = families.get(`claude_${name}`) ?? {};
    expect(families.get(`org_${name}`)?.series).toEqual(series?.map((one) => ({ ...one, name: `org_${name}` })));
  }
  expect([...families.keys()]).toContain('org_cost_total_usd');
  expect([...families.keys()]).toContain('claude_prometheus_loop_success');
});

test('what the agent does not know is not there', () => {
  expect([...write({ namespace: 'org', of: [] }).keys()]).toEqual([
    'target_info',
    'claude_prometheus_loop_duration_seconds',
    'claude_prometheus_loop_success',
    'claude_prometheus_item_success',
  ]);
});

test('OpenMetrics does not take a counter without _total for one', () => {
  const families = familiesOf(resourceMetrics(metrics));
  const more = compatibleFamilies(families, { namespace: 'claude', sources: [up], cycleMs: 1 });
  expect([...exposition(more, 'openmetrics')].join('')).toContain('# TYPE claude_cost_total_usd unknown\n');
});
