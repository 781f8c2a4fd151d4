import type { Attributes } from '@opentelemetry/api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Format, exposition } from '../../src/server/exposition.ts';
import { familiesOf } from '../../src/server/families.ts';
import { parseExposition } from '../support/exposition.ts';
import { type WrittenMetric, resourceMetrics } from '../support/families.ts';
import { propertyOptions, propertyTimeoutMs } from '../support/property.ts';

const formats = ['text', 'openmetrics'] as const;

function write(metrics: readonly WrittenMetric[], format: Format = 'text', resource?: Attributes): string {
  return [...exposition(familiesOf(resourceMetrics(metrics, resource)), format)].join('');
}

const everyKind: readonly WrittenMetric[] = [
  { name: 'claude.usage.utilization', unit: '1', help: 'A "share"\\part\nof it.', points: [[{ account: 'a', metric_name: 'five_hour' }, 0.42]] },
  { name: 'claude.cost', unit: 'USD', kind: 'counter', points: [[{ 'http.code': '200' }, 1.5], [{}, 12]] },
  { name: 'claude.open', kind: 'up-down counter', points: [[{}, -3]] },
  {
    name: 'agent.collect.duration',
    unit: 's',
    kind: 'histogram',
    points: [[{ source: 'x' }, { buckets: { boundaries: [0.5, 1, 60], counts: [2, 0, 3, 1] }, sum: 80.25, count: 6 }]],
  },
  { name: 'claude.nothing', points: [] },
];

test('text format 0.0.4', () => {
  expect(write(everyKind, 'text', { 'service.name': 's', team: 'a"b' })).toBe(
    String.raw`# HELP target_info Target metadata
# TYPE target_info gauge
target_info{service_name="s",team="a\"b"} 1
# HELP claude_usage_utilization_ratio A "share"\\part\nof it.
# TYPE claude_usage_utilization_ratio gauge
claude_usage_utilization_ratio{account="a",metric_name="five_hour"} 0.42
# HELP claude_cost_USD_total help
# TYPE claude_cost_USD_total counter
claude_cost_USD_total{http_code="200"} 1.5
claude_cost_USD_total 12
# HELP claude_open help
# TYPE claude_open gauge
claude_open -3
# HELP agent_collect_duration_seconds help
# TYPE agent_collect_duration_seconds histogram
agent_collect_duration_seconds_bucket{source="x",le="0.5"} 2
agent_collect_duration_seconds_bucket{source="x",le="1"} 2
agent_collect_duration_seconds_bucket{source="x",le="60"} 5
agent_collect_duration_seconds_bucket{source="x",le="+Inf"} 6
agent_collect_duration_seconds_sum{source="x"} 80.25
agent_collect_duration_seconds_count{source="x"} 6
`,
  );
});

test('OpenMetrics 1.0: families without _total and _info, quotes in help escaped, bounds as floats, an end', () => {
  expect(write(everyKind, 'openmetrics')).toBe(
    String.raw`# HELP target Target metadata
# TYPE target info
target_info{service_name="test"} 1
# HELP claude_usage_utilization_ratio A \"share\"\\part\nof it.
# TYPE claude_usage_utilization_ratio gauge
claude_usage_utilization_ratio{account="a",metric_name="five_hour"} 0.42
# HELP claude_cost_USD help
# TYPE claude_cost_USD counter
claude_cost_USD_total{http_code="200"} 1.5
claude_cost_USD_total 12
# HELP claude_open help
# TYPE claude_open gauge
claude_open -3
# HELP agent_collect_duration_seconds help
# TYPE agent_collect_duration_seconds histogram
agent_collect_duration_seconds_bucket{source="x",le="0.5"} 2
agent_collect_duration_seconds_bucket{source="x",le="1.0"} 2
agent_collect_duration_seconds_bucket{source="x",le="60.0"} 5
agent_collect_duration_seconds_bucket{source="x",le="+Inf"} 6
agent_collect_duration_seconds_sum{source="x"} 80.25
agent_collect_duration_seconds_count{source="x"} 6
# EOF
`,
  );
});

