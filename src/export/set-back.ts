import { AggregationTemporality, type CollectionResult, DataPointType, type MetricData } from '@opentelemetry/sdk-metrics';

/**
 * Of a gauge's last two observations, however long ago the first was, the SDK exports the one with the later wall-clock time:
 * after the clock was set back that is the old one, as if it were new. So until the clock is where it has been before, each
 * series is left out the first time that it is observed again.
 */
export class SetBack {
  #atMs = Number.NEGATIVE_INFINITY;
  #latestMs = Number.NEGATIVE_INFINITY;
  /** Series that were observed since the clock was set back, by the names of their gauges; undefined while it was not. */
  #observed: Map<string, Set<string>> | undefined;

  /** A collection begins, when the wall clock shows this. */
  at(nowMs: number): void {
    if (nowMs < this.#atMs) this.#observed = new Map();
    else if (nowMs >= this.#latestMs) this.#observed = undefined;
    this.#atMs = nowMs;
    this.#latestMs = Math.max(this.#latestMs, nowMs);
  }

  /** The collection that has begun, without what may be old. */
  withoutOld({ errors, resourceMetrics }: CollectionResult): CollectionResult {
    const observed = this.#observed;
    if (observed === undefined) return { errors, resourceMetrics };
    const { resource, scopeMetrics } = resourceMetrics;
    const kept = scopeMetrics.map(({ scope, metrics }) => ({ scope, metrics: metrics.map((metric) => observedAgain(metric, observed)).filter(({ dataPoints }) => dataPoints.length > 0) }));
    return { errors, resourceMetrics: { resource, scopeMetrics: kept } };
  }
}

/** Gauges that the SDK has not observed say that they are cumulative, and are as old as they say. */
function observedAgain(metric: MetricData, observed: Map<string, Set<string>>): MetricData {
  if (metric.dataPointType !== DataPointType.GAUGE || metric.aggregationTemporality !== AggregationTemporality.DELTA) return metric;
  const { name } = metric.descriptor;
  const series = observed.get(name) ?? new Set<string>();
  observed.set(name, series);
  const dataPoints = metric.dataPoints.filter(({ attributes }) => {
    const key = JSON.stringify(Object.entries(attributes).sort());
    const isAgain = series.has(key);
    series.add(key);
    return isAgain;
  });
  return { ...metric, dataPoints };
}
