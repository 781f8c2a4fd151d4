import type { GaugePoint } from '../../src/model/reading.ts';

/**
 * Points as lines: `metric{key=value} value until instant`. The value of a countdown is `at instant`, that of a share of
 * time `5h before instant`.
 */
export function lines(points: readonly GaugePoint[]): string[] {
  return points.map(({ metric, attributes, value, validUntil }) => {
    const labels = Object.entries(attributes).map(([key, text]) => `${key}=${text}`);
    const until = validUntil === undefined ? '' : ` until ${validUntil.toISOString()}`;
    return `${metric}{${labels.join()}} ${valueText(value)}${until}`;
  });
}

function valueText(value: GaugePoint['value']): string {
  if (typeof value === 'number') return String(value);
  if (value.kind === 'seconds_until') return `at ${value.instant.toISOString()}`;
  return `${value.lengthMs / 3_600_000}h before ${value.end.toISOString()}`;
}
