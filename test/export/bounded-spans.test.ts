import { ExportResultCode } from '@opentelemetry/core';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AlwaysOnSampler, BatchSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace';
import { expect, onTestFinished, test } from 'vitest';
import { BoundedSpans } from '../../src/export/bounded-spans.ts';
import { Traces } from '../../src/telemetry/traces.ts';

const most = 8;
const batch = 4;

test('spans that the SDK’s batches have no place for are counted, and all others are exported once', async () => {
  const exported: ReadableSpan[] = [];
  const waiting: (() => void)[] = [];
  let isHanging = true;
  let lost = 0;
  const processor = new BoundedSpans({
    most,
    exporter: {
      export(spans, done) {
        exported.push(...spans);
        const answer = (): void => done({ code: ExportResultCode.SUCCESS });
        if (isHanging) waiting.push(answer);
        else answer();
      },
      shutdown: () => Promise.resolve(),
    },
    batches: (exporter) => new BatchSpanProcessor({ exporter, maxQueueSize: most, maxExportBatchSize: batch, scheduledDelayMillis: 1 }),
    onFull: () => lost++,
  });
  const traces = new Traces({ resource: () => resourceFromAttributes({}), version: '0', processors: [processor], sampler: new AlwaysOnSampler() });
  onTestFinished(() => traces.shutdown());
  const make = (count: number): void => {
    for (let span = 0; span < count; span++) traces.start({ name: 'collect' }).end();
  };
  // A batch is under way, and as many wait as may.
  make(batch + most);
  expect([exported.length, lost]).toEqual([batch, 0]);
  make(5);
  expect([exported.length, lost]).toEqual([batch, 5]);
  isHanging = false;
  waiting.shift()?.();
  await expect.poll(() => exported.length).toBe(batch + most);
  make(3);
  await traces.shutdown();
  expect([exported.length, lost]).toEqual([batch + most + 3, 5]);
  expect(new Set(exported).size).toBe(exported.length);
});
