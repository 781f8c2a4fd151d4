import { type Attributes, ValueType } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AggregationTemporality, DataPointType, type Histogram, type MetricData, type ResourceMetrics } from '@opentelemetry/sdk-metrics';

/** A metric as a test writes it. */
export interface WrittenMetric {
  readonly name: string;
  readonly unit?: string;
  readonly help?: string;
  readonly kind?: 'gauge' | 'counter' | 'up-down counter' | 'histogram';
  readonly points: readonly (readonly [Attributes, number | Histogram])[];
}

/** What the SDK would hand over: these metrics, each in a scope of its own. */
export function resourceMetrics(metrics: readonly WrittenMetric[], resource: Attributes = { 'service.name': 'test' }): ResourceMetrics {
  const scopeMetrics = metrics.map((metric) => ({ scope: { name: 'test', version: '1' }, metrics: [metricData(metric)] }));
  return { resource: resourceFromAttributes(resource), scopeMetrics };
}

function metricData({ name, unit = '', help = 'help', kind = 'gauge', points }: WrittenMetric): MetricData {
  const at: [number, number] = [1_700_000_000, 0];
  const types = { gauge: DataPointType.GAUGE, counter: DataPointType.SUM, 'up-down counter': DataPointType.SUM, histogram: DataPointType.HISTOGRAM };
  return {
    descriptor: { name, unit, description: help, valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPointType: types[kind],
    isMonotonic: kind === 'counter',
    dataPoints: points.map(([attributes, value]) => ({ startTime: at, endTime: at, attributes, value })),
  } as MetricData;
}
