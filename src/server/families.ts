import type { Attributes } from '@opentelemetry/api';
import { DataPointType, type Histogram, type MetricData, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { prometheusName } from '../metrics/prometheus-name.ts';

/** Series of one name, type and help, as Prometheus has them. */
export interface Family {
  /** With `_total` for a counter; for a histogram without `_bucket`, `_sum` and `_count`. */
  readonly name: string;
  readonly type: 'gauge' | 'counter' | 'histogram' | 'info';
  readonly help: string;
  readonly points: readonly FamilyPoint[];
}

/** One series and its value. */
export interface FamilyPoint {
  readonly attributes: Attributes;
  /** For a histogram what each bucket holds by itself. */
  readonly value: number | Histogram;
}

/**
 * Metrics as families, under the names that a Collector or Prometheus gives them when they are pushed, `target_info` with
 * the resource first. An exponential histogram is left out, and so is a metric whose name another type has already: the
 * agent has neither.
 */
export function familiesOf({ resource, scopeMetrics }: ResourceMetrics): Family[] {
  const target: Family = {
    name: 'target_info',
    type: 'info',
    help: 'Target metadata',
    points: [{ attributes: resource.attributes, value: 1 }],
  };
  const families = new Map<string, Family>();
  for (const metric of scopeMetrics.flatMap(({ metrics }) => metrics)) {
    const type = typeOf(metric);
    if (type === undefined || metric.dataPoints.length === 0) continue;
    const { unit, description: help } = metric.descriptor;
    const name = prometheusName({ name: metric.descriptor.name, unit, kind: type });
    const points = metric.dataPoints as readonly FamilyPoint[];
    const known = families.get(name);
    if (known === undefined) families.set(name, { name, type, help, points });
    else if (known.type === type) families.set(name, { ...known, points: [...known.points, ...points] });
  }
  return [target, ...families.values()];
}

function typeOf(metric: MetricData): 'gauge' | 'counter' | 'histogram' | undefined {
  if (metric.dataPointType === DataPointType.GAUGE) return 'gauge';
  if (metric.dataPointType === DataPointType.SUM) return metric.isMonotonic ? 'counter' : 'gauge';
  return metric.dataPointType === DataPointType.HISTOGRAM ? 'histogram' : undefined;
}
