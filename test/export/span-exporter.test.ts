import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, status } from '@grpc/grpc-js';
import { ExportResultCode } from '@opentelemetry/core';
import { AlwaysOnSampler, InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { expect, onTestFinished, test, vi } from 'vitest';
import { listen } from '../../src/demo/receiver.ts';
import type { AttemptResult, BytesSender } from '../../src/export/attempt.ts';
import { grpcSender } from '../../src/export/otlp-grpc.ts';
import { httpSender } from '../../src/export/otlp-http.ts';
import { tracesSignal } from '../../src/export/signal.ts';
import { DeliveringSpanExporter, type SpanExporterOptions, type SpanOutcome } from '../../src/export/span-exporter.ts';
import { Traces } from '../../src/telemetry/traces.ts';
import { startStatusServer } from '../support/status-server.ts';

function spans(): ReadableSpan[] {
  const exporter = new InMemorySpanExporter();
  const traces = new Traces({
    resource: () => resourceFromAttributes({ 'service.name': 'test' }),
    version: '0',
    processors: [new SimpleSpanProcessor({ exporter })],
    sampler: new AlwaysOnSampler(),
  });
  traces.start({ name: 'collect' }).end();
  return exporter.getFinishedSpans();
}

interface Told {
  readonly exporter: DeliveringSpanExporter;
  readonly outcomes: readonly SpanOutcome[];
  /** Exports one span. */
  readonly send: () => Promise<ExportResultCode>;
}

function exporterOf(sender: BytesSender, options: Partial<SpanExporterOptions> = {}): Told {
  const outcomes: SpanOutcome[] = [];
  const exporter = new DeliveringSpanExporter({
    sender,
    timeoutMs: 5_000,
    attemptMs: 2_000,
    random: () => 0,
    backOffMs: 1,
    onOutcome: (outcome) => outcomes.push(outcome),
    ...options,
  });
  onTestFinished(() => {
    exporter.abandon();
    return exporter.shutdown();
  });
  const send = (): Promise<ExportResultCode> => new Promise((resolve) => exporter.export(spans(), ({ code }) => resolve(code)));
  return { exporter, outcomes, send };
}

/** A backend in this process; its answers one after the other, the last one for good. */
function answering(...results: AttemptResult[]): BytesSender & { readonly requests: number } {
  let requests = 0;
  return {
    target: 'fake',
    get requests() {
      return requests;
    },
    send: () => Promise.resolve(results[Math.min(requests++, results.length - 1)] ?? taken),
    close: () => undefined,
  };
}

const taken: AttemptResult = { status: 'acknowledged', rejectedPoints: 0 };
const unavailable: AttemptResult = { status: 'failed', retryable: true, reconnect: false, cause: 'UNAVAILABLE', message: 'fake is down' };
const unimplemented: AttemptResult = { status: 'failed', retryable: false, reconnect: false, cause: 'UNIMPLEMENTED', message: 'fake takes none' };

/** A Collector’s trace service, as far as it is asked. */
async function traceService(onRequest: (body: Buffer) => void): Promise<number> {
  const server = new Server();
  const asIs = (bytes: Buffer): Buffer => bytes;
  const coding = { requestSerialize: asIs, requestDeserialize: asIs, responseSerialize: asIs, responseDeserialize: asIs };
  const Export = { path: `/${tracesSignal.method}`, requestStream: false, responseStream: false, ...coding };
  server.addService({ Export }, {
    Export(call: { request: Buffer }, done: (error: null, answer: Buffer) => void): void {
      onRequest(call.request);
      done(null, Buffer.alloc(0));
    },
  });
  onTestFinished(() => server.forceShutdown());
  return listen(server, 0);
}

test('spans go to the trace service over gRPC', async () => {
  const bodies: Buffer[] = [];
  const port = await traceService((body) => bodies.push(body));
  const { send, outcomes } = exporterOf(grpcSender(`http://127.0.0.1:${port}`, { signal: tracesSignal }));
  expect(await send()).toBe(ExportResultCode.SUCCESS);
  expect(outcomes).toEqual([{ acknowledged: 1, rejected: 0, lost: 0 }]);
  expect(bodies).toHaveLength(1);
  expect(bodies[0]?.toString('latin1')).toContain('collect');
});

test('a gRPC backend without a trace service is asked once, and left alone; what it did not get is lost', async () => {
  const backend = await startStatusServer(() => ({ code: status.UNIMPLEMENTED, isTrailersOnly: true }));
  onTestFinished(() => backend.stop());
  const { send, outcomes } = exporterOf(grpcSender(`http://127.0.0.1:${backend.port}`, { signal: tracesSignal }));
  for (let batch = 0; batch < 3; batch++) expect(await send()).toBe(ExportResultCode.FAILED);
  expect(backend.callsAtMs).toHaveLength(1);
  expect(outcomes).toHaveLength(3);
  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({ acknowledged: 0, rejected: 0, lost: 1, cause: 'UNIMPLEMENTED', heldUntil: outcomes[0]?.heldUntil });
    expect(outcome.message).toMatch(/it takes no traces; set OTEL_EXPORTER_OTLP_TRACES_ENDPOINT.*; nothing is sent there before /);
  }
});

