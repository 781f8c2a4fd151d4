import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { expect, onTestFinished, test } from 'vitest';
import type { AttemptResult, Sender } from '../../src/export/attempt.ts';
import { DeliveringExporter } from '../../src/export/exporter.ts';
import { requestLimits } from '../../src/export/split.ts';
import { AgentCounters } from '../../src/metrics/counters.ts';
import { createInstruments } from '../../src/metrics/instruments.ts';
import { gaugePoints } from '../support/metrics.ts';

interface Books {
  readonly produced: number;
  readonly inFlight: number;
  readonly acknowledged: number;
  readonly rejected: number;
  readonly lost: number;
}

/** What the counters say, whenever it is asked for. */
function counted(): { readonly counters: AgentCounters; readonly books: () => Promise<Books> } {
  const reader = new PeriodicExportingMetricReader({ exporter: new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE), exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  onTestFinished(() => provider.shutdown());
  const counters = new AgentCounters(createInstruments(provider.getMeter('test')), [], false);
  return {
    counters,
    async books() {
      const metrics = (await reader.collect()).resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
      const value = (name: string, outcome?: string): number => {
        const points = metrics.find(({ descriptor }) => descriptor.name === `claude_usage_metrics.export.points${name}`)?.dataPoints ?? [];
        return Number(points.find(({ attributes }) => attributes['outcome'] === outcome)?.value);
      };
      const [acknowledged, rejected, lost] = ['acknowledged', 'rejected', 'lost'].map((outcome) => value('', outcome));
      return { produced: value('.produced'), inFlight: value('.in_flight'), acknowledged: acknowledged ?? NaN, rejected: rejected ?? NaN, lost: lost ?? NaN };
    },
  };
}

test('at every moment of a delivery all points that were produced are acknowledged, rejected, lost or in flight', async () => {
  const { counters, books } = counted();
  const asked: ((result: AttemptResult) => void)[] = [];
  const sender: Sender = { target: 'fake', send: () => new Promise((resolve) => void asked.push(resolve)), close: () => undefined };
  const exporter = new DeliveringExporter({
    senders: [sender],
    deadlineMs: 60_000,
    attemptMs: 60_000,
    random: () => 0,
    onProduced: (points) => counters.produced(points),
    onOutcome: (outcome) => counters.delivered(outcome),
  });
  onTestFinished(() => exporter.shutdown());
  const deliver = (points: number): Promise<unknown> => new Promise((resolve) => exporter.export(gaugePoints(points), resolve));
  const answer = (...results: AttemptResult[]): void => {
    for (const result of results) asked.shift()?.(result);
  };
  const none = { produced: 0, inFlight: 0, acknowledged: 0, rejected: 0, lost: 0 };
  expect(await books()).toEqual(none);

  exporter.beginCycle();
  const first = deliver(2 * requestLimits.points + 5);
  await expect.poll(() => asked.length).toBe(3);
  expect(await books()).toEqual({ ...none, produced: 4_005, inFlight: 4_005 });
  // Another cycle before this one has ended.
  const second = deliver(7);
  await expect.poll(() => asked.length).toBe(4);
  expect(await books()).toEqual({ ...none, produced: 4_012, inFlight: 4_012 });
  const refused: AttemptResult = { status: 'failed', retryable: false, reconnect: false, cause: 'INTERNAL', message: 'no' };
  answer(refused, { status: 'acknowledged', rejectedPoints: 11 }, { status: 'acknowledged', rejectedPoints: 0 });
  await first;
  expect(await books()).toEqual({ produced: 4_012, inFlight: 7, acknowledged: 1_994, rejected: 11, lost: 2_000 });
  answer({ status: 'acknowledged', rejectedPoints: 0 });
  await second;
  expect(await books()).toEqual({ produced: 4_012, inFlight: 0, acknowledged: 2_001, rejected: 11, lost: 2_000 });
});
