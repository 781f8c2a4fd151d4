import type { DataPoint, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { SentMetrics } from '../../../src/export/attempt.ts';
import type { ExportOutcome } from '../../../src/export/outcome.ts';
import { countPoints } from '../../../src/export/request.ts';
import { holds, same } from '../../totals/support/broken.ts';
import type { MemoryCollector } from './collector.ts';

/**
 * What one process says of its points is what became of them: every point that was made and is not under way is counted as taken,
 * rejected or lost, and what was taken, as the collector has it.
 */
export class Conservation {
  readonly #collector: Pick<MemoryCollector, 'acknowledged' | 'rejected'>;
  readonly #makesDeltas: boolean;
  /** Requests of the cycle that is under way, by what was tried. */
  readonly #tried = new Set<SentMetrics>();
  /** Points of the cycle that is under way, if they go as they were collected. */
  #made = 0;
  /** Points of the cycles that are over. */
  #settled = 0;

  constructor(collector: Pick<MemoryCollector, 'acknowledged' | 'rejected'>, makesDeltas: boolean) {
    this.#collector = collector;
    this.#makesDeltas = makesDeltas;
  }

  tried(request: SentMetrics): void {
    this.#tried.add(request);
  }

  /** A collection, whose delivery begins. @throws {Broken} */
  collected(metrics: ResourceMetrics): void {
    const pointsOf = (name: string): readonly DataPoint<number>[] => {
      const metric = metrics.scopeMetrics.flatMap(({ metrics: ofScope }) => ofScope).find(({ descriptor }) => descriptor.name === `claude_usage_metrics.export.${name}`);
      return (metric?.dataPoints ?? []) as DataPoint<number>[];
    };
    const counts = new Map(pointsOf('points').map(({ attributes, value }) => [attributes['outcome'], value]));
    const { acknowledged, rejected } = this.#collector;
    same(counts.get('acknowledged'), acknowledged, () => 'points acknowledged');
    same(counts.get('rejected'), rejected, () => 'points rejected');
    same(counts.get('lost'), this.#settled - acknowledged - rejected, () => 'points lost');
    const [produced, inFlight] = ['points.produced', 'points.in_flight'].map((name) => pointsOf(name)[0]?.value);
    same(produced, this.#settled + (inFlight ?? Number.NaN), () => 'points produced');
    this.#made = countPoints(metrics);
    this.#tried.clear();
  }

  /** A delivery is over. @throws {Broken} */
  delivered(outcome: ExportOutcome): void {
    const counted = outcome.acknowledged + outcome.rejected + outcome.lost;
    let made = this.#made;
    if (this.#makesDeltas) {
      // What was never tried nobody has seen.
      made = 0;
      for (const { points } of this.#tried) made += points;
      if (made === 0) made = counted;
    }
    this.#settled += made;
    same(counted, made, () => 'points of a cycle, as they were counted');
    holds(outcome.lost >= 0 && outcome.rejected >= 0 && outcome.acknowledged >= 0, () => 'points are counted below zero');
  }
}
