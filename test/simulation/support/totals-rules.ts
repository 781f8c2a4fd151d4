import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { SimulatedOrganization } from '../../../src/demo/anthropic/organization.ts';
import type { Report, ReportId } from '../../../src/model/report.ts';
import type { SentTotals } from '../../../src/model/sent-totals.ts';
import type { ReadResult } from '../../../src/sources/poller.ts';
import { DropOnlyBackend, totalsIn } from '../../totals/support/backends.ts';
import { same } from '../../totals/support/broken.ts';
import { Expected } from '../../totals/support/expected.ts';
import { GrowthRules, OwnGrowthRules } from './growth-rules.ts';
import type { Life } from './life.ts';
import type { Schedule } from './schedule.ts';

/** What is collected and what arrives of the totals, and of the agent's own counters where these are deltas, is what was used. */
export class TotalsRules {
  readonly #schedule: Pick<Schedule, 'temporality' | 'keepsState'>;
  readonly #organization: SimulatedOrganization;
  readonly #expected = new Expected(false);
  readonly #backend = new DropOnlyBackend();
  readonly #growth = new GrowthRules();
  #own = new OwnGrowthRules();
  /** Reports whose read has ended, and which a collection has not shown for certain. */
  #pending: { readonly report: Report; readonly endedMs: number }[] = [];
  /** When the first read of the names had ended: until then there are no totals. */
  #namedMs = Number.POSITIVE_INFINITY;
  /** What was exported may be higher than what this process knows of. */
  #mayFall = false;
  /** Series that this process has exported. */
  readonly #exported = new Set<string>();

  constructor(schedule: Pick<Schedule, 'temporality' | 'keepsState'>, organization: SimulatedOrganization) {
    this.#schedule = schedule;
    this.#organization = organization;
  }

  /** A process begins. @param forgets what it should have found on the disk may be missing. */
  born({ knows, goesOn }: Life, forgets: boolean): void {
    this.#mayFall ||= forgets;
    this.#pending = [];
    this.#namedMs = Number.POSITIVE_INFINITY;
    this.#exported.clear();
    this.#expected.restart(knows);
    this.#growth.restart(goesOn);
    this.#own = new OwnGrowthRules();
  }

  /** A read has ended. */
  read({ source, reading }: ReadResult): void {
    if (source.id === 'anthropic-names') this.#namedMs = Math.min(this.#namedMs, performance.now());
    if (reading?.report !== undefined) this.#take(reading.report);
  }

  /** A report was read whole. */
  #take(report: Report): void {
    if (!this.#makesDeltas) {
      this.#pending.push({ report, endedMs: performance.now() });
      return;
    }
    this.#expected.take(report);
    this.#growth.take(report);
  }

  /** What was exported is being written. @returns what is called when it is on the disk. */
  beforeKeep({ reports }: SentTotals): () => void {
    return this.#expected.beforeKeep(new Set(reports.map(({ report }) => report)));
  }

  /** @throws {Broken} */
  collected(metrics: ResourceMetrics, beganMs: number): void {
    if (!this.#makesDeltas) this.#checkTotals(metrics, beganMs);
    if (this.#schedule.temporality !== 'cumulative') this.#own.collected(metrics);
  }

  /** Something arrived. @throws {Broken} */
  see(metrics: ResourceMetrics): void {
    for (const point of totalsIn(metrics)) {
      if (this.#makesDeltas) {
        this.#growth.see(point);
        continue;
      }
      same(point.isDelta, false, () => `${point.key} is a delta`);
      this.#backend.see(point, this.#mayFall && !this.#exported.has(point.key));
      this.#exported.add(point.key);
    }
    if (this.#schedule.temporality !== 'cumulative') this.#own.see(metrics);
  }

  /** The collector refused something for good. */
  refused(metrics: ResourceMetrics): void {
    if (this.#makesDeltas) for (const point of totalsIn(metrics)) this.#growth.refuse(point);
    if (this.#schedule.temporality !== 'cumulative') this.#own.refuse(metrics);
  }

  /** All of a report is shown, and was read. @throws {Broken} */
  checkTruth(report: ReportId): void {
    this.#expected.checkTruth(report, this.#organization);
  }

  /** The last push was taken. @throws {Broken} */
  checkEnd(): void {
    if (this.#makesDeltas) this.#growth.checkAll();
    else if (!this.#mayFall) this.#checkRises();
    if (this.#schedule.temporality !== 'cumulative') this.#own.checkAll();
  }

  get #makesDeltas(): boolean {
    return this.#schedule.temporality === 'delta';
  }

  /** A backend that is told of rises alone has all of them: what was not there from the beginning begins with 0. */
  #checkRises(): void {
    for (const [key, first] of this.#backend.first) if (!this.#expected.atFirst.has(key)) same(first, 0, () => `first value of ${key}`);
  }

  /** A report that came during the collection may be in it, or in the next. */
  #checkTotals(metrics: ResourceMetrics, beganMs: number): void {
    const values = new Map([...totalsIn(metrics)].map(({ key, value }) => [key, value]));
    if (values.size === 0 && this.#namedMs >= beganMs) return;
    const takeNext = (): void => {
      const next = this.#pending.shift();
      if (next !== undefined) this.#expected.take(next.report);
    };
    while (this.#pending[0] !== undefined && this.#pending[0].endedMs < beganMs) takeNext();
    for (;;) {
      try {
        this.#expected.checkTotals(values);
        return;
      } catch (thrown) {
        if (this.#pending.length === 0) throw thrown;
        takeNext();
      }
    }
  }
}
