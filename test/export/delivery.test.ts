/*
 * A cycle that is many requests: what becomes of each, and that none costs another anything.
 */
import { status } from '@grpc/grpc-js';
import { ExportResultCode } from '@opentelemetry/core';
import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import fc from 'fast-check';
import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { type ReceivedPoint, type ReceivedRequest, decodeRequest, flatten } from '../../src/demo/otlp-messages.ts';
import { type Answer, startReceiver } from '../../src/demo/receiver.ts';
import type { AttemptResult, FailedAttempt, Sender, SentMetrics } from '../../src/export/attempt.ts';
import { consoleSender } from '../../src/export/console.ts';
import { DeliveringExporter, type ExporterOptions } from '../../src/export/exporter.ts';
import { grpcSender } from '../../src/export/otlp-grpc.ts';
import { httpSender } from '../../src/export/otlp-http.ts';
import type { ExportOutcome, RequestResult, Settled } from '../../src/export/outcome.ts';
import { requestLimits } from '../../src/export/split.ts';
import { cleanup } from '../support/cleanup.ts';
import { startHttpReceiver } from '../support/http-receiver.ts';
import { gaugePoints, organizationPoints } from '../support/metrics.ts';
import { listening } from '../support/proxy.ts';
import { propertyOptions, propertyTimeoutMs } from '../support/property.ts';

const after = cleanup();
const perRequest = requestLimits.points;

interface Delivered {
  readonly outcome: ExportOutcome;
  readonly requests: readonly RequestResult[];
  readonly code: ExportResultCode;
  readonly tookMs: number;
}

function exporterOf(senders: readonly Sender[], options: Partial<ExporterOptions> = {}): {
  readonly exporter: DeliveringExporter;
  readonly deliver: (metrics: ResourceMetrics) => Promise<Delivered>;
} {
  const told: { readonly outcome: ExportOutcome; readonly requests: readonly RequestResult[] }[] = [];
  const exporter = new DeliveringExporter({
    senders,
    deadlineMs: 10_000,
    attemptMs: 10_000,
    random: () => 0,
    backOffMs: 20,
    onOutcome: (outcome, requests) => told.push({ outcome, requests }),
    ...options,
  });
  after(() => exporter.shutdown());
  return {
    exporter,
    async deliver(metrics) {
      const startedMs = performance.now();
      exporter.beginCycle();
      const code = await new Promise<ExportResultCode>((resolve) => exporter.export(metrics, (result) => resolve(result.code)));
      const tookMs = performance.now() - startedMs;
      const one = told.shift();
      if (one === undefined) throw new Error('nobody was told');
      expect(told).toEqual([]);
      expect(exporter.last).toBe(one.outcome);
      return { ...one, code, tookMs };
    },
  };
}

/** A gRPC receiver that decides by the first point's index, and a sender to it. */
async function grpcBackend(answer: (first: number, before: number) => Answer): Promise<{ sender: Sender; seen: { readonly first: number; readonly atMs: number }[] }> {
  const seen: { first: number; atMs: number }[] = [];
  const receiver = await startReceiver({
    answer(requests) {
      const first = firstOf(requests);
      const before = seen.filter((request) => request.first === first).length;
      seen.push({ first, atMs: performance.now() });
      return answer(first, before);
    },
  });
  after(() => receiver.stop());
  const sender = grpcSender(`http://127.0.0.1:${receiver.port}`);
  after(() => sender.close());
  return { sender, seen };
}

const firstOf = (requests: readonly ReceivedRequest[]): number => Number(requests[0]?.points[0]?.attributes['index']);
const acknowledge: Answer = { kind: 'acknowledge' };
const settled = ({ requests }: Delivered): Settled[] => requests.map((request) => request.settled);

/** A backend in this process. */
function senderThat(send: (request: SentMetrics, timeoutMs: number) => AttemptResult | Promise<AttemptResult>, target = 'fake'): Sender {
  return { target, send: async (request, timeoutMs) => send(request, timeoutMs), close: () => undefined };
}

const taken: AttemptResult = { status: 'acknowledged', rejectedPoints: 0 };
const unavailable: FailedAttempt = { status: 'failed', retryable: true, reconnect: false, cause: 'UNAVAILABLE', message: 'fake is down' };
const invalid: FailedAttempt = { status: 'failed', retryable: false, forGood: true, reconnect: false, cause: 'INVALID_ARGUMENT', message: 'fake says no' };

