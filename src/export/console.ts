import { DataPointType, type MetricData } from '@opentelemetry/sdk-metrics';
import type { Sender } from './attempt.ts';

/** Prints each point as a line: name, attributes, value, unit. */
export function consoleSender(write: (text: string) => void): Sender {
  return {
    target: 'console',
    send({ metrics }) {
      const lines = metrics.scopeMetrics.flatMap((scope) => scope.metrics).flatMap(linesOf);
      write(lines.map((line) => `${line}\n`).join(''));
      return Promise.resolve({ status: 'acknowledged', rejectedPoints: 0 });
    },
    close: () => undefined,
  };
}

function linesOf(metric: MetricData): string[] {
  const { name, unit } = metric.descriptor;
  const line = (attributes: object, value: string): string =>
    `${name}${JSON.stringify(attributes)} ${value}${unit === '' ? '' : ` ${unit}`}`;
  switch (metric.dataPointType) {
    case DataPointType.HISTOGRAM:
    case DataPointType.EXPONENTIAL_HISTOGRAM:
      return metric.dataPoints.map(({ attributes, value }) => line(attributes, `count=${value.count} sum=${value.sum ?? ''}`));
    default:
      return metric.dataPoints.map(({ attributes, value }) => line(attributes, String(value)));
  }
}
