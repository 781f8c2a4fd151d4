import type { MetricData, ResourceMetrics, ScopeMetrics } from '@opentelemetry/sdk-metrics';
import { metricBytes, pointBytes, resourceBytes, scopeBytes } from './encoded-size.ts';

/** How large a request may be. */
export interface RequestLimits {
  /** Of its protobuf, before compression. */
  readonly bytes: number;
  readonly points: number;
}

/**
 * Collectors refuse messages over 4 MiB. Two thousand points are written in about ten milliseconds, and in less than fifty by a
 * process that has written none yet: for so long the event loop stands still.
 */
export const requestLimits: RequestLimits = { bytes: 3.5 * 1024 * 1024, points: 2_000 };

/**
 * Cuts a cycle's metrics into requests that are not larger than the limits, in order, each only when it is asked for. A
 * metric is cut between points; resource, scope and descriptor are in each request. What fits into one request is handed on as
 * the same object.
 *
 * A metric without points says nothing, and is in no request that was cut.
 *
 * A point that is too large by itself makes a request by itself: another backend may have another limit, and one that refuses
 * it says why, for this point alone.
 */
export function* split(metrics: ResourceMetrics, limits: RequestLimits = requestLimits): Generator<ResourceMetrics, void, undefined> {
  const filling = new Filling(metrics, limits);
  let isWhole = true;
  for (const scope of metrics.scopeMetrics) {
    const aroundMetrics = scopeBytes(scope);
    for (const metric of scope.metrics) {
      for (let from = 0; from < metric.dataPoints.length; ) {
        from = filling.add(scope, aroundMetrics, metric, from);
        if (from === metric.dataPoints.length) break;
        isWhole = false;
        yield filling.end();
      }
    }
  }
  yield isWhole ? metrics : filling.end();
}

/** The request that is being filled. */
class Filling {
  readonly #metrics: ResourceMetrics;
  readonly #limits: RequestLimits;
  readonly #aroundScopes: number;
  #scopes: { readonly of: ScopeMetrics; readonly metrics: MetricData[] }[] = [];
  #bytes: number;
  #points = 0;

  constructor(metrics: ResourceMetrics, limits: RequestLimits) {
    this.#metrics = metrics;
    this.#limits = limits;
    this.#aroundScopes = resourceBytes(metrics);
    this.#bytes = this.#aroundScopes;
  }

  /**
   * Takes as many of a metric's points as fit, from one of them on; none if the request is full.
   * @param aroundMetrics bytes of the scope.
   * @returns the index of the first point that was not taken.
   */
  add(scope: ScopeMetrics, aroundMetrics: number, metric: MetricData, from: number): number {
    const { dataPoints } = metric;
    const last = this.#scopes.at(-1);
    const open = last?.of === scope ? last : undefined;
    let bytes = this.#bytes + metricBytes(metric) + (open === undefined ? aroundMetrics : 0);
    let end = from;
    while (end < dataPoints.length && this.#points < this.#limits.points) {
      const more = pointBytes(metric, end);
      // The first point of a request is in it, however large it is.
      if (bytes + more > this.#limits.bytes && this.#points > 0) break;
      bytes += more;
      this.#points++;
      end++;
    }
    if (end === from) return from;
    this.#bytes = bytes;
    const part = end - from === dataPoints.length ? metric : ({ ...metric, dataPoints: dataPoints.slice(from, end) } as MetricData);
    if (open === undefined) this.#scopes.push({ of: scope, metrics: [part] });
    else open.metrics.push(part);
    return end;
  }

  /** The request as it was filled; the next one begins empty. */
  end(): ResourceMetrics {
    const scopeMetrics = this.#scopes.map(({ of, metrics }) => ({ ...of, metrics }));
    this.#scopes = [];
    this.#bytes = this.#aroundScopes;
    this.#points = 0;
    return { ...this.#metrics, scopeMetrics };
  }
}
