/*
 * A backend that asks to be sent nothing for longer than a cycle, from one cycle to the next.
 */
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import type { AttemptResult, FailedAttempt, Sender } from '../../src/export/attempt.ts';
import { DeltaStage } from '../../src/export/delta.ts';
import { DeliveringExporter, type ExporterOptions } from '../../src/export/exporter.ts';
import type { ExportOutcome, RequestResult } from '../../src/export/outcome.ts';
import { requestLimits } from '../../src/export/split.ts';
import { counterPoints, gaugePoints } from '../support/metrics.ts';

const minuteMs = 60_000;
const taken: AttemptResult = { status: 'acknowledged', rejectedPoints: 0 };
const busy: FailedAttempt = { status: 'failed', retryable: true, reconnect: false, cause: 'UNAVAILABLE', message: 'fake is busy' };

/** Time that has been gone by in leaps. */
let leaptMs = 0;
beforeEach(() => {
  leaptMs = 0;
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => now() + leaptMs);
  onTestFinished(() => void vi.restoreAllMocks());
});

interface Backend extends Sender {
  answer: AttemptResult;
  readonly received: ResourceMetrics[];
}

function backend(target = 'fake'): Backend {
  const own: Backend = {
    target,
    answer: taken,
    received: [],
    send({ metrics }) {
      own.received.push(metrics);
      return Promise.resolve(own.answer);
    },
    close: () => undefined,
  };
  return own;
}

function exporterOf(senders: readonly Sender[], options: Partial<ExporterOptions> = {}): { readonly exporter: DeliveringExporter; readonly cycle: (metrics?: ResourceMetrics) => Promise<ExportOutcome> } {
  const told: ExportOutcome[] = [];
  const exporter = new DeliveringExporter({
    senders,
    deadlineMs: 5_000,
    attemptMs: 5_000,
    random: () => 0,
    backOffMs: 10,
    onOutcome: (outcome) => told.push(outcome),
    ...options,
  });
  onTestFinished(() => exporter.shutdown());
  return {
    exporter,
    async cycle(metrics = gaugePoints(3)) {
      exporter.beginCycle();
      await new Promise((resolve) => exporter.export(metrics, resolve));
      const outcome = exporter.last;
      if (outcome === undefined) throw new Error('nobody was told');
      return outcome;
    },
  };
}

test('a backend that asks for a quarter of an hour gets nothing before, and everything after', async () => {
  const sender = backend();
  const { cycle } = exporterOf([sender]);
  sender.answer = { ...busy, retryAfterMs: 15 * minuteMs };
  const first = await cycle();
  expect(first).toMatchObject({ acknowledged: 0, lost: 3, cause: 'UNAVAILABLE' });
  expect(first.message).toMatch(/^fake is busy; as it asks, nothing is sent there before \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  const inMs = (first.heldUntil?.getTime() ?? 0) - Date.now();
  expect(inMs).toBeGreaterThan(14 * minuteMs);
  expect(inMs).toBeLessThanOrEqual(15 * minuteMs);
  sender.answer = taken;
  for (let minutes = 1; minutes < 15; minutes++) {
    leaptMs = minutes * minuteMs;
    expect(await cycle()).toEqual(first);
  }
  expect(sender.received).toHaveLength(1);
  leaptMs = 15 * minuteMs;
  expect(await cycle()).toEqual({ acknowledged: 3, rejected: 0, lost: 0 });
  expect(sender.received).toHaveLength(2);
});

test('a wait that ends in a later cycle is waited for there', async () => {
  const sender = backend();
  const { cycle } = exporterOf([sender]);
  sender.answer = { ...busy, retryAfterMs: minuteMs };
  expect(await cycle()).toMatchObject({ lost: 3 });
  sender.answer = taken;
  leaptMs = minuteMs - 200;
  expect(await cycle()).toEqual({ acknowledged: 3, rejected: 0, lost: 0 });
});

test.each([7 * 24 * 60 * minuteMs, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY])('who asks for %d ms is asked again after an hour', async (retryAfterMs) => {
  const sender = backend();
  const { cycle } = exporterOf([sender]);
  sender.answer = { ...busy, retryAfterMs };
  expect((await cycle()).message).toMatch(/^fake is busy; it asks for more than an hour, which is not kept longer: nothing is sent there before /);
  leaptMs = 59 * minuteMs;
  expect(await cycle()).toMatchObject({ lost: 3 });
  expect(sender.received).toHaveLength(1);
  leaptMs = 60 * minuteMs;
  await cycle();
  expect(sender.received).toHaveLength(2);
});

test('the wait of one backend is not the other’s', async () => {
  const [one, other] = [backend('one'), backend('other')];
  const { cycle } = exporterOf([one, other]);
  one.answer = { ...busy, retryAfterMs: 15 * minuteMs };
  await cycle();
  expect(await cycle()).toMatchObject({ acknowledged: 0, lost: 3, cause: 'UNAVAILABLE' });
  expect([one.received.length, other.received.length]).toEqual([1, 2]);
});

test('a wish that came with a refusal for good holds nothing up', async () => {
  const sender = backend();
  const { cycle } = exporterOf([sender]);
  sender.answer = { ...busy, retryable: false, retryAfterMs: 15 * minuteMs };
  expect(await cycle()).not.toHaveProperty('heldUntil');
  sender.answer = taken;
  expect(await cycle()).toMatchObject({ acknowledged: 3 });
});

test('while a backend is left alone a cut of growth stays as it is, and is sent when the time is over', async () => {
  const sender = backend();
  const deltas = new DeltaStage();
  const { cycle } = exporterOf([sender], {
    prepare: (metrics) => Promise.resolve(deltas.cut(metrics)),
    onOutcome: (_outcome, requests: readonly RequestResult[]) => deltas.settle(requests),
  });
  sender.answer = { ...busy, retryAfterMs: 15 * minuteMs };
  await cycle(counterPoints(5));
  sender.answer = taken;
  leaptMs = 10 * minuteMs;
  expect(await cycle(counterPoints(7))).toMatchObject({ lost: 1 });
  leaptMs = 15 * minuteMs;
  await cycle(counterPoints(9));
  await cycle(counterPoints(9));
  const values = sender.received.map(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics).flatMap(({ dataPoints }) => dataPoints.map(({ value }) => value)));
  // The cut of five, the same again, and what has grown since.
  expect(values).toEqual([[5], [5], [4]]);
});

test('the last push asks nobody who wants to be left alone, and ends at once', async () => {
  const sender = backend();
  const { exporter, cycle } = exporterOf([sender], { deadlineMs: 60_000 });
  sender.answer = { ...busy, retryAfterMs: 15 * minuteMs };
  await cycle(gaugePoints(3 * requestLimits.points));
  const asked = sender.received.length;
  sender.answer = taken;
  exporter.endWithin(9_000);
  const startedMs = performance.now();
  expect(await cycle()).toMatchObject({ acknowledged: 0, lost: 3, cause: 'UNAVAILABLE' });
  expect(sender.received).toHaveLength(asked);
  expect(performance.now() - startedMs).toBeLessThan(4_500);
});
