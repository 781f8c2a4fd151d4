import { ValueType } from '@opentelemetry/api';
import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AggregationTemporality, DataPointType, type MetricData, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { requestLimits, split } from '../../src/export/split.ts';
import { gaugePoints } from '../support/metrics.ts';
import { propertyOptions, propertyTimeoutMs } from '../support/property.ts';

const encoded = (metrics: ResourceMetrics): Uint8Array => ProtobufMetricsSerializer.serializeRequest(metrics) ?? new Uint8Array();
const pointsOf = (metrics: ResourceMetrics): unknown[] => metrics.scopeMetrics.flatMap((scope) => scope.metrics).flatMap((metric) => metric.dataPoints as unknown[]);

// Every length of UTF-8, halves of surrogate pairs, and lengths around those where a varint grows.
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: fc.constantFrom('a', 'é', '€', '𝄞', '\ud834', '\udd1e'), maxLength: 60 }),
  fc.tuple(fc.constantFrom('x', 'ß', '漢', '🦊'), fc.constantFrom(41, 42, 43, 127, 128, 129, 5_461, 5_462)).map(([unit, count]) => unit.repeat(count)),
);
const histogram = { buckets: { boundaries: [0.1, 1], counts: [1, 2, 2 ** 40] }, count: 2 ** 40 + 3, sum: 7, min: 0.1, max: 9, hasMinMax: true };
const exponential = {
  count: 9, sum: 1, scale: -10, zeroCount: 3, min: 0.1, max: 9, hasMinMax: true,
  positive: { offset: -1, bucketCounts: [1, 2 ** 31, 2 ** 52] },
  negative: { offset: 2 ** 30, bucketCounts: [1] },
};
const kinds = [
  { dataPointType: DataPointType.GAUGE, value: 0.5, valueType: ValueType.DOUBLE },
  { dataPointType: DataPointType.SUM, value: -5, valueType: ValueType.INT, isMonotonic: true },
  { dataPointType: DataPointType.HISTOGRAM, value: histogram, valueType: ValueType.DOUBLE },
  { dataPointType: DataPointType.EXPONENTIAL_HISTOGRAM, value: exponential, valueType: ValueType.DOUBLE },
] as const;

/** A cycle's metrics of every kind, with these texts everywhere. */
function cycleOf(text: fc.Arbitrary<string>, others: readonly fc.Arbitrary<unknown>[]): fc.Arbitrary<ResourceMetrics> {
  const value = fc.oneof({ weight: 8, arbitrary: text }, fc.array(fc.oneof(text, ...others), { maxLength: 5 }), fc.dictionary(text, text, { maxKeys: 3 }), ...others);
  const attributes: fc.Arbitrary<Record<string, unknown>> = fc.dictionary(text, value, { maxKeys: 14 });
  const huge: fc.Arbitrary<Record<string, unknown>> = fc.integer({ min: 100, max: 300 }).map((count) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`key.${index}`, 'ü'.repeat(index)])));
  const metric = fc
    .record({
      kind: fc.constantFrom(...kinds),
      temporality: fc.constantFrom(AggregationTemporality.DELTA, AggregationTemporality.CUMULATIVE),
      names: fc.tuple(text, text, text),
      points: fc.oneof(
        { weight: 4, arbitrary: fc.array(fc.oneof({ weight: 9, arbitrary: attributes }, huge), { minLength: 1, maxLength: 12 }) },
        fc.constantFrom({}, { '€': '€'.repeat(60) }).map((own) => Array<Record<string, unknown>>(300).fill(own)),
      ),
    })
    .map(({ kind: { value: of, valueType, ...kind }, temporality, names: [name, description, unit], points }): MetricData => {
      const dataPoints = points.map((own) => ({ attributes: own, startTime: [1_790_000_000, 1], endTime: [1_790_000_060, 999_999_999], value: of }));
      return { ...kind, descriptor: { name, description, unit, valueType }, aggregationTemporality: temporality, dataPoints } as MetricData;
    });
  const scope = fc.record({ name: text, version: text, schemaUrl: text });
  const scopes = fc.array(fc.record({ scope, metrics: fc.array(metric, { minLength: 1, maxLength: 4 }) }), { minLength: 1, maxLength: 3 });
  return fc
    .record({ resource: fc.dictionary(text, text, { maxKeys: 4 }), scopes })
    .map(({ resource, scopes: scopeMetrics }): ResourceMetrics => ({ resource: resourceFromAttributes(resource), scopeMetrics }));
}

