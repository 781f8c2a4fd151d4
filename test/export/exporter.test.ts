import { status } from '@grpc/grpc-js';
import { ExportResultCode } from '@opentelemetry/core';
import { expect, test } from 'vitest';
import { type Answer, startReceiver } from '../../src/demo/receiver.ts';
import type { Sender } from '../../src/export/attempt.ts';
import { consoleSender } from '../../src/export/console.ts';
import { DeliveringExporter, type ExporterOptions } from '../../src/export/exporter.ts';
import { grpcSender } from '../../src/export/otlp-grpc.ts';
import type { ExportOutcome } from '../../src/export/outcome.ts';
import { cleanup } from '../support/cleanup.ts';
import { statusDetails, statusWithRetryInfo } from '../support/google-rpc.ts';
import { gaugePoints } from '../support/metrics.ts';

const after = cleanup();
const points = 5;

interface Backend {
  readonly sender: Sender;
  /** When each request came, in milliseconds. */
  readonly requestsAt: readonly number[];
}

/** A receiver that gives these answers one after the other, and the last one from then on. */
async function backendThat(...answers: readonly Answer[]): Promise<Backend> {
  const requestsAt: number[] = [];
  const receiver = await startReceiver({
    answer: () => answers[Math.min(requestsAt.length, answers.length) - 1] ?? { kind: 'acknowledge' },
    onRequest: () => requestsAt.push(performance.now()),
  });
  after(() => receiver.stop());
  const sender = grpcSender(`http://127.0.0.1:${receiver.port}`);
  after(() => sender.close());
  return { sender, requestsAt };
}

function exporterOf(senders: readonly Sender[], options: Partial<ExporterOptions> = {}): {
  exporter: DeliveringExporter;
  deliver: () => Promise<{ outcome: ExportOutcome | undefined; code: ExportResultCode; tookMs: number }>;
} {
  const outcomes: ExportOutcome[] = [];
  const exporter = new DeliveringExporter({
    senders,
    deadlineMs: 10_000,
    attemptMs: 10_000,
    random: () => 0,
    backOffMs: 20,
    onOutcome: (outcome) => outcomes.push(outcome),
    ...options,
  });
  after(() => exporter.shutdown());
  return {
    exporter,
    async deliver() {
      const startedMs = performance.now();
      const told = outcomes.length;
      exporter.beginCycle();
      const code = await new Promise<ExportResultCode>((resolve) => exporter.export(gaugePoints(points), (result) => resolve(result.code)));
      expect(outcomes.length - told).toBe(senders.length > 0 ? 1 : 0);
      return { outcome: exporter.last, code, tookMs: performance.now() - startedMs };
    },
  };
}

const refuse = (code: status): Answer => ({ kind: 'refuse', code });
const wait = (code: status, delay: { seconds?: number; nanos?: number }): Answer => ({
  kind: 'refuse',
  code,
  metadata: statusDetails(statusWithRetryInfo(delay)),
});
const acknowledge: Answer = { kind: 'acknowledge' };

test.each(['CANCELLED', 'DEADLINE_EXCEEDED', 'ABORTED', 'OUT_OF_RANGE', 'UNAVAILABLE', 'DATA_LOSS'] as const)(
  'after %s the same is sent again until it is acknowledged',
  async (name) => {
    const { sender, requestsAt } = await backendThat(refuse(status[name]), refuse(status[name]), acknowledge);
    const { outcome, code } = await exporterOf([sender]).deliver();
    expect(outcome).toEqual({ acknowledged: points, rejected: 0, lost: 0 });
    expect(code).toBe(ExportResultCode.SUCCESS);
    expect(requestsAt).toHaveLength(3);
  },
);

