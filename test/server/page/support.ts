import { DataPointType, type MetricData, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { resourceFromAttributes } from '@opentelemetry/resources';

/** A value of a series in a snapshot. */
export type SnapshotPoint = readonly [metric: string, attributes: Readonly<Record<string, string>>, value: number];

/** A cycle’s snapshot of these values; totals are those whose attributes have a period. All are of the account `default`. */
export function snapshotOf(points: readonly SnapshotPoint[]): ResourceMetrics {
  const byName = new Map<string, { attributes: Record<string, string>; value: number }[]>();
  for (const [name, attributes, value] of points) {
    const list = byName.get(name) ?? [];
    byName.set(name, list);
    list.push({ attributes: { account: 'default', ...attributes }, value });
  }
  const metrics = [...byName].map(([name, dataPoints]) => ({
    descriptor: { name, description: '', unit: '', valueType: 1 },
    dataPointType: dataPoints.some(({ attributes }) => 'period' in attributes) ? DataPointType.SUM : DataPointType.GAUGE,
    dataPoints,
  }));
  const scope = { name: 'test' };
  return { resource: resourceFromAttributes({}), scopeMetrics: [{ scope, metrics: metrics as unknown as MetricData[] }] };
}

/** What a window is made of. */
export interface WindowValues {
  readonly used?: number;
  readonly elapsed?: number;
  readonly secondsToReset?: number;
}

/** The points of a usage window. */
export function windowPoints(name: string, { used, elapsed, secondsToReset }: WindowValues): SnapshotPoint[] {
  const attributes = { metric_name: name };
  return [
    ...(used === undefined ? [] : [['claude.usage.utilization', attributes, used] as const]),
    ...(elapsed === undefined ? [] : [['claude.usage.elapsed', attributes, elapsed] as const]),
    ...(secondsToReset === undefined ? [] : [['claude.usage.seconds_to_reset', attributes, secondsToReset] as const]),
  ];
}
