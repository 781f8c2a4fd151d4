import { ExportResultCode } from '@opentelemetry/core';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { consoleSender } from '../../src/export/console.ts';
import { DeliveringExporter, type ExporterOptions } from '../../src/export/exporter.ts';
import type { ExportOutcome, RequestResult } from '../../src/export/outcome.ts';
import { gaugePoints } from '../support/metrics.ts';

interface Told {
  readonly outcome: ExportOutcome;
  readonly requests: readonly RequestResult[];
}

/** An exporter to a console, what it printed, and what was told of the last delivery. */
function exporterThat(prepare: NonNullable<ExporterOptions['prepare']>, deadlineMs = 10_000): {
  readonly exporter: DeliveringExporter;
  readonly printed: string[];
  readonly deliver: (metrics: ResourceMetrics) => Promise<Told & { readonly code: ExportResultCode }>;
} {
  const printed: string[] = [];
  const told: Told[] = [];
  const exporter = new DeliveringExporter({
    senders: [consoleSender((text) => printed.push(text))],
    deadlineMs,
    attemptMs: deadlineMs,
    random: () => 0,
    prepare,
    onOutcome: (outcome, requests) => told.push({ outcome, requests }),
  });
  return {
    exporter,
    printed,
    async deliver(metrics) {
      exporter.beginCycle();
      const code = await new Promise<ExportResultCode>((resolve) => exporter.export(metrics, (result) => resolve(result.code)));
      const one = told.shift();
      if (one === undefined || told.length > 0) throw new Error('it was to be told once');
      return { ...one, code };
    },
  };
}

test('what is made ready is counted and sent in place of the metrics', async () => {
  const ready = gaugePoints(2);
  const given: ResourceMetrics[] = [];
  const { deliver, printed } = exporterThat((metrics) => {
    given.push(metrics);
    return Promise.resolve(ready);
  });
  const metrics = gaugePoints(5);
  const { outcome, requests } = await deliver(metrics);
  expect(given).toEqual([metrics]);
  expect(outcome).toEqual({ acknowledged: 2, rejected: 0, lost: 0 });
  expect(requests).toEqual([{ metrics: ready, settled: 'acknowledged' }]);
  expect(requests[0]?.metrics).toBe(ready);
  expect(printed.join('').match(/gauge/g)).toHaveLength(2);
});

test.each([
  ['rejects', () => Promise.reject(new Error('the disk is full'))],
  [
    'throws',
    () => {
      throw new Error('the disk is full');
    },
  ],
])('when it %s, the points are lost, and nothing is sent', async (_how, prepare) => {
  const { deliver, printed, exporter } = exporterThat(prepare);
  const metrics = gaugePoints(5);
  const { outcome, requests, code } = await deliver(metrics);
  expect(outcome).toEqual({
    acknowledged: 0,
    rejected: 0,
    lost: 5,
    cause: 'internal',
    message: 'the points could not be made ready for sending: the disk is full',
  });
  expect(requests).toEqual([{ metrics, settled: 'lost' }]);
  expect(exporter.last).toBe(outcome);
  expect(code).toBe(ExportResultCode.FAILED);
  expect(printed).toEqual([]);
});

test('when it hangs, the points are lost at the deadline, and its late end sends nothing', async () => {
  const late = Promise.withResolvers<ResourceMetrics>();
  const { deliver, printed } = exporterThat(() => late.promise, 200);
  const startedMs = performance.now();
  const { outcome } = await deliver(gaugePoints(5));
  expect(performance.now() - startedMs).toBeLessThan(400);
  expect(outcome).toMatchObject({ lost: 5, cause: 'internal' });
  late.resolve(gaugePoints(5));
  await new Promise((resolve) => setImmediate(resolve));
  expect(printed).toEqual([]);
});

test('when the agent is stopped meanwhile, the points are lost at once', async () => {
  const asked = Promise.withResolvers<undefined>();
  const { deliver, exporter } = exporterThat(() => {
    asked.resolve(undefined);
    return new Promise(() => undefined);
  });
  const delivered = deliver(gaugePoints(5));
  await asked.promise;
  exporter.endWithin(100);
  expect((await delivered).outcome).toMatchObject({ lost: 5, cause: 'stopped' });
});

test('a cycle after one that could not be made ready is delivered', async () => {
  let cycles = 0;
  const { deliver } = exporterThat((metrics) => (++cycles === 1 ? Promise.reject(new Error('no')) : Promise.resolve(metrics)));
  await deliver(gaugePoints(5));
  expect((await deliver(gaugePoints(5))).outcome).toEqual({ acknowledged: 5, rejected: 0, lost: 0 });
});

test('points that cannot be cut into requests are lost, and said to be', async () => {
  const { deliver } = exporterThat((metrics) => Promise.resolve(metrics));
  const metrics = gaugePoints(3);
  for (const point of metrics.scopeMetrics[0]?.metrics[0]?.dataPoints ?? []) {
    Object.defineProperty(point, 'attributes', { get: () => { throw new RangeError('broken'); } });
  }
  const { outcome, requests } = await deliver(metrics);
  expect(outcome).toEqual({ acknowledged: 0, rejected: 0, lost: 3, cause: 'internal', message: 'the points could not be sent: broken' });
  expect(requests).toEqual([{ metrics, settled: 'lost' }]);
});
