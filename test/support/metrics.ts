import { ValueType } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AggregationTemporality, DataPointType, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { MetricsRequest } from '../../src/export/request.ts';

/** What the SDK would hand over: one gauge with so many points. */
export function gaugePoints(points: number): ResourceMetrics {
  const at: [number, number] = [Math.floor(Date.now() / 1000), 0];
  return {
    resource: resourceFromAttributes({ 'service.name': 'test' }),
    scopeMetrics: [
      {
        scope: { name: 'test' },
        metrics: [
          {
            descriptor: { name: 'gauge', description: '', unit: 'USD', valueType: ValueType.DOUBLE },
            dataPointType: DataPointType.GAUGE,
            aggregationTemporality: AggregationTemporality.DELTA,
            dataPoints: Array.from({ length: points }, (_, index) => ({
              attributes: { index: String(index) },
              startTime: at,
              endTime: at,
              value: index + 0.5,
            })),
          },
        ],
      },
    ],
  };
}

/** The same as a request. */
export function gaugeRequest(points: number): MetricsRequest {
  return new MetricsRequest(gaugePoints(points));
}