test('a name that two scopes have is one family; one of another type is left out', () => {
  const text = write([
    { name: 'a.b', points: [[{ n: '1' }, 1]] },
    { name: 'a_b', help: 'another', points: [[{ n: '2' }, 2]] },
    { name: 'a-b', kind: 'histogram', points: [[{}, { buckets: { boundaries: [], counts: [1] }, sum: 1, count: 1 }]] },
  ]);
  expect(parseExposition(text).slice(1)).toEqual([
    {
      name: 'a_b',
      type: 'gauge',
      help: 'help',
      series: [
        { name: 'a_b', labels: { n: '1' }, value: 1 },
        { name: 'a_b', labels: { n: '2' }, value: 2 },
      ],
    },
  ]);
});

test('keys that become one label have their values in one; a key without letters is none', () => {
  const [, family] = parseExposition(write([{ name: 'x', points: [[{ a_b: '3', 'a.b': '2', 'a-b': '1', '…': 'gone', 'c.d': 'e' }, 1]] }]));
  expect(family?.series).toEqual([{ name: 'x', labels: { a_b: '1;2;3', c_d: 'e' }, value: 1 }]);
});

test('values that are no text are written as JSON has them', () => {
  const [target] = parseExposition(write([], 'text', { n: 1.5, yes: true, list: ['a', 'b'] }));
  expect(target?.series[0]?.labels).toEqual({ n: '1.5', yes: 'true', list: '["a","b"]' });
});

test.each([
  [9_007_199_254_740_991, '9007199254740991'],
  [0.1 + 0.2, '0.30000000000000004'],
  [1e21, '1e+21'],
  [5e-324, '5e-324'],
  [Infinity, '+Inf'],
  [-Infinity, '-Inf'],
])('%d is written as %s', (value, text) => {
  expect(write([{ name: 'x', points: [[{}, value]] }])).toContain(`\nx ${text}\n`);
});

test('what is not a number is not there', () => {
  expect(write([{ name: 'x', points: [[{ n: '1' }, NaN], [{ n: '2' }, 2]] }])).toMatch(/gauge\nx\{n="2"\} 2\n$/);
});

test('a long text comes in pieces', () => {
  const points = Array.from({ length: 20_000 }, (_, n): [Attributes, number] => [{ n: String(n), filler: 'x'.repeat(50) }, n]);
  const pieces = [...exposition(familiesOf(resourceMetrics([{ name: 'x', points }])), 'text')];
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(70_000);
  expect(parseExposition(pieces.join(''))[1]?.series).toHaveLength(20_000);
});

const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom('"', '\\', '\n', '\r', '{', '}', ',', '=', '#', ' ', 'n', '🙂', '<b>') }));
const labelName = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,20}$/).filter((name) => /[^_]/.test(name));
const anyNumber = fc.oneof(fc.double({ noNaN: true }), fc.integer(), fc.maxSafeInteger());

test('whatever the values are: what is written reads as what was collected', { timeout: propertyTimeoutMs }, () => {
  const attributes = fc.dictionary(labelName, anyText, { maxKeys: 5 });
  const points = fc.uniqueArray(fc.tuple(attributes, anyNumber), { maxLength: 5, minLength: 1, selector: ([labels]) => JSON.stringify(Object.entries(labels).sort()) });
  fc.assert(
    fc.property(fc.constantFrom('gauge' as const, 'counter' as const), anyText, points, fc.constantFrom(...formats), (kind, help, written, format) => {
      const [, family] = parseExposition(write([{ name: 'm', kind, help, points: written }], format));
      const name = kind === 'counter' ? 'm_total' : 'm';
      expect(family?.help).toBe(help);
      expect(family?.series).toEqual(written.map(([labels, value]) => ({ name, labels: { ...labels }, value: value + 0 })));
    }),
    propertyOptions(),
  );
});

test('whatever the keys are: the text can be read, and no label is there twice', { timeout: propertyTimeoutMs }, () => {
  const attributes = fc.dictionary(fc.oneof(anyText, fc.stringMatching(/^[a._-]{0,4}$/)), anyText, { maxKeys: 6 });
  fc.assert(
    fc.property(attributes, anyText, fc.constantFrom(...formats), (labels, resource, format) => {
      const families = parseExposition(write([{ name: 'm', points: [[labels, 1]] }], format, { resource, ...labels }));
      expect(families.map(({ series }) => series.length)).toEqual([1, 1]);
    }),
    propertyOptions(),
  );
});