test('so is one over HTTP', async () => {
  const paths: string[] = [];
  const server = createServer((request, response) => {
    paths.push(request.url ?? '');
    response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const { send, outcomes } = exporterOf(httpSender(`http://127.0.0.1:${port}/v1/traces`, { signal: tracesSignal }));
  for (let batch = 0; batch < 3; batch++) await send();
  expect(paths).toEqual(['/v1/traces']);
  expect(outcomes.map(({ lost, cause }) => [lost, cause])).toEqual([[1, '404'], [1, '404'], [1, '404']]);
  expect(outcomes[0]?.message).toContain('OTEL_TRACES_EXPORTER=none');
});

test('it is asked again after an hour', async () => {
  const sender = answering(unimplemented, taken);
  const { send } = exporterOf(sender);
  await send();
  await send();
  expect(sender.requests).toBe(1);
  const nowMs = performance.now();
  const clock = vi.spyOn(performance, 'now').mockReturnValue(nowMs + 3_601_000);
  onTestFinished(() => clock.mockRestore());
  expect(await send()).toBe(ExportResultCode.SUCCESS);
});

test('a backend that asks to be left alone gets no batch before, and the one of its end waits for it', async () => {
  const sender = answering({ ...unavailable, retryAfterMs: 1_800_000 }, taken);
  const { exporter, send, outcomes } = exporterOf(sender);
  await send();
  await send();
  expect(sender.requests).toBe(1);
  expect(outcomes.map(({ lost, cause }) => [lost, cause])).toEqual([[1, 'UNAVAILABLE'], [1, 'UNAVAILABLE']]);
  expect(outcomes[1]?.message).toMatch(/^fake is down; as it asks, nothing is sent there before /);
  const now = performance.now.bind(performance);
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + 1_799_800);
  onTestFinished(() => clock.mockRestore());
  expect(await send()).toBe(ExportResultCode.SUCCESS);
  expect(outcomes[2]).toEqual({ acknowledged: 1, rejected: 0, lost: 0 });
  exporter.tryOnce();
});

test('nor at the end', async () => {
  const sender = answering({ ...unavailable, retryAfterMs: 3_000 }, taken);
  const { exporter, send, outcomes } = exporterOf(sender, { timeoutMs: 2_000 });
  await send();
  exporter.tryOnce();
  expect(await send()).toBe(ExportResultCode.FAILED);
  expect(sender.requests).toBe(1);
  expect(outcomes).toHaveLength(2);
});

test.each([
  [1, 1],
  [-1, 0],
  [7, 1],
  [0, 0],
])('of a backend that says it rejected %i of one span %i is counted', async (rejectedPoints, rejected) => {
  const { send, outcomes } = exporterOf(answering({ status: 'acknowledged', rejectedPoints, message: 'too many' }));
  expect(await send()).toBe(ExportResultCode.SUCCESS);
  expect(outcomes).toMatchObject([{ acknowledged: 1 - rejected, rejected, lost: 0, message: expect.stringContaining('too many') as string }]);
});

test.each([
  ['application/json', JSON.stringify({ partialSuccess: { rejectedSpans: '1', errorMessage: 'too many' } })],
  // Both are the fields that an answer to metrics has.
  ['application/x-protobuf', Buffer.from([0x0a, 0x0c, 0x08, 0x01, 0x12, 0x08, ...Buffer.from('too many')])],
])('what a backend rejected of a batch it took is counted, said in %s', async (type, body) => {
  const server = createServer((request, response) => {
    request.resume().once('end', () => response.writeHead(200, { 'content-type': type }).end(body));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  onTestFinished(() => server.closeAllConnections());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const { send, outcomes } = exporterOf(httpSender(`http://127.0.0.1:${port}/v1/traces`, { signal: tracesSignal }));
  await send();
  expect(outcomes).toMatchObject([{ acknowledged: 0, rejected: 1, lost: 0, cause: 'rejected', message: expect.stringMatching(/rejected 1 of 1 spans: too many$/) as string }]);
});

test('what OTLP calls retryable is tried again, and lost when the time is over', async () => {
  const mended = answering(unavailable, unavailable, taken);
  const good = exporterOf(mended);
  expect(await good.send()).toBe(ExportResultCode.SUCCESS);
  expect(mended.requests).toBe(3);
  expect(good.outcomes).toEqual([{ acknowledged: 1, rejected: 0, lost: 0 }]);

  const down = exporterOf(answering(unavailable), { timeoutMs: 300, backOffMs: 40 });
  expect(await down.send()).toBe(ExportResultCode.FAILED);
  expect(down.outcomes).toEqual([{ acknowledged: 0, rejected: 0, lost: 1, cause: 'UNAVAILABLE', message: 'fake is down' }]);
});

test('at the end there is one try, and what waits for another is given up', async () => {
  const sender = answering(unavailable);
  const { exporter, send, outcomes } = exporterOf(sender, { backOffMs: 60_000, timeoutMs: 600_000 });
  const waiting = send();
  await vi.waitFor(() => expect(sender.requests).toBe(1));
  exporter.tryOnce();
  expect(await waiting).toBe(ExportResultCode.FAILED);
  expect(await send()).toBe(ExportResultCode.FAILED);
  expect(sender.requests).toBe(2);
  expect(outcomes).toHaveLength(2);
});

test('a backend that hangs does not hold up the end', async () => {
  const server = createServer(() => undefined).listen(0, '127.0.0.1');
  onTestFinished(() => server.closeAllConnections());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const { exporter, send, outcomes } = exporterOf(httpSender(`http://127.0.0.1:${port}/v1/traces`, { signal: tracesSignal }), { timeoutMs: 600_000, attemptMs: 600_000 });
  const hanging = send();
  const ended = exporter.shutdown();
  exporter.abandon();
  exporter.tryOnce();
  await ended;
  expect(await hanging).toBe(ExportResultCode.FAILED);
  expect(outcomes).toMatchObject([{ cause: 'stopped' }]);
});