/** What was to be sent, as a backend sees it, in order. */
function wanted(metrics: ResourceMetrics): readonly ReceivedPoint[] {
  return flatten(decodeRequest(Buffer.from(ProtobufMetricsSerializer.serializeRequest(metrics) ?? []))).flatMap(({ points }) => points);
}

function inOrder(points: readonly ReceivedPoint[]): readonly ReceivedPoint[] {
  return points.toSorted((one, other) => Number(one.attributes['index']) - Number(other.attributes['index']));
}

test('over gRPC more than one message can hold arrives whole and once', async () => {
  const metrics = organizationPoints(12_000);
  const received: ReceivedRequest[] = [];
  const receiver = await startReceiver({ onRequest: (requests) => received.push(...requests) });
  after(() => receiver.stop());
  const delivered = await exporterOf([grpcSender(`http://127.0.0.1:${receiver.port}`)]).deliver(metrics);
  expect(delivered.outcome).toEqual({ acknowledged: 12_000, rejected: 0, lost: 0 });
  expect(received).toHaveLength(6);
  expect(inOrder(received.flatMap(({ points }) => points))).toEqual(wanted(metrics));
  for (const request of received) expect(request).toMatchObject({ resource: { 'service.name': 'test' }, scope: { name: 'test' } });
});

test('over HTTP more than one message can hold arrives whole and once', async () => {
  const metrics = organizationPoints(12_000);
  const receiver = await startHttpReceiver();
  after(() => receiver.stop());
  const delivered = await exporterOf([httpSender(receiver.url)]).deliver(metrics);
  expect(delivered.outcome).toEqual({ acknowledged: 12_000, rejected: 0, lost: 0 });
  const sizes = receiver.exports.map(({ headers }) => Number(headers['content-length']));
  expect(Math.max(...sizes)).toBeLessThanOrEqual(requestLimits.bytes);
  expect(sizes.reduce((sum, size) => sum + size)).toBeGreaterThan(4 * 1024 * 1024);
  expect(inOrder(receiver.exports.flatMap(({ requests }) => requests).flatMap(({ points }) => points))).toEqual(wanted(metrics));
});

test('a request that is refused costs its own points, and is told apart from the others', async () => {
  const { sender, seen } = await grpcBackend((first) => (first === perRequest ? { kind: 'refuse', code: status.INVALID_ARGUMENT } : acknowledge));
  const metrics = gaugePoints(4 * perRequest + 1);
  const delivered = await exporterOf([sender]).deliver(metrics);
  expect(delivered.outcome).toMatchObject({ acknowledged: 3 * perRequest + 1, rejected: 0, lost: perRequest, cause: 'INVALID_ARGUMENT' });
  expect(delivered.outcome.message).toMatch(/answered INVALID_ARGUMENT: refused by the receiver \(1 of 5 requests; 2,000 of 8,001 points\)$/);
  expect(settled(delivered)).toEqual(['acknowledged', 'refused', 'acknowledged', 'acknowledged', 'acknowledged']);
  expect(delivered.requests.flatMap((request) => wanted(request.metrics))).toEqual(wanted(metrics));
  expect(seen).toHaveLength(5);
  expect(delivered.code).toBe(ExportResultCode.FAILED);
});

test.each([
  ['INVALID_ARGUMENT', 'refused'],
  ['RESOURCE_EXHAUSTED', 'refused'],
  ['INTERNAL', 'refused'],
  ['UNAUTHENTICATED', 'lost'],
  ['PERMISSION_DENIED', 'lost'],
  ['UNIMPLEMENTED', 'lost'],
] as const)('over gRPC %s leaves a request %s', async (name, expected) => {
  const { sender } = await grpcBackend(() => ({ kind: 'refuse', code: status[name] }));
  expect(settled(await exporterOf([sender]).deliver(gaugePoints(1)))).toEqual([expected]);
});

test.each([
  [400, 'refused'],
  [413, 'refused'],
  [500, 'refused'],
  [302, 'lost'],
  [401, 'lost'],
  [404, 'lost'],
  [503, 'lost'],
] as const)('over HTTP %i leaves a request %s', async (statusCode, expected) => {
  const receiver = await startHttpReceiver((response) => response.writeHead(statusCode).end());
  after(() => receiver.stop());
  expect(settled(await exporterOf([httpSender(receiver.url)], { deadlineMs: 200, backOffMs: 400 }).deliver(gaugePoints(1)))).toEqual([expected]);
});

