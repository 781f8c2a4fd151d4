import { MeterProvider, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { Meter } from '@opentelemetry/api';
import { expect, test, vi } from 'vitest';
import type { ReceivedPoint } from '../../src/demo/otlp-messages.ts';
import { startReceiver } from '../../src/demo/receiver.ts';
import { DeliveringExporter } from '../../src/export/exporter.ts';
import { grpcSender } from '../../src/export/otlp-grpc.ts';
import { CycleReader } from '../../src/export/reader.ts';
import { cleanup } from '../support/cleanup.ts';
import { gaugePoints } from '../support/metrics.ts';

const after = cleanup();

interface Pipeline {
  readonly meter: Meter;
  readonly reader: CycleReader;
  readonly exporter: DeliveringExporter;
  readonly provider: MeterProvider;
  /** Points of each request. */
  readonly requests: readonly (readonly ReceivedPoint[])[];
  readonly errors: readonly unknown[];
  /** What each collection gave, where it did not fail. */
  readonly collected: readonly ResourceMetrics[];
}

async function pipeline(intervalMs = 60_000): Promise<Pipeline> {
  const requests: ReceivedPoint[][] = [];
  const errors: unknown[] = [];
  const collected: ResourceMetrics[] = [];
  const onCollected = (_durationMs: number, metrics: ResourceMetrics | undefined): void => {
    if (metrics !== undefined) collected.push(metrics);
  };
  const receiver = await startReceiver({ onRequest: (received) => requests.push(received.flatMap(({ points }) => points)) });
  after(() => receiver.stop());
  const exporter = new DeliveringExporter({
    senders: [grpcSender(`http://127.0.0.1:${receiver.port}`)],
    deadlineMs: 5_000,
    attemptMs: 5_000,
    random: () => 0,
    onOutcome: () => undefined,
  });
  const timeoutMs = Math.min(5_000, intervalMs);
  const reader = new CycleReader({ exporter, intervalMs, timeoutMs, onCollected, onError: (error) => errors.push(error) });
  const provider = new MeterProvider({ readers: [reader] });
  after(async () => {
    await exporter.shutdown();
    await provider.shutdown();
  });
  return { meter: provider.getMeter('test'), reader, exporter, provider, requests, errors, collected };
}

test('what was collected does not change when more is counted afterwards', async () => {
  const { meter, reader, collected, requests } = await pipeline();
  const duration = meter.createHistogram('duration');
  const count = meter.createCounter('count');
  for (const value of [1, 2]) {
    duration.record(value);
    count.add(value);
  }
  await reader.forceFlush();
  const [first] = collected;
  const before = structuredClone(first?.scopeMetrics);
  expect(first?.scopeMetrics[0]?.metrics.map(({ dataPoints: [point] }) => point?.value)).toMatchObject([{ count: 2, sum: 3 }, 3]);
  duration.record(3);
  count.add(3);
  await reader.forceFlush();
  expect(first?.scopeMetrics).toEqual(before);
  // Cumulative.
  expect(collected[1]?.scopeMetrics[0]?.metrics.map(({ dataPoints: [point] }) => point?.value)).toMatchObject([{ count: 3, sum: 6 }, 6]);
  expect(requests).toHaveLength(2);
});

test('nothing is collected before it is told to begin', async () => {
  const { meter, provider, requests } = await pipeline(50);
  meter.createCounter('counter').add(1);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(requests).toHaveLength(0);
  await provider.shutdown();
  await expect.poll(() => requests.length).toBe(1);
});

test('it collects at each interval once it has begun, and after its end no more', async () => {
  const { meter, provider, reader, requests, errors } = await pipeline(50);
  meter.createCounter('counter').add(1);
  reader.begin();
  await expect.poll(() => requests.length).toBeGreaterThan(3);
  await provider.shutdown();
  const atEnd = requests.length;
  reader.begin();
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(requests).toHaveLength(atEnd);
  expect(errors).toEqual([]);
});

test('a gauge that is not observed any more disappears, while a counter stays and stays cumulative', async () => {
  const { meter, reader, requests } = await pipeline();
  let known = true;
  meter.createObservableGauge('gauge').addCallback((result) => {
    if (known) result.observe(1);
  });
  const counter = meter.createCounter('counter');
  const histogram = meter.createHistogram('histogram');
  counter.add(1);
  histogram.record(1);
  await reader.forceFlush();
  counter.add(1);
  await reader.forceFlush();
  known = false;
  await reader.forceFlush();
  expect(requests.map((points) => points.map(({ metric }) => metric))).toEqual([
    ['gauge', 'counter', 'histogram'],
    ['gauge', 'counter', 'histogram'],
    ['counter', 'histogram'],
  ]);
  const sums = requests.flat().filter(({ metric }) => metric === 'counter');
  expect(sums.map(({ value, temporality }) => [value, temporality])).toEqual([
    [1, 'cumulative'],
    [2, 'cumulative'],
    [2, 'cumulative'],
  ]);
  expect(new Set(sums.map(({ startTimeUnixNano }) => startTimeUnixNano)).size).toBe(1);
  expect(requests.flat().filter(({ metric }) => metric === 'histogram').every(({ temporality }) => temporality === 'cumulative')).toBe(true);
});

test('thousands of series all arrive with their own values', async () => {
  const series = 2_500;
  const { meter, reader, requests } = await pipeline();
  meter.createObservableGauge('gauge').addCallback((result) => {
    for (let index = 0; index < series; index++) result.observe(index, { index: String(index) });
  });
  const counter = meter.createCounter('counter');
  for (let index = 0; index < series; index++) counter.add(index, { index: String(index) });
  await reader.forceFlush();
  for (const metric of ['gauge', 'counter']) {
    const points = requests.flat().filter((point) => point.metric === metric);
    expect(points).toHaveLength(series);
    expect(points.every(({ attributes, value }) => attributes['index'] === String(value))).toBe(true);
  }
});

test('a collection that fails is told, and leaves no older outcome behind as its own', async () => {
  const { exporter } = await pipeline();
  exporter.beginCycle();
  await new Promise((resolve) => exporter.export(gaugePoints(1), resolve));
  expect(exporter.last).toMatchObject({ acknowledged: 1 });
  const errors: unknown[] = [];
  // No MeterProvider has it, so that it has nothing to collect from.
  const reader = new CycleReader({
    exporter,
    intervalMs: 60_000,
    timeoutMs: 5_000,
    onCollected: () => undefined,
    onError: (error) => errors.push(error),
  });
  await reader.forceFlush();
  expect(errors).toHaveLength(1);
  expect(exporter.last).toBeUndefined();
});

test('a callback that fails is told, and the rest is exported', async () => {
  const { meter, reader, requests, errors } = await pipeline();
  const broken = new Error('broken callback');
  meter.createObservableGauge('broken').addCallback(() => Promise.reject(broken));
  meter.createObservableGauge('whole').addCallback((result) => result.observe(1));
  await reader.forceFlush();
  expect(errors).toEqual([broken]);
  expect(requests.flat().map(({ metric }) => metric)).toEqual(['whole']);
});

test('after the clock was set back no old value is exported as a new one', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-21T12:00:00Z') });
  after(() => vi.useRealTimers());
  const { meter, reader, requests } = await pipeline();
  let value = 1;
  meter.createObservableGauge('gauge').addCallback((result) => result.observe(value));
  meter.createCounter('counter').add(1);
  await reader.forceFlush();
  vi.setSystemTime(new Date('2026-11-21T11:00:00Z'));
  value = 2;
  await reader.forceFlush();
  vi.setSystemTime(new Date('2026-11-21T11:01:00Z'));
  value = 3;
  await reader.forceFlush();
  expect(requests.map((points) => points.map(({ metric, value: exported }) => [metric, exported]))).toEqual([
    [['gauge', 1], ['counter', 1]],
    [['counter', 1]],
    [['gauge', 3], ['counter', 1]],
  ]);
});

