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

/** The same with fourteen attributes a point, as a large organization's totals have: about 480 bytes each. */
export function organizationPoints(points: number): ResourceMetrics {
  const metrics = gaugePoints(points);
  for (const { attributes } of metrics.scopeMetrics[0]?.metrics[0]?.dataPoints ?? []) {
    const index = String(attributes['index']);
    Object.assign(attributes, {
      account: 'default',
      period: '2026-11',
      type: 'cache_read',
      model: 'claude-sonnet-4-5-20250929',
      api_key_id: `apikey_01Rj2N8SVvo6BePZj99Nhm${index}`,
      api_key_name: `Key of a developer ${index}`,
      owner_email: `person.${index}@example.com`,
      owner_name: `Zoë Person ${index}`,
      workspace_id: 'wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ',
      workspace_name: 'Production',
      service_tier: 'standard',
      context_window: '0-200k',
      inference_geo: 'not_available',
    });
  }
  return metrics;
}

/** A counter that has reached so much. */
export function counterPoints(value: number): ResourceMetrics {
  const { resource } = gaugePoints(0);
  const descriptor = { name: 'counter', description: '', unit: '', valueType: ValueType.INT };
  const point = { attributes: {}, startTime: [0, 0] as [number, number], endTime: [1, 0] as [number, number], value };
  const metric = { descriptor, dataPointType: DataPointType.SUM as const, aggregationTemporality: AggregationTemporality.CUMULATIVE, isMonotonic: true, dataPoints: [point] };
  return { resource, scopeMetrics: [{ scope: { name: 'test' }, metrics: [metric] }] };
}
