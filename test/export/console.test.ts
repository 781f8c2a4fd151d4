import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { consoleSender } from '../../src/export/console.ts';
import { DeliveringExporter } from '../../src/export/exporter.ts';
import { CycleReader } from '../../src/export/reader.ts';
import { gaugeRequest } from '../support/metrics.ts';

test('each point is a line of name, attributes, value and unit', async () => {
  const written: string[] = [];
  const result = await consoleSender((text) => written.push(text)).send(gaugeRequest(2), 1_000);
  expect(result).toEqual({ status: 'acknowledged', rejectedPoints: 0 });
  expect(written.join('')).toBe('gauge{"index":"0"} 0.5 USD\ngauge{"index":"1"} 1.5 USD\n');
});

test('a counter shows its total, a histogram its count and sum, and a missing unit leaves no space', async () => {
  const written: string[] = [];
  const exporter = new DeliveringExporter({
    senders: [consoleSender((text) => written.push(text))],
    deadlineMs: 1_000,
    attemptMs: 1_000,
    random: () => 0,
    onOutcome: () => undefined,
  });
  const reader = new CycleReader({ exporter, intervalMs: 60_000, timeoutMs: 1_000, onCollected: () => undefined, onError: () => undefined });
  const provider = new MeterProvider({ readers: [reader] });
  const meter = provider.getMeter('test');
  meter.createCounter('counter').add(3, { key: 'value' });
  const histogram = meter.createHistogram('histogram', { unit: 's' });
  histogram.record(0.25);
  histogram.record(0.5);
  await provider.shutdown();
  expect(written.join('')).toBe('counter{"key":"value"} 3\nhistogram{} count=2 sum=0.75 s\n');
});
