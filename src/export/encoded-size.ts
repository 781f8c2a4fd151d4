import { DataPointType, type MetricData, type ResourceMetrics, type ScopeMetrics } from '@opentelemetry/sdk-metrics';

/*
 * How many bytes a part of a request takes as protobuf, at most. A bound and not the exact size, as that would cost as much as
 * writing it: a character counts three bytes, which is the most that one unit of UTF-16 takes in UTF-8.
 */

type Attributes = ResourceMetrics['resource']['attributes'];

/** Tag and value of a field of eight bytes; tags up to field 15 are one byte. */
const fixed64Bytes = 9;
/** Tag and value of a varint. */
const varintBytes = 11;
/** Tag and length of a message or text of any length. */
const headBytes = 6;

/** Everything around the scopes of a request. */
export function resourceBytes({ resource }: ResourceMetrics): number {
  return 2 * headBytes + varintBytes + attributesBytes(resource.attributes) + textBytes(resource.schemaUrl);
}

/** Everything around the metrics of a scope. */
export function scopeBytes({ scope }: ScopeMetrics): number {
  return 2 * headBytes + textBytes(scope.name) + textBytes(scope.version) + textBytes(scope.schemaUrl) + scopeAttributesBytes(scope);
}

/** Everything around the points of a metric. */
export function metricBytes({ descriptor: { name, description, unit } }: MetricData): number {
  return 2 * headBytes + 2 * varintBytes + textBytes(name) + textBytes(description) + textBytes(unit);
}

/** One point of a metric. */
export function pointBytes(metric: MetricData, index: number): number {
  switch (metric.dataPointType) {
    case DataPointType.HISTOGRAM: {
      const point = metric.dataPoints[index];
      if (point === undefined) return 0;
      const { boundaries, counts } = point.value.buckets;
      return headBytes + 6 * fixed64Bytes + listBytes(boundaries) + listBytes(counts) + attributesBytes(point.attributes);
    }
    case DataPointType.EXPONENTIAL_HISTOGRAM: {
      const point = metric.dataPoints[index];
      if (point === undefined) return 0;
      const { positive, negative } = point.value;
      const buckets = listBytes(positive.bucketCounts) + listBytes(negative.bucketCounts) + 2 * (headBytes + varintBytes);
      return headBytes + 7 * fixed64Bytes + varintBytes + buckets + attributesBytes(point.attributes);
    }
    default: {
      const point = metric.dataPoints[index];
      return point === undefined ? 0 : headBytes + 3 * fixed64Bytes + attributesBytes(point.attributes);
    }
  }
}

function attributesBytes(attributes: Attributes): number {
  let bytes = 0;
  for (const key in attributes) bytes += pairBytes(key, attributes[key]);
  return bytes;
}

/** The SDK writes them, and says so in no type. */
function scopeAttributesBytes(scope: object): number {
  return 'attributes' in scope ? valueBytes(scope.attributes) + varintBytes : varintBytes;
}

function pairBytes(key: string, value: unknown): number {
  const content = textBytes(key) + valueBytes(value);
  return content + 2 + 2 * lengthBytes(content);
}

function valueBytes(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return textBytes(value);
    case 'object':
      break;
    default:
      return varintBytes;
  }
  if (value === null) return 0;
  if (value instanceof Uint8Array) return headBytes + value.length;
  let bytes = headBytes;
  if (Array.isArray(value)) for (const item of value) bytes += headBytes + valueBytes(item);
  else for (const [key, item] of Object.entries(value)) bytes += 2 * headBytes + textBytes(key) + valueBytes(item);
  return bytes;
}

function textBytes(text: string | undefined): number {
  if (text === undefined) return 0;
  const bytes = 3 * text.length;
  return 1 + lengthBytes(bytes) + bytes;
}

/** Of a varint that says how many bytes follow. */
function lengthBytes(bytes: number): number {
  return bytes < 128 ? 1 : bytes < 16_384 ? 2 : headBytes - 1;
}

/** A packed list of numbers. */
function listBytes(list: readonly number[]): number {
  return headBytes + list.length * (varintBytes - 1);
}
