import type { Attributes } from '@opentelemetry/api';
import { hrTimeToMicroseconds } from '@opentelemetry/core';
import { AggregationTemporality, type DataPoint, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { seriesKey } from '../../../src/demo/anthropic/truth.ts';
import { totalSpecs } from '../../../src/metrics/catalogue.ts';
import { type TotalName, dollarUnits, totalNames } from '../../../src/model/report.ts';
import { holds, same } from './broken.ts';

/** A total's point as a backend gets it, by the ids of its series. */
export interface SeenPoint {
  readonly metric: TotalName;
  /** With its period, where it has one. */
  readonly key: string;
  readonly dataPoint: DataPoint<unknown>;
  readonly value: number;
  readonly isDelta: boolean;
}

const names = ['account', 'api_key_name', 'owner_email', 'owner_name', 'workspace_name', 'period'];

/** The points of totals among the metrics. */
export function* totalsIn({ scopeMetrics }: ResourceMetrics): Generator<SeenPoint> {
  for (const { metrics } of scopeMetrics) {
    for (const { descriptor, dataPoints, aggregationTemporality } of metrics) {
      const metric = totalNames.find((name) => name === descriptor.name);
      if (metric === undefined) continue;
      for (const dataPoint of dataPoints as DataPoint<number>[]) {
        const { attributes, value } = dataPoint;
        const isDelta = aggregationTemporality === AggregationTemporality.DELTA;
        yield { metric, key: keyOf(metric, attributes), dataPoint, value, isDelta };
      }
    }
  }
}

const keys = new WeakMap<Attributes, Map<TotalName, string>>();

/** A rename is another series to a backend, but the same use. */
function keyOf(metric: TotalName, attributes: Attributes): string {
  // A series has the same object in each cycle.
  let ofSet = keys.get(attributes);
  if (ofSet === undefined) keys.set(attributes, (ofSet = new Map<TotalName, string>()));
  let key = ofSet.get(metric);
  if (key === undefined) ofSet.set(metric, (key = madeKey(metric, attributes)));
  return key;
}

function madeKey(metric: TotalName, attributes: Attributes): string {
  const isCode = metric.startsWith('claude.analytics.code.');
  const kept = Object.entries(attributes).filter(([name]) => !names.includes(name) || (isCode && name === 'api_key_name'));
  const period = attributes['period'];
  return seriesKey(metric, typeof period === 'string' ? period : '', Object.fromEntries(kept) as Record<string, string>);
}

/** The nearest double, as it is exported. */
export function exported(metric: TotalName, value: bigint): number {
  if (totalSpecs[metric].unit !== 'USD') return Number(value);
  return Number(`${value / dollarUnits}.${String((value < 0n ? -value : value) % dollarUnits).padStart(15, '0')}`);
}

/** A backend that takes every fall for a reset and knows no start time, as Prometheus does. */
export class DropOnlyBackend {
  readonly last = new Map<string, number>();
  /** First value of each series. */
  readonly first = new Map<string, number>();
  readonly rises = new Map<string, number>();

  /** @param mayFall after a restart without state. */
  see({ key, value }: SeenPoint, mayFall: boolean): void {
    const last = this.last.get(key);
    if (last === undefined) this.first.set(key, value);
    else {
      holds(mayFall || value >= last, () => `${key} fell from ${last} to ${value}`);
      // No zero but a first zero.
      holds(mayFall || value !== 0 || last === 0, () => `${key} is 0 again`);
      this.rises.set(key, (this.rises.get(key) ?? 0) + Math.max(0, value - last));
    }
    this.last.set(key, value);
  }
}

/** Who is told of totals, with first zeros of its own. */
export class Audience {
  readonly backend = new DropOnlyBackend();
  /** Series that had a value in a collection for it. */
  #valued = new Set<string>();
  #keptValued: ReadonlySet<string> = new Set();
  /** Series whose zero it is known to have seen, by the process that goes on. */
  readonly #seen = new Set<string>();
  /** Series that it has from this process: the one before, without state, may have stood higher. */
  readonly #told = new Set<string>();

  /** Whether the next collection may have a first zero of the series. */
  readonly mayBeZero = (key: string): boolean => !this.#valued.has(key) && !this.#seen.has(key);

  /** A collection was made for it. */
  collected(values: ReadonlyMap<string, number>): void {
    for (const [key, value] of values) if (value !== 0) this.#valued.add(key);
  }

  /** Points have reached it. */
  see(points: readonly SeenPoint[], keepsState: boolean): void {
    for (const point of points) {
      this.backend.see(point, !keepsState && !this.#told.has(point.key));
      this.#told.add(point.key);
    }
  }

  /** The process knows that they have. */
  acknowledge(points: readonly SeenPoint[]): void {
    for (const { key } of points) this.#seen.add(key);
  }

  /** What was collected is on the disk. */
  keep(): void {
    this.#keptValued = new Set(this.#valued);
  }

  restart(): void {
    this.#valued = new Set(this.#keptValued);
    this.#seen.clear();
    this.#told.clear();
  }
}

/** A backend that adds up deltas. The same point twice counts once. */
export class DeltaBackend {
  readonly #points = new Map<string, number>();
  /** Points that were refused and never came. */
  readonly #refused = new Map<string, number>();
  readonly sums = new Map<string, number>();
  /** What was refused, by series. */
  readonly refused = new Map<string, number>();

  see(point: SeenPoint): void {
    const { key, value } = point;
    const identity = identityOf(point);
    const known = this.#points.get(identity);
    if (known !== undefined) {
      same(value, known, () => identity);
      return;
    }
    holds(value > 0, () => `${identity} is ${value}`);
    const { startTime, endTime } = point.dataPoint;
    holds(hrTimeToMicroseconds(startTime) < hrTimeToMicroseconds(endTime), () => `${identity} ends before it begins`);
    this.#points.set(identity, value);
    this.sums.set(key, (this.sums.get(key) ?? 0) + value);
    // The agent did not live to know that it was refused, and sent it again.
    if (this.#refused.delete(identity)) this.refused.set(key, (this.refused.get(key) ?? 0) - value);
  }

  refuse(point: SeenPoint): void {
    const { key, value } = point;
    const identity = identityOf(point);
    if (this.#points.has(identity) || this.#refused.has(identity)) return;
    this.#refused.set(identity, value);
    this.refused.set(key, (this.refused.get(key) ?? 0) + value);
  }
}

/** What makes a point the same point. */
export function identityOf({ key, dataPoint: { startTime, endTime, attributes } }: SeenPoint): string {
  return JSON.stringify([key, startTime, endTime, Object.entries(attributes).sort()]);
}
