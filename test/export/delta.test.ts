import { hrTimeToMilliseconds } from '@opentelemetry/core';
import {
  AggregationTemporality,
  type DataPoint,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { DeltaStage } from '../../src/export/delta.ts';
import type { RequestResult } from '../../src/export/outcome.ts';

/** The SDK's own instruments, collected as our reader does. */
let meter: ReturnType<MeterProvider['getMeter']>;
let reader: PeriodicExportingMetricReader;
let stage: DeltaStage;

beforeEach(() => {
  reader = new PeriodicExportingMetricReader({ exporter: new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE), exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  onTestFinished(() => provider.shutdown());
  meter = provider.getMeter('test');
  stage = new DeltaStage();
});

async function cut(): Promise<ResourceMetrics> {
  return stage.cut((await reader.collect()).resourceMetrics);
}

function settle(metrics: ResourceMetrics, settled: RequestResult['settled']): void {
  stage.settle([{ metrics, settled }]);
}

function pointsOf(metrics: ResourceMetrics): DataPoint<number | Histogram>[] {
  return metrics.scopeMetrics.flatMap(({ metrics: all }) => all.flatMap(({ dataPoints }) => dataPoints as DataPoint<number | Histogram>[]));
}

function values(metrics: ResourceMetrics): unknown[] {
  return pointsOf(metrics).map(({ value }) => value);
}

test('counters are sent as what they grew by since the last cut, stretch after stretch, and not where they did not grow', async () => {
  const counter = meter.createCounter('requests');
  counter.add(3, { source: 'a' });
  counter.add(1, { source: 'b' });
  const first = await cut();
  expect(values(first)).toEqual([3, 1]);
  for (const metric of first.scopeMetrics[0]?.metrics ?? []) {
    expect(metric).toMatchObject({ aggregationTemporality: AggregationTemporality.DELTA, isMonotonic: true });
  }
  settle(first, 'acknowledged');
  expect(values(await cut())).toEqual([]);
  counter.add(5, { source: 'b' });
  const second = await cut();
  expect(values(second)).toEqual([5]);
  expect(pointsOf(second)[0]?.startTime).toEqual(pointsOf(first)[1]?.endTime);
});

test('a cut goes again as the same points until it was taken; what grew meanwhile comes after it', async () => {
  const counter = meter.createCounter('requests');
  counter.add(3);
  const first = await cut();
  const [point] = pointsOf(first);
  settle(first, 'lost');
  counter.add(4);
  const again = await cut();
  expect(pointsOf(again)).toEqual([point]);
  settle(again, 'acknowledged');
  expect(values(await cut())).toEqual([4]);
});

test('after the wall clock was set back no stretch ends before it begins', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'], now: Date.UTC(2026, 10, 20, 12) });
  onTestFinished(() => void vi.useRealTimers());
  const counter = meter.createCounter('requests');
  counter.add(3);
  settle(await cut(), 'acknowledged');
  vi.setSystemTime(Date.UTC(2026, 10, 20, 11));
  counter.add(4);
  meter.createCounter('reads').add(1);
  const later = pointsOf(await cut());
  expect(later.map(({ value }) => value)).toEqual([4, 1]);
  for (const { startTime, endTime } of later) expect(hrTimeToMilliseconds(startTime)).toBe(hrTimeToMilliseconds(endTime) - 1);
});

test('of a cut in two requests only the one that was lost goes again; one that was refused for good does not', async () => {
  meter.createCounter('a').add(1);
  meter.createCounter('b').add(2);
  meter.createCounter('c').add(3);
  const first = await cut();
  const request = (name: string): ResourceMetrics => ({
    ...first,
    scopeMetrics: first.scopeMetrics.map((scope) => ({ ...scope, metrics: scope.metrics.filter(({ descriptor }) => descriptor.name === name) })),
  });
  stage.settle([
    { metrics: request('a'), settled: 'acknowledged' },
    { metrics: request('b'), settled: 'lost' },
    { metrics: request('c'), settled: 'refused' },
  ]);
  expect(values(await cut())).toEqual([2]);
});

test('histograms are sent as their growth in each bucket', async () => {
  const histogram = meter.createHistogram('duration', { advice: { explicitBucketBoundaries: [1, 10] } });
  histogram.record(0.5);
  histogram.record(5);
  settle(await cut(), 'acknowledged');
  histogram.record(7);
  histogram.record(70);
  const [point] = pointsOf(await cut());
  expect(point?.value).toEqual({ buckets: { boundaries: [1, 10], counts: [0, 1, 1] }, sum: 77, count: 2 });
});

test('gauges pass as they are', async () => {
  meter.createGauge('share').record(0.5);
  expect(values(await cut())).toEqual([0.5]);
  expect(values(await cut())).toEqual([0.5]);
});
