import { expect, test } from 'vitest';
import { Arrivals } from '../../src/commands/arrivals.ts';
import type { ReceivedPoint, ReceivedRequest } from '../../src/demo/otlp-messages.ts';

const at = new Date('2026-11-21T12:00:00Z');

function request(points: readonly { metric: string; value: number; attributes?: Record<string, string> }[]): ReceivedRequest {
  return {
    resource: {},
    scope: { name: 'claude-usage-metrics', version: '' },
    points: points.map(
      ({ metric, value, attributes = {} }): ReceivedPoint => ({
        metric,
        value,
        attributes,
        unit: '',
        description: '',
        kind: 'gauge',
        valueType: 'double',
        startTimeUnixNano: 0n,
        timeUnixNano: BigInt(at.getTime()) * 1_000_000n,
      }),
    ),
  };
}

const up = (source: string, value: number) => ({ metric: 'claude_usage_metrics.source.up', value, attributes: { source } });
const reads = (source: string, outcome: string, value: number) => ({
  metric: 'claude_usage_metrics.source.reads',
  value,
  attributes: { source, outcome },
});
const window = (name: string, value: number) => ({
  metric: 'claude.usage.utilization',
  value,
  attributes: { metric_name: name },
});

test('the reason of a failing source is the outcome whose count rose', () => {
  const arrivals = new Arrivals();
  arrivals.add([request([up('claude-ai', 1), reads('claude-ai', 'success', 5), reads('claude-ai', 'timeout', 2)])]);
  const { sources } = arrivals.add([
    request([up('claude-ai', 0), reads('claude-ai', 'challenged', 1), reads('claude-ai', 'success', 5), reads('claude-ai', 'timeout', 2)]),
  ]);
  expect(sources).toMatchObject([{ source: 'claude-ai', up: false, outcome: 'challenged' }]);

  // A push without a read in between has no news, and the reason stays.
  expect(arrivals.add([request([up('claude-ai', 0), reads('claude-ai', 'challenged', 1)])]).sources[0]?.outcome).toBe('challenged');
});

test('a push that was cut into requests is one, and ends where a series comes again', () => {
  const arrivals = new Arrivals();
  arrivals.add([request([up('claude-ai', 1), window('five_hour', 0.4)])]);
  const { push, points, sources } = arrivals.add([request([window('seven_day', 0.5)])]);
  expect({ push, points: points.length, quotas: sources[0]?.picture.quotas.map(({ name }) => name) }).toEqual({ push: 1, points: 3, quotas: ['five_hour', 'seven_day'] });
  expect(arrivals.add([request([up('claude-ai', 1)])])).toMatchObject({ push: 2, points: [{}] });
  expect([arrivals.pushes, arrivals.points]).toEqual([2, 4]);
});

test('the age of a source is counted from its last success to the push', () => {
  const lastSuccess = {
    metric: 'claude_usage_metrics.source.last_success_timestamp',
    value: at.getTime() / 1000 - 8.4,
    attributes: { source: 'openrouter' },
  };
  const { sources } = new Arrivals().add([request([up('openrouter', 0), lastSuccess])]);
  expect(sources[0]?.ageSeconds).toBe(8);
});

test('each source gets its own points, and a window that stops arriving keeps its place without a value', () => {
  const arrivals = new Arrivals();
  const key = { metric: 'openrouter.key.limit', value: 100 };
  const first = arrivals.add([request([up('openrouter', 1), up('claude-ai', 1), window('five_hour', 0.4), window('seven_day', 0.5), key])]);
  expect(first.sources.map(({ source, picture }) => [source, picture.quotas.map(({ name }) => name)])).toEqual([
    ['claude-ai', ['five_hour', 'seven_day']],
    ['openrouter', ['key limit']],
  ]);

  const second = arrivals.add([request([up('openrouter', 1), up('claude-ai', 1), window('seven_day', 0.6), key])]);
  expect(second.sources[0]?.picture.quotas).toEqual([{ name: 'five_hour' }, { name: 'seven_day', used: 0.6 }]);
  expect(second.push).toBe(2);
  expect(arrivals.points).toBe(9);
});

test('a window that appears later takes its place in the order', () => {
  const arrivals = new Arrivals();
  arrivals.add([request([up('claude-ai', 1), window('seven_day', 0.5)])]);
  const { sources } = arrivals.add([request([up('claude-ai', 1), window('seven_day', 0.5), window('five_hour', 0.1)])]);
  expect(sources[0]?.picture.quotas.map(({ name }) => name)).toEqual(['five_hour', 'seven_day']);
});