test('nor is one of a gauge that comes again only later, and was last seen before the clock was set back', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-21T12:00:00Z') });
  after(() => vi.useRealTimers());
  const { meter, reader, requests } = await pipeline();
  let values: readonly (readonly [window: string, value: number])[] = [];
  meter.createObservableGauge('gauge').addCallback((result) => {
    for (const [window, value] of values) result.observe(value, { window });
  });
  const cycle = async (at: string, ...observed: typeof values): Promise<void> => {
    vi.setSystemTime(new Date(`2026-11-21T${at}Z`));
    values = observed;
    await reader.forceFlush();
  };
  await cycle('12:00:00', ['week', 1], ['session', 11]);
  await cycle('11:00:00', ['week', 2]);
  await cycle('11:01:00', ['week', 3]);
  await cycle('11:02:00', ['week', 4], ['session', 12]);
  await cycle('11:03:00', ['week', 5], ['session', 13]);
  await cycle('11:04:00', ['week', 6]);
  await cycle('12:01:00', ['week', 7], ['session', 14]);
  await cycle('12:02:00', ['week', 8], ['session', 15], ['month', 21]);
  expect(requests.map((points) => points.map(({ value }) => value))).toEqual([[1, 11], [], [3], [4], [5, 13], [6], [7, 14], [8, 15, 21]]);
});
