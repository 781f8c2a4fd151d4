import { fileURLToPath } from 'node:url';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { type MessageTypeDefinition, loadSync } from '@grpc/proto-loader';

/** A point as it came over the wire, with what it belongs to. */
export interface ReceivedPoint {
  readonly metric: string;
  readonly unit: string;
  readonly description: string;
  readonly kind: 'gauge' | 'sum' | 'histogram';
  /** Of sums and histograms. */
  readonly temporality?: 'delta' | 'cumulative';
  readonly monotonic?: boolean;
  readonly attributes: Readonly<Record<string, string>>;
  /** Sum of a histogram’s values. */
  readonly value: number;
  readonly valueType: 'int' | 'double';
  readonly startTimeUnixNano: bigint;
  readonly timeUnixNano: bigint;
}

/** One request of the metrics service. */
export interface ReceivedRequest {
  readonly resource: Readonly<Record<string, string>>;
  readonly scope: { readonly name: string; readonly version: string };
  readonly points: readonly ReceivedPoint[];
}

interface KeyValue {
  readonly key: string;
  readonly value?: { readonly stringValue?: string; readonly boolValue?: boolean; readonly intValue?: string; readonly doubleValue?: number };
}

interface Point {
  readonly startTimeUnixNano?: string;
  readonly timeUnixNano?: string;
  readonly asDouble?: number;
  readonly asInt?: string;
  readonly sum?: number;
  readonly attributes?: readonly KeyValue[];
}

interface Points {
  readonly dataPoints?: readonly Point[];
  readonly aggregationTemporality?: string;
  readonly isMonotonic?: boolean;
}

interface Metric {
  readonly name?: string;
  readonly unit?: string;
  readonly description?: string;
  readonly gauge?: Points;
  readonly sum?: Points;
  readonly histogram?: Points;
}

/** A decoded ExportMetricsServiceRequest. */
export interface ExportRequest {
  readonly resourceMetrics?: readonly {
    readonly resource?: { readonly attributes?: readonly KeyValue[] };
    readonly scopeMetrics?: readonly {
      readonly scope?: { readonly name?: string; readonly version?: string };
      readonly metrics?: readonly Metric[];
    }[];
  }[];
}

const protoFile = fileURLToPath(new URL('../../proto/otlp/metrics.proto', import.meta.url));
const definition = loadSync(protoFile, { longs: String, enums: String });
const packageName = 'opentelemetry.proto.collector.metrics.v1';

/** The metrics service, for a gRPC server. */
export const metricsService = definition[`${packageName}.MetricsService`] as unknown as ServiceDefinition;

/** Decodes the body of an OTLP/HTTP request. */
export function decodeRequest(body: Buffer): ExportRequest {
  const type = definition[`${packageName}.ExportMetricsServiceRequest`] as MessageTypeDefinition<object, ExportRequest>;
  return type.deserialize(body);
}

/** The requests of a message, flat: one for each resource and scope. */
export function flatten(request: ExportRequest): ReceivedRequest[] {
  return (request.resourceMetrics ?? []).flatMap(({ resource, scopeMetrics }) =>
    (scopeMetrics ?? []).map(({ scope, metrics }) => ({
      resource: attributesOf(resource?.attributes),
      scope: { name: scope?.name ?? '', version: scope?.version ?? '' },
      points: (metrics ?? []).flatMap(pointsOf),
    })),
  );
}

function pointsOf(metric: Metric): ReceivedPoint[] {
  const kind = metric.gauge !== undefined ? 'gauge' : metric.sum !== undefined ? 'sum' : 'histogram';
  const body = metric[kind];
  const temporality = body?.aggregationTemporality === 'AGGREGATION_TEMPORALITY_DELTA' ? 'delta' : 'cumulative';
  return (body?.dataPoints ?? []).map((point) => ({
    metric: metric.name ?? '',
    unit: metric.unit ?? '',
    description: metric.description ?? '',
    kind,
    ...(kind !== 'gauge' && { temporality }),
    ...(kind === 'sum' && { monotonic: body?.isMonotonic ?? false }),
    attributes: attributesOf(point.attributes),
    value: point.asInt !== undefined ? Number(point.asInt) : (point.asDouble ?? point.sum ?? 0),
    valueType: point.asInt !== undefined ? 'int' : 'double',
    startTimeUnixNano: BigInt(point.startTimeUnixNano ?? 0),
    timeUnixNano: BigInt(point.timeUnixNano ?? 0),
  }));
}

function attributesOf(pairs: readonly KeyValue[] = []): Record<string, string> {
  return Object.fromEntries(
    pairs.map(({ key, value }) => [
      key,
      String(value?.stringValue ?? value?.intValue ?? value?.doubleValue ?? value?.boolValue ?? ''),
    ]),
  );
}
