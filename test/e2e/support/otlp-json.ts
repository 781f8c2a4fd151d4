import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';

/** A point as the Collector wrote it: everything it has but the description, and the numbers as they are typed on the wire. */
export interface WrittenPoint {
  readonly metric: string;
  readonly unit: string;
  readonly kind: 'gauge' | 'sum' | 'histogram';
  readonly temporality?: 'unspecified' | 'delta' | 'cumulative';
  readonly monotonic?: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** `asInt` is text, as OTLP/JSON writes integers; `histogram` has what is left of the point. */
  readonly value: { readonly asInt: string } | { readonly asDouble: number } | { readonly histogram: Histogram };
  readonly startMs: number;
  readonly timeMs: number;
}

/** A histogram point's own fields. */
export interface Histogram {
  readonly count: string;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly bucketCounts: readonly string[];
  readonly explicitBounds: readonly number[];
}

/** One request that the Collector received. */
export interface WrittenRequest {
  /** The resource with all of its fields, attributes as a map. */
  readonly resource: Readonly<Record<string, unknown>>;
  /** The scope with all of its fields. */
  readonly scope: Readonly<Record<string, unknown>>;
  readonly points: readonly WrittenPoint[];
}

interface KeyValue {
  readonly key: string;
  readonly value: object;
}

interface JsonPoint extends Partial<Histogram> {
  readonly attributes?: readonly KeyValue[];
  readonly startTimeUnixNano: string;
  readonly timeUnixNano: string;
  readonly asInt?: string;
  readonly asDouble?: number;
}

interface Points {
  readonly dataPoints: readonly JsonPoint[];
  readonly aggregationTemporality?: number;
  readonly isMonotonic?: boolean;
}

interface JsonMetric {
  readonly name: string;
  readonly unit?: string;
  readonly gauge?: Points;
  readonly sum?: Points;
  readonly histogram?: Points;
}

interface JsonRequest {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes?: readonly KeyValue[] };
    readonly scopeMetrics: readonly { readonly scope: object; readonly metrics: readonly JsonMetric[] }[];
  }[];
}

/** The requests in a file of the Collector's file exporter: a line each, one resource and one scope in it; the scope may come twice. */
export function readRequests(file: string): WrittenRequest[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  // The last line is empty, or still being written.
  return lines.slice(0, -1).map((line) => requestOf(JSON.parse(line) as JsonRequest));
}

function requestOf({ resourceMetrics }: JsonRequest): WrittenRequest {
  const [only] = resourceMetrics;
  const [scoped, ...more] = only?.scopeMetrics ?? [];
  if (only === undefined || scoped === undefined || resourceMetrics.length > 1 || more.some(({ scope }) => !isDeepStrictEqual(scope, scoped.scope))) {
    throw new Error('a request has other than one resource and one scope');
  }
  const resource = { ...only.resource, attributes: attributesOf(only.resource.attributes) };
  return { resource, scope: { ...scoped.scope }, points: [scoped, ...more].flatMap(({ metrics }) => metrics.flatMap(pointsOf)) };
}

const temporalities = ['unspecified', 'delta', 'cumulative'] as const;

function pointsOf(metric: JsonMetric): WrittenPoint[] {
  const kind = (['gauge', 'sum', 'histogram'] as const).find((candidate) => metric[candidate] !== undefined);
  if (kind === undefined) throw new Error(`${metric.name} is of no kind that is expected`);
  const { dataPoints, aggregationTemporality, isMonotonic } = metric[kind] as Points;
  const temporality = aggregationTemporality === undefined ? undefined : temporalities[aggregationTemporality];
  return dataPoints.map(({ attributes, startTimeUnixNano, timeUnixNano, ...rest }) => ({
    metric: metric.name,
    unit: metric.unit ?? '',
    kind,
    ...(temporality !== undefined && { temporality }),
    ...(isMonotonic !== undefined && { monotonic: isMonotonic }),
    attributes: attributesOf(attributes),
    value: (kind === 'histogram' ? { histogram: rest } : rest) as WrittenPoint['value'],
    startMs: Number(BigInt(startTimeUnixNano) / 1_000_000n),
    timeMs: Number(BigInt(timeUnixNano) / 1_000_000n),
  }));
}

/** Text values as they are; any other type stays an object, which equals no text. */
function attributesOf(pairs: readonly KeyValue[] = []): Record<string, unknown> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, 'stringValue' in value ? value.stringValue : value]));
}