test('a request that always hangs costs its own points, and is sent again when the others have been', async () => {
  const { sender, seen } = await grpcBackend((first) => (first === perRequest ? { kind: 'hang' } : acknowledge));
  const delivered = await exporterOf([sender], { attemptMs: 400, deadlineMs: 2_000 }).deliver(gaugePoints(8 * perRequest));
  expect(delivered.outcome).toMatchObject({ acknowledged: 7 * perRequest, lost: perRequest, cause: 'timeout' });
  expect(settled(delivered).map((one) => one[0]).join('')).toBe('alaaaaaa');
  expect(seen.filter(({ first }) => first === perRequest).length).toBeGreaterThan(1);
  expect(seen).toHaveLength(7 + seen.filter(({ first }) => first === perRequest).length);
});

test('a request that hangs once arrives with its next attempt', async () => {
  const { sender } = await grpcBackend((first, before) => (first === 0 && before === 0 ? { kind: 'hang' } : acknowledge));
  const delivered = await exporterOf([sender], { attemptMs: 400 }).deliver(gaugePoints(3 * perRequest));
  expect(delivered.outcome).toEqual({ acknowledged: 3 * perRequest, rejected: 0, lost: 0 });
});

test('requests that are refused for now are sent again, each until it is acknowledged', async () => {
  const { sender, seen } = await grpcBackend((first, before) => (before < (first / perRequest) % 3 ? { kind: 'refuse', code: status.UNAVAILABLE } : acknowledge));
  const delivered = await exporterOf([sender]).deliver(gaugePoints(9 * perRequest));
  expect(delivered.outcome).toEqual({ acknowledged: 9 * perRequest, rejected: 0, lost: 0 });
  expect(seen).toHaveLength(9 + 3 + 6);
});

test('a hundred requests that hang have an attempt each, and end with the deadline, over gRPC and HTTP', async () => {
  const deadlineMs = 6_000;
  await Promise.all(
    ['grpc', 'http'].map(async (protocol) => {
      const seen = new Set<string>();
      const keep = (chunk: Buffer): void => void seen.add(chunk.subarray(0, 200).toString('latin1'));
      const server = protocol === 'grpc' ? createHttp2Server().on('stream', (stream) => stream.on('error', () => undefined).once('data', keep)) : createServer((incoming) => incoming.once('data', keep));
      const sockets = new Set<Socket>();
      server.on('connection', (socket: Socket) => sockets.add(socket));
      const port = await listening(server);
      after(() => [server.close(), ...[...sockets].map((socket) => socket.destroy())]);
      const sender = protocol === 'grpc' ? grpcSender(`http://127.0.0.1:${port}`) : httpSender(`http://127.0.0.1:${port}/v1/metrics`);
      const delivered = await exporterOf([sender], { deadlineMs, attemptMs: 500 }).deliver(gaugePoints(100 * perRequest));
      expect(delivered.outcome, protocol).toMatchObject({ acknowledged: 0, rejected: 0, lost: 100 * perRequest, cause: 'timeout' });
      expect(delivered.outcome.message).toContain('(100 of 100 requests; 200,000 of 200,000 points)');
      expect(new Set(settled(delivered))).toEqual(new Set(['lost']));
      // Over gRPC a timeout makes a new connection, which a busy machine may not have made in the tenth of a second of a late attempt.
      expect(seen.size, protocol).toBeGreaterThanOrEqual(protocol === 'grpc' ? 90 : 100);
      expect(delivered.tookMs, protocol).toBeLessThan(2 * deadlineMs);
    }),
  );
});

test('a backend that is down is not asked for every request over and over', async () => {
  let attempts = 0;
  const sender = senderThat(() => {
    attempts++;
    return unavailable;
  });
  const delivered = await exporterOf([sender], { deadlineMs: 1_000, backOffMs: 400 }).deliver(gaugePoints(60 * perRequest));
  expect(delivered.outcome).toMatchObject({ lost: 60 * perRequest, cause: 'UNAVAILABLE' });
  expect(delivered.outcome.message).toMatch(/^fake is down.* \(60 of 60 requests; 120,000 of 120,000 points\)$/);
  // Four at once, each 200 ms after the one before.
  expect(attempts).toBeLessThanOrEqual(4 * 5);
});

