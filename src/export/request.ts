import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { split } from './split.ts';

/** One request to a backend: what it says and, when it is wanted, how it is written. */
export class MetricsRequest {
  readonly metrics: ResourceMetrics;
  readonly points: number;
  #body: Uint8Array | undefined;

  constructor(metrics: ResourceMetrics) {
    this.metrics = metrics;
    this.points = countPoints(metrics);
  }

  /** As protobuf; written once, however many attempts there are. */
  get body(): Uint8Array {
    return (this.#body ??= encode(this.metrics));
  }

  /** Lets the bytes go; they are written anew if they are wanted again. */
  releaseBody(): void {
    this.#body = undefined;
  }
}

/** A cycle's points as requests, each cut when the first sender comes to it. */
export class Requests {
  /** Of all requests. */
  readonly points: number;
  readonly #cuts: Iterator<ResourceMetrics, unknown>;
  readonly #made: MetricsRequest[] = [];
  #turn: Promise<void> = Promise.resolve();

  constructor(metrics: ResourceMetrics) {
    this.points = countPoints(metrics);
    this.#cuts = split(metrics);
  }

  /** Those that were cut so far; all, once {@link at} has said undefined. */
  get made(): readonly MetricsRequest[] {
    return this.#made;
  }

  /** @param index at most one beyond those made so far. @returns undefined beyond the last one. */
  at(index: number): MetricsRequest | undefined {
    if (index === this.#made.length) {
      const cut = this.#cuts.next();
      if (cut.done !== true) this.#made.push(new MetricsRequest(cut.value));
    }
    return this.#made[index];
  }

  /** Resolves for one after the other, with a turn of the event loop between two: writing a request blocks it. */
  async turn(): Promise<void> {
    const mine = this.#turn;
    this.#turn = mine.then(() => nextTurn());
    await mine;
  }
}

/** How many points there are. */
export function countPoints(metrics: ResourceMetrics): number {
  let points = 0;
  for (const scope of metrics.scopeMetrics) for (const metric of scope.metrics) points += metric.dataPoints.length;
  return points;
}

/** Without a metric the request is empty, not a resource of nothing: valid OTLP that leaves nothing behind. */
function encode(metrics: ResourceMetrics): Uint8Array {
  const encoded = metrics.scopeMetrics.length === 0 ? undefined : ProtobufMetricsSerializer.serializeRequest(metrics);
  return encoded ?? new Uint8Array();
}