test.each(['INVALID_ARGUMENT', 'PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'UNIMPLEMENTED', 'INTERNAL', 'UNKNOWN'] as const)(
  'after %s the points are lost, and said to be',
  async (name) => {
    const { sender, requestsAt } = await backendThat(refuse(status[name]), acknowledge);
    const { outcome, code } = await exporterOf([sender]).deliver();
    expect(outcome).toMatchObject({ acknowledged: 0, rejected: 0, lost: points, cause: name });
    expect(outcome?.message).toContain(`answered ${name}`);
    expect(code).toBe(ExportResultCode.FAILED);
    expect(requestsAt).toHaveLength(1);
  },
);

test('the wait that a backend asks for is kept', async () => {
  const { sender, requestsAt } = await backendThat(wait(status.RESOURCE_EXHAUSTED, { nanos: 300_000_000 }), acknowledge);
  const { outcome } = await exporterOf([sender]).deliver();
  expect(outcome).toMatchObject({ acknowledged: points });
  const [first = 0, second = 0] = requestsAt;
  // Timers count in whole milliseconds.
  expect(second - first).toBeGreaterThanOrEqual(299);
});

test('a wait beyond the deadline is not begun', async () => {
  const { sender, requestsAt } = await backendThat(wait(status.UNAVAILABLE, { seconds: 3_600 }), acknowledge);
  const { outcome, tookMs } = await exporterOf([sender]).deliver();
  expect(outcome).toMatchObject({ lost: points, cause: 'UNAVAILABLE' });
  expect(requestsAt).toHaveLength(1);
  expect(tookMs).toBeLessThan(10_000);
});

test('a backend that always says no is left at the deadline, with the number of attempts', async () => {
  const { sender, requestsAt } = await backendThat(refuse(status.UNAVAILABLE));
  const { outcome, tookMs } = await exporterOf([sender], { deadlineMs: 400 }).deliver();
  expect(outcome).toMatchObject({ lost: points, message: expect.stringContaining(`(after ${requestsAt.length} attempts)`) as string });
  expect(requestsAt.length).toBeGreaterThan(2);
  expect(tookMs).toBeLessThan(800);
});

test('a backend that hangs is asked several times within the deadline, and left at its end', async () => {
  const { sender, requestsAt } = await backendThat({ kind: 'hang' });
  const { outcome, tookMs } = await exporterOf([sender], { deadlineMs: 600, attemptMs: 150 }).deliver();
  expect(outcome).toMatchObject({ acknowledged: 0, lost: points, cause: 'timeout' });
  expect(requestsAt.length).toBeGreaterThanOrEqual(3);
  expect(tookMs).toBeLessThan(1_200);
});

test('a backend that hangs once gets the points with the next attempt', async () => {
  const { sender, requestsAt } = await backendThat({ kind: 'hang' }, acknowledge);
  const { outcome } = await exporterOf([sender], { attemptMs: 150 }).deliver();
  expect(outcome).toEqual({ acknowledged: points, rejected: 0, lost: 0 });
  expect(requestsAt).toHaveLength(2);
});

test('a receiver that comes back within the deadline gets the points', async () => {
  const gone = await startReceiver();
  const { port } = gone;
  gone.stop();
  const sender = grpcSender(`http://127.0.0.1:${port}`);
  const delivered = exporterOf([sender], { backOffMs: 100 }).deliver();
  const back = await startReceiver({ port });
  after(() => back.stop());
  expect((await delivered).outcome).toEqual({ acknowledged: points, rejected: 0, lost: 0 });
});

test('the time of the collection counts: delivery ends with the cycle', async () => {
  const { sender } = await backendThat({ kind: 'hang' });
  const { exporter } = exporterOf([sender], { deadlineMs: 500 });
  const begun = performance.now();
  exporter.beginCycle();
  await new Promise((resolve) => setTimeout(resolve, 300));
  await new Promise((resolve) => exporter.export(gaugePoints(points), resolve));
  expect(exporter.last).toMatchObject({ lost: points });
  expect(performance.now() - begun).toBeLessThan(1_000);
});

test('a collection that took all of the time leaves half of it to the delivery', async () => {
  const { sender } = await backendThat(acknowledge);
  const { exporter } = exporterOf([sender], { deadlineMs: 1_000 });
  exporter.beginCycle();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await new Promise((resolve) => exporter.export(gaugePoints(points), resolve));
  expect(exporter.last).toMatchObject({ acknowledged: points });
});

test('a partial success counts what was rejected and is not sent again', async () => {
  const { sender, requestsAt } = await backendThat({ kind: 'partial', rejectedPoints: 2, message: 'too old' });
  const { outcome, code } = await exporterOf([sender]).deliver();
  expect(outcome).toMatchObject({ acknowledged: points - 2, rejected: 2, lost: 0 });
  expect(outcome?.message).toMatch(/rejected 2 of 5 points: too old$/);
  expect(code).toBe(ExportResultCode.FAILED);
  expect(requestsAt).toHaveLength(1);
});

test.each([1_000, -3])('a backend that claims to have rejected %i of 5 points counts as having rejected all', async (rejectedPoints) => {
  const { sender } = await backendThat({ kind: 'partial', rejectedPoints, message: '' });
  const { outcome } = await exporterOf([sender]).deliver();
  expect(outcome).toMatchObject({ acknowledged: 0, rejected: points, lost: 0 });
});

test('what a backend that took everything has to say is a warning, no failure', async () => {
  const { sender } = await backendThat({ kind: 'partial', rejectedPoints: 0, message: 'this name is deprecated' });
  const { outcome, code } = await exporterOf([sender]).deliver();
  expect(outcome).toEqual({
    acknowledged: points,
    rejected: 0,
    lost: 0,
    warning: expect.stringMatching(/: this name is deprecated$/) as string,
  });
  expect(code).toBe(ExportResultCode.SUCCESS);
});

test('one backend that fails keeps nothing from the other, and the points count as lost once', async () => {
  const down = await backendThat(refuse(status.PERMISSION_DENIED));
  const lines: string[] = [];
  const { outcome } = await exporterOf([down.sender, consoleSender((text) => lines.push(text))]).deliver();
  expect(outcome).toMatchObject({ acknowledged: 0, rejected: 0, lost: points });
  expect(lines.join('').split('\n').filter((line) => line !== '')).toHaveLength(points);
});

test('a sender that throws loses its points and nothing else', async () => {
  const { sender, requestsAt } = await backendThat(acknowledge);
  const broken = consoleSender(() => {
    throw new Error('stdout is gone');
  });
  const { outcome } = await exporterOf([broken, sender]).deliver();
  expect(outcome).toMatchObject({ lost: points, message: 'console: stdout is gone' });
  expect(requestsAt).toHaveLength(1);
});

test('with nobody to send to everything is done, and nothing is counted', async () => {
  const { outcome, code } = await exporterOf([]).deliver();
  expect(outcome).toEqual({ acknowledged: 0, rejected: 0, lost: 0 });
  expect(code).toBe(ExportResultCode.SUCCESS);
});

test('the last outcome is that of the cycle that began last', async () => {
  const { sender } = await backendThat(acknowledge);
  const { exporter, deliver } = exporterOf([sender]);
  expect(exporter.last).toBeUndefined();
  await deliver();
  expect(exporter.last).toMatchObject({ acknowledged: points });
  exporter.beginCycle();
  expect(exporter.last).toBeUndefined();
});

test('an end that is set cuts the delivery under way at half of it, so that the last push has its own time', async () => {
  const { sender, requestsAt } = await backendThat({ kind: 'hang' }, acknowledge);
  const { exporter, deliver } = exporterOf([sender]);
  const startedMs = performance.now();
  const underWay = deliver();
  await expect.poll(() => requestsAt.length).toBe(1);
  exporter.endWithin(1_000);
  expect((await underWay).outcome).toMatchObject({ lost: points, cause: 'stopped' });
  expect((await deliver()).outcome).toMatchObject({ acknowledged: points });
  expect(performance.now() - startedMs).toBeLessThan(2_000);
});

test('an end that is set also ends the wait for another attempt', async () => {
  const { sender, requestsAt } = await backendThat(refuse(status.UNAVAILABLE));
  const { exporter, deliver } = exporterOf([sender], { deadlineMs: 60_000, backOffMs: 30_000 });
  const underWay = deliver();
  await expect.poll(() => requestsAt.length).toBe(1);
  exporter.endWithin(200);
  const { outcome, tookMs } = await underWay;
  expect(outcome).toMatchObject({ lost: points });
  expect(tookMs).toBeLessThan(15_000);
});

test('no delivery goes on past the end that is set', async () => {
  const { sender } = await backendThat({ kind: 'hang' });
  const { exporter, deliver } = exporterOf([sender]);
  exporter.endWithin(300);
  const { outcome, tookMs } = await deliver();
  expect(outcome).toMatchObject({ lost: points });
  expect(tookMs).toBeLessThan(600);
});

test('nothing is sent after the end', async () => {
  const { sender, requestsAt } = await backendThat(acknowledge);
  const { exporter } = exporterOf([sender]);
  await exporter.shutdown();
  const result = await new Promise<{ code: ExportResultCode }>((resolve) => exporter.export(gaugePoints(points), resolve));
  expect(result.code).toBe(ExportResultCode.FAILED);
  expect(requestsAt).toHaveLength(0);
});