test('the wait that a backend asks for holds for all requests, and the last wish counts', async () => {
  const begunMs: number[] = [];
  const allUnderWay = Promise.withResolvers<undefined>();
  let lastWishMs = 0;
  const sender = senderThat(async () => {
    const order = begunMs.push(performance.now());
    if (order > 4) return taken;
    if (order === 4) allUnderWay.resolve(undefined);
    await allUnderWay.promise;
    await new Promise((resolve) => setTimeout(resolve, order * 30));
    lastWishMs = performance.now();
    return { ...unavailable, retryAfterMs: 200 };
  });
  const delivered = await exporterOf([sender]).deliver(gaugePoints(10 * perRequest));
  expect(delivered.outcome).toMatchObject({ acknowledged: 10 * perRequest });
  expect(Math.min(...begunMs.slice(4)) - lastWishMs).toBeGreaterThanOrEqual(200);
});

test('a wait beyond the deadline is begun for no request', async () => {
  const sent: number[] = [];
  const sender = senderThat((request) => {
    sent.push(request.points);
    return { ...unavailable, retryAfterMs: 3_600_000 };
  });
  const delivered = await exporterOf([sender]).deliver(gaugePoints(50 * perRequest));
  expect(delivered.outcome).toMatchObject({ lost: 50 * perRequest, cause: 'UNAVAILABLE' });
  expect(sent.length).toBeLessThanOrEqual(4);
  expect(delivered.tookMs).toBeLessThan(10_000);
});

test('what was rejected of several requests is added up, and such requests count as acknowledged', async () => {
  const { sender } = await grpcBackend((first) => (first < 2 * perRequest ? { kind: 'partial', rejectedPoints: 3, message: 'too old' } : acknowledge));
  const delivered = await exporterOf([sender]).deliver(gaugePoints(3 * perRequest));
  expect(delivered.outcome).toMatchObject({ acknowledged: 3 * perRequest - 6, rejected: 6, lost: 0, cause: 'rejected' });
  expect(delivered.outcome.message).toMatch(/too old \(2 of 3 requests; 6 of 6,000 points\)$/);
  expect(settled(delivered)).toEqual(['acknowledged', 'acknowledged', 'acknowledged']);
});

test('the cause that cost the most is told, and the others are named', async () => {
  let count = 0;
  const sender = senderThat(() => (++count === 1 ? { ...invalid, cause: 'INTERNAL', message: 'fake broke' } : count <= 3 ? invalid : taken));
  const { outcome } = await exporterOf([sender]).deliver(gaugePoints(5 * perRequest));
  expect(outcome).toMatchObject({ cause: 'INVALID_ARGUMENT', message: 'fake says no (3 of 5 requests; 6,000 of 10,000 points; also INTERNAL)' });
});

test('of two backends the worse decides on each request, and neither keeps anything from the other', async () => {
  const byFirst = (answers: readonly AttemptResult[], target: string): Sender =>
    senderThat((request) => {
      const first = Number(request.metrics.scopeMetrics[0]?.metrics[0]?.dataPoints[0]?.attributes['index']);
      return answers[first / perRequest] ?? taken;
    }, target);
  const one = byFirst([taken, invalid, unavailable, unavailable], 'one');
  const other = byFirst([taken, taken, invalid, taken, { status: 'acknowledged', rejectedPoints: 5 }], 'other');
  const lines: string[] = [];
  const printer = consoleSender((text) => lines.push(...text.trimEnd().split('\n')));
  const delivered = await exporterOf([one, other, printer], { deadlineMs: 300 }).deliver(gaugePoints(5 * perRequest));
  expect(settled(delivered)).toEqual(['acknowledged', 'refused', 'lost', 'lost', 'acknowledged']);
  expect(delivered.outcome).toMatchObject({ acknowledged: 2 * perRequest - 5, rejected: 5, lost: 3 * perRequest });
  expect(lines.map((line) => /"index":"(\d+)"/.exec(line)?.[1])).toEqual(Array.from({ length: 5 * perRequest }, (_, index) => String(index)));
});