const cycle = cycleOf(text, [fc.integer(), fc.double(), fc.maxSafeInteger(), fc.boolean(), fc.uint8Array({ maxLength: 20 })]);
// Where every character has three bytes, nothing is left to spare but what the bound allows for the rest.
const denseCycle = cycleOf(fc.integer({ min: 0, max: 60 }).map((length) => '€'.repeat(length)), [fc.constant(-1)]);

/** Requests put together again: neighbours of the same scope and descriptor are one. */
function joined(requests: readonly ResourceMetrics[]): ResourceMetrics {
  const scopeMetrics: { scope: ResourceMetrics['scopeMetrics'][number]['scope']; metrics: MetricData[] }[] = [];
  for (const { scope, metrics } of requests.flatMap((request) => request.scopeMetrics)) {
    if (scopeMetrics.at(-1)?.scope !== scope) scopeMetrics.push({ scope, metrics: [] });
    const into = scopeMetrics.at(-1)?.metrics ?? [];
    for (const one of metrics) {
      const last = into.at(-1);
      if (last?.descriptor !== one.descriptor) into.push({ ...one, dataPoints: [...one.dataPoints] } as MetricData);
      else (last.dataPoints as unknown[]).push(...one.dataPoints);
    }
  }
  const [first] = requests;
  if (first === undefined) throw new Error('there is no request');
  return { ...first, scopeMetrics };
}

test('no request is larger than the limits, unless it is one point, and together they are what was cut', { timeout: propertyTimeoutMs }, () => {
  fc.assert(
    fc.property(cycle, fc.integer({ min: 500, max: 60_000 }), fc.integer({ min: 1, max: 30 }), (metrics, bytes, points) => {
      const requests = [...split(metrics, { bytes, points })];
      for (const request of requests) {
        const count = pointsOf(request).length;
        expect(count).toBeGreaterThan(0);
        expect(count).toBeLessThanOrEqual(points);
        if (count > 1) expect(encoded(request).length).toBeLessThanOrEqual(bytes);
      }
      expect(Buffer.from(encoded(joined(requests))).equals(encoded(metrics))).toBe(true);
    }),
    propertyOptions(),
  );
});

test('what is one byte over the limit is cut', { timeout: propertyTimeoutMs }, () => {
  fc.assert(
    fc.property(denseCycle, (metrics) => {
      const bytes = encoded(metrics).length - 1;
      for (const request of split(metrics, { bytes, points: 1_000 })) {
        if (pointsOf(request).length > 1) expect(encoded(request).length).toBeLessThanOrEqual(bytes);
      }
    }),
    propertyOptions(),
  );
});

test('what fits is one request, and the same object', () => {
  for (const metrics of [gaugePoints(requestLimits.points), gaugePoints(0), { ...gaugePoints(0), scopeMetrics: [] }]) {
    const requests = [...split(metrics)];
    expect(requests).toHaveLength(1);
    expect(requests[0]).toBe(metrics);
  }
});

test('many small points are cut by their number, and a request takes as many as it may', () => {
  const counts = [...split(gaugePoints(5_001), { bytes: 1e9, points: 2_000 })].map((request) => pointsOf(request).length);
  expect(counts).toEqual([2_000, 2_000, 1_001]);
});

test('large points are cut by their bytes, and a request is filled to a third at least', () => {
  const requests = [...split(withText(gaugePoints(2_000), 'x'.repeat(8_000)))];
  const sizes = requests.map((request) => encoded(request).length);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(requestLimits.bytes);
  expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThan(requestLimits.bytes / 3 - 10_000);
});

test('a point that is larger than a request may be is sent by itself', () => {
  const metrics = gaugePoints(5);
  const huge = metrics.scopeMetrics[0]?.metrics[0]?.dataPoints[2];
  Object.assign(huge?.attributes ?? {}, { text: 'x'.repeat(4 * 1024 * 1024) });
  expect([...split(metrics)].map((request) => pointsOf(request).length)).toEqual([2, 1, 2]);
});

test('it cuts no further than it is asked to', () => {
  const metrics = gaugePoints(10_000);
  let reached = 0;
  metrics.scopeMetrics[0]?.metrics[0]?.dataPoints.forEach((point, index) => {
    const { attributes: own } = point;
    Object.defineProperty(point, 'attributes', {
      get: () => {
        reached = Math.max(reached, index);
        return own;
      },
    });
  });
  split(metrics).next();
  expect(reached).toBeLessThanOrEqual(requestLimits.points);
});

function withText(metrics: ResourceMetrics, long: string): ResourceMetrics {
  for (const point of metrics.scopeMetrics[0]?.metrics[0]?.dataPoints ?? []) Object.assign(point.attributes, { long });
  return metrics;
}
