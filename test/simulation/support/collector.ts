import { Metadata, status } from '@grpc/grpc-js';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { decodeRequest, flatten } from '../../../src/demo/otlp-messages.ts';
import { type ExportAnswer, NotOtlpError } from '../../../src/export/answer.ts';
import type { Sender, SentMetrics } from '../../../src/export/attempt.ts';
import { grpcSender } from '../../../src/export/otlp-grpc.ts';
import { countPoints } from '../../../src/export/request.ts';
import type { Exchange, Transport } from '../../../src/export/transport.ts';
import { statusDetails, statusWithRetryInfo } from '../../support/google-rpc.ts';
import { Broken, holds, same } from '../../totals/support/broken.ts';
import type { collectorFaults } from './schedule.ts';
import { waited } from './upstreams.ts';

/** What the collector is made of. */
export interface CollectorOptions {
  readonly random: () => number;
  readonly fault: () => (typeof collectorFaults)[number] | undefined;
  /** Told of everything that arrives, whether the agent gets to know it or not. */
  readonly onRequest: (metrics: ResourceMetrics) => void;
  /** Keeps what does not hold from the sender; if absent, it is thrown at it. */
  readonly looked?: (look: () => void) => void;
  /** Told of what is refused for good. */
  readonly onRefused?: (metrics: ResourceMetrics) => void;
  /** Of so many attempts the bytes of one are written, and read again: that takes longer than all else that is done with it. */
  readonly writtenEach: number;
  /** Told of each attempt, before it is made. */
  readonly onAttempt?: (request: SentMetrics) => void;
}

const slowMs = 8_000;
const busySeconds = { busy: 2, busy_long: 3_600 } as const;

/** A collector over a transport in memory. What it is sent are the bytes of OTLP, or stand for them; it knows what they were made of. */
export class MemoryCollector {
  readonly #options: CollectorOptions;
  readonly #madeOf = new WeakMap<Uint8Array, SentMetrics>();
  #attempts = 0;
  /** Points that the agent was told were taken, and were rejected. */
  acknowledged = 0;
  rejected = 0;
  requests = 0;
  /** It asked to be sent nothing before, and the agent was told so. */
  #notBeforeMs = 0;

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  /** The agent's own sender, over this transport. */
  sender(url: string): Sender {
    const sender = grpcSender(url, { connect: (): Transport => ({ exchange: (body, exchange) => this.#exchange(body, exchange), close: () => undefined }) });
    return {
      ...sender,
      send: (request, timeoutMs, stop) => {
        this.#options.onAttempt?.(request);
        const isWritten = this.#attempts++ % this.#options.writtenEach === 0;
        const body = isWritten ? request.body : new Uint8Array(1);
        if (isWritten) this.#looked(() => checkBytes(body, request.metrics));
        this.#madeOf.set(body, request);
        return sender.send({ body }, timeoutMs, stop);
      },
    };
  }

  async #exchange(body: Uint8Array, { signal }: Exchange): Promise<ExportAnswer> {
    const { random } = this.#options;
    const fault = this.#options.fault();
    const earlyMs = this.#notBeforeMs - performance.now();
    this.#looked(() => holds(earlyMs <= 0, () => `a backend is left alone as it asks, and not asked ${earlyMs} ms before`));
    this.requests += 1;
    await waited(fault === 'slow' ? slowMs * random() : 2 + 60 * random(), signal);
    switch (fault) {
      case 'unreachable':
        throw serviceError(status.UNAVAILABLE, 'No connection established. Last error: connect ECONNREFUSED 127.0.0.1:4317. Resolution note: ');
      case 'refused':
        this.#options.onRefused?.(this.#requestOf(body).metrics);
        throw serviceError(status.INVALID_ARGUMENT, 'no');
      case 'busy':
      case 'busy_long':
        this.#notBeforeMs = performance.now() + busySeconds[fault] * 1_000;
        throw serviceError(status.UNAVAILABLE, 'busy', statusDetails(statusWithRetryInfo({ seconds: busySeconds[fault] })));
      case 'not_otlp':
        throw new NotOtlpError('bytes');
      case 'hang':
        await waited(undefined, signal);
        return { rejectedPoints: 0 };
      default:
        return this.#take(body, fault === 'partial' ? 1 + Math.floor(random() * 5) : 0, fault === 'unseen', signal);
    }
  }

  #looked(look: () => void): void {
    (this.#options.looked ?? ((own) => own()))(look);
  }

  #requestOf(body: Uint8Array): SentMetrics {
    const request = this.#madeOf.get(body);
    if (request === undefined) throw new Broken('bytes that were made of nothing');
    return request;
  }

  async #take(body: Uint8Array, rejectedPoints: number, isUnseen: boolean, signal: AbortSignal): Promise<ExportAnswer> {
    const request = this.#requestOf(body);
    this.#options.onRequest(request.metrics);
    if (isUnseen) await waited(undefined, signal);
    const rejected = Math.min(request.points, rejectedPoints);
    this.acknowledged += request.points - rejected;
    this.rejected += rejected;
    return { rejectedPoints, ...(rejectedPoints > 0 && { message: 'out of order' }) };
  }
}

/** They say what they were made of, each point once. */
function checkBytes(body: Uint8Array, metrics: ResourceMetrics): void {
  const points = flatten(decodeRequest(Buffer.from(body))).flatMap(({ points: ofScope }) => ofScope);
  same(points.length, countPoints(metrics), () => 'points of a request');
  const identities = new Set(points.map(({ metric, attributes }) => JSON.stringify([metric, Object.entries(attributes).sort()])));
  same(identities.size, points.length, () => 'points of a request that stand there once');
}

/** As grpc-js rejects a call. */
function serviceError(code: status, details: string, metadata = new Metadata()): Error {
  return Object.assign(new Error(`${code} ${status[code]}: ${details}`), { code, details, metadata });
}