test('a few requests are under way at once, each begun in a turn of its own', async () => {
  let turn = 0;
  let ended = false;
  const count = (): void => {
    turn++;
    if (!ended) setImmediate(count);
  };
  count();
  const turns: number[] = [];
  let underWay = 0;
  let most = 0;
  const sender = senderThat(async () => {
    turns.push(turn);
    most = Math.max(most, ++underWay);
    await new Promise((resolve) => setTimeout(resolve, 5));
    underWay--;
    return taken;
  });
  await exporterOf([sender]).deliver(gaugePoints(12 * perRequest));
  ended = true;
  expect(most).toBe(4);
  expect(new Set(turns).size).toBe(12);
});

test('a request is written once for all its attempts', async () => {
  const bodies = new Map<SentMetrics, Set<Uint8Array>>();
  let attempts = 0;
  const sender = senderThat((request) => {
    const own = bodies.get(request) ?? new Set();
    bodies.set(request, own.add(request.body));
    return attempts++ < 6 ? unavailable : taken;
  });
  await exporterOf([sender]).deliver(gaugePoints(3 * perRequest));
  expect(attempts).toBe(9);
  expect([...bodies.values()].map((own) => own.size)).toEqual([1, 1, 1]);
});

test('of the requests that wait for another attempt only a few keep their bytes', async () => {
  const bodies = new Map<SentMetrics, Set<Uint8Array>>();
  const sender = senderThat((request) => {
    const own = bodies.get(request);
    bodies.set(request, (own ?? new Set()).add(request.body));
    return own === undefined ? { ...unavailable, cause: 'timeout' } : taken;
  });
  const { outcome } = await exporterOf([sender], { backOffMs: 200 }).deliver(gaugePoints(20 * perRequest));
  expect(outcome).toEqual({ acknowledged: 20 * perRequest, rejected: 0, lost: 0 });
  expect([...bodies.values()].filter((own) => own.size === 1).length).toBeLessThanOrEqual(4);
});

test('a stop ends what is under way, and sends nothing more', async () => {
  const { sender, seen } = await grpcBackend(() => ({ kind: 'hang' }));
  const { exporter, deliver } = exporterOf([sender]);
  const underWay = deliver(gaugePoints(20 * perRequest));
  await expect.poll(() => seen.length).toBe(4);
  exporter.endWithin(200);
  const delivered = await underWay;
  expect(delivered.outcome).toMatchObject({ acknowledged: 0, lost: 20 * perRequest, cause: 'stopped' });
  expect(seen).toHaveLength(4);
});

test('whatever a backend does, every point is accounted for once', { timeout: propertyTimeoutMs }, async () => {
  const answer = fc.oneof(
    fc.constantFrom<AttemptResult>(taken, taken, unavailable, invalid, { ...unavailable, cause: 'timeout' }, { ...unavailable, retryAfterMs: 30 }),
    fc.integer({ min: -1, max: 5_000 }).map((rejectedPoints): AttemptResult => ({ status: 'acknowledged', rejectedPoints })),
    fc.constant(undefined),
  );
  const backend = fc.array(answer, { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 5 * perRequest }), fc.array(backend, { minLength: 1, maxLength: 2 }), async (points, backends) => {
      const arrived = backends.map(() => [] as unknown[]);
      const senders = backends.map((answers, which) => {
        let count = 0;
        return senderThat((request) => {
          const result = answers[count++ % answers.length];
          if (result === undefined) throw new Error('broken');
          if (result.status === 'acknowledged') arrived[which]?.push(...pointsOf(request.metrics));
          return result;
        });
      });
      const metrics = gaugePoints(points);
      const produced: number[] = [];
      const { outcome, requests } = await exporterOf(senders, { deadlineMs: 60, backOffMs: 2, onProduced: (all) => produced.push(all) }).deliver(metrics);
      expect(produced).toEqual([points]);
      expect(outcome.acknowledged + outcome.rejected + outcome.lost).toBe(points);
      expect(requests.flatMap((request) => pointsOf(request.metrics))).toEqual(pointsOf(metrics));
      for (const own of arrived) {
        const have = new Set(own);
        expect(have.size).toBe(own.length);
        for (const request of requests) {
          if (request.settled === 'acknowledged') expect(pointsOf(request.metrics).filter((point) => !have.has(point))).toEqual([]);
        }
      }
    }),
    propertyOptions(),
  );
});

function pointsOf(metrics: ResourceMetrics): unknown[] {
  return metrics.scopeMetrics.flatMap((scope) => scope.metrics).flatMap((metric) => metric.dataPoints as unknown[]);
}
