import { ValueType } from '@opentelemetry/api';
import { AggregationTemporality, type DataPoint, DataPointType, type GaugeMetricData, type SumMetricData } from '@opentelemetry/sdk-metrics';
import { toDollars } from '../model/money.ts';
import type { TotalName } from '../model/report.ts';
import { type MetricSpec, totalSpecs } from './catalogue.ts';

/** A value of the ledger as it is exported: dollars, or a count. */
export function totalValue(metric: TotalName, value: bigint): number {
  return totalSpecs[metric].unit === 'USD' ? toDollars(value) : Number(value);
}

/** A total's points as a metric. */
export function sumMetric(metric: TotalName, temporality: AggregationTemporality, dataPoints: DataPoint<number>[]): SumMetricData {
  return { ...counterMetric(metric, totalSpecs[metric], dataPoints), aggregationTemporality: temporality };
}

/** Points of a counter as a metric, cumulative. */
export function counterMetric(name: string, spec: MetricSpec, dataPoints: DataPoint<number>[]): SumMetricData {
  return {
    descriptor: descriptor(name, spec),
    dataPointType: DataPointType.SUM,
    isMonotonic: true,
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPoints,
  };
}

/** Points of a gauge as a metric. */
export function gaugeMetric(name: string, spec: MetricSpec, dataPoints: DataPoint<number>[]): GaugeMetricData {
  return {
    descriptor: descriptor(name, spec),
    dataPointType: DataPointType.GAUGE,
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPoints,
  };
}

function descriptor(name: string, { description, unit, valueType }: MetricSpec): SumMetricData['descriptor'] {
  return { name, description, unit, valueType: valueType === 'int' ? ValueType.INT : ValueType.DOUBLE };
}
