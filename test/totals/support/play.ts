import type { Attributes } from '@opentelemetry/api';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { drawFault } from '../../../src/demo/anthropic/faults.ts';
import { simulatedLife } from '../../../src/demo/anthropic/life.ts';
import type { SimulatedOrganization } from '../../../src/demo/anthropic/organization.ts';
import { seededRandom } from '../../../src/demo/random.ts';
import type { RequestResult } from '../../../src/export/outcome.ts';
import { dayMs, dayStart } from '../../../src/model/calendar.ts';
import type { Clock } from '../../../src/model/clock.ts';
import { type Report, type ReportId, type TotalName } from '../../../src/model/report.ts';
import { MemoryDisk } from '../../state/memory-disk.ts';
import { memoryTransport } from './admin-api.ts';
import { Audience, DeltaBackend, exported, identityOf, totalsIn } from './backends.ts';
import { holds, same } from './broken.ts';
import { Expected, differences } from './expected.ts';
import { SimulatedProcess, requestsOf } from './process.ts';
import type { Delivery, Schedule, Step } from './schedule.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** The organization is used for so long after the agent was started. */
const lifeAfterStartDays = 20;

/** So many days after its last use each report shows all of it. */
const shownAfter: readonly (readonly [days: number, reports: readonly ReportId[]])[] = [
  [8, ['anthropic-usage', 'anthropic-cost', 'anthropic-claude-code']],
  [30, ['anthropic-analytics']],
];

/** Uses are few, so that there are many schedules. */
const lived = new Map<string, SimulatedOrganization>();
function lifeOf({ life: seed, startsAt, reports }: Schedule): SimulatedOrganization {
  const startMs = dayStart(startsAt.getTime());
  // Analytics has a month open for as long again.
  const fromMs = startMs - (reports.includes('anthropic-analytics') ? 65 : 35) * dayMs;
  const key = `${seed} ${fromMs} ${startMs}`;
  let life = lived.get(key);
  if (life === undefined) lived.set(key, (life = simulatedLife({ seed, fromMs, toMs: startMs + lifeAfterStartDays * dayMs, usesPerDay: 2, activitiesPerDay: 1, keys: 4 })));
  return life;
}

/** Time as the agent has it; its wall clock may be wrong. */
class WrongClock implements Clock {
  trueMs: number;
  offsetMs = 0;
  readonly #startMs: number;

  constructor(startMs: number) {
    this.trueMs = startMs;
    this.#startMs = startMs;
  }

  now(): Date {
    return new Date(this.trueMs + this.offsetMs);
  }

  monotonicMs(): number {
    return this.trueMs - this.#startMs;
  }
}

/** A point of a cut that no backend has taken yet. */
type Unsettled = ReadonlyMap<string, number>;

/** Plays a schedule and looks at everything that is exported. */
export class Play {
  readonly #schedule: Schedule;
  readonly #organization: SimulatedOrganization;
  readonly #clock: WrongClock;
  readonly #random: () => number;
  readonly #expected: Expected;
  readonly #audiences = { pushed: new Audience(), scraped: new Audience() };
  readonly #deltas = new DeltaBackend();
  /** What was cut and not refused, by ids. */
  #cut = new Map<string, { readonly metric: TotalName; value: bigint }>();
  #unsettled: Unsettled = new Map();
  #kept: { readonly cut: ReadonlyMap<string, { readonly metric: TotalName; readonly value: bigint }>; readonly unsettled: Unsettled } | undefined;
  #faults = 0;
  /** Sources whose last read failed: what was read whole before is kept for the next, from another instant. */
  readonly #failed = new Set<string>();
  #process: SimulatedProcess | undefined;
  #disk: MemoryDisk | undefined;
  #restarts = 0;

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
    this.#organization = lifeOf(schedule);
    this.#clock = new WrongClock(schedule.startsAt.getTime());
    this.#random = seededRandom(schedule.seed);
    this.#expected = new Expected(schedule.delta);
    if (schedule.keepsState) this.#disk = new MemoryDisk();
  }

  async run(): Promise<void> {
    await this.#start();
    for (const step of this.#schedule.steps) await this.#play(step);
    await this.#becomeQuiet();
    await this.#process?.stop();
  }

  async #start(): Promise<void> {
    this.#failed.clear();
    this.#process = await SimulatedProcess.start({
      clock: this.#clock,
      random: this.#random,
      delta: this.#schedule.delta,
      scrapes: this.#scrapes,
      ...(this.#disk && { disk: this.#disk }),
      transport: memoryTransport({
        organization: this.#organization,
        now: () => new Date(this.#clock.trueMs),
        reports: this.#schedule.reports,
        mostPerPage: this.#schedule.mostPerPage,
        fault: () => drawFault(this.#random, this.#faults),
        random: this.#random,
      }),
      onReport: (report) => {
        this.#checkReport(report);
        this.#expected.take(report);
      },
      onRead: ({ source, outcome }) => {
        if (outcome === 'success') this.#failed.delete(source.id);
        else this.#failed.add(source.id);
      },
      onSaved: () => {
        this.#expected.keep();
        for (const audience of Object.values(this.#audiences)) audience.keep();
        this.#kept = { cut: structuredClone(this.#cut), unsettled: new Map(this.#unsettled) };
      },
    });
  }

  /** Whatever went wrong before: a report that counts is what the organization shows at this instant, whole. */
  #checkReport(report: Report): void {
    if (this.#failed.has(report.id)) return;
    same(differences(report, this.#organization, this.#clock.trueMs), [], () => report.id);
  }

  async #play(step: Step): Promise<void> {
    switch (step.kind) {
      case 'cycle':
        this.#clock.trueMs += step.minutes * minuteMs;
        this.#faults = step.faults;
        return this.#cycle(step.deliveries, step.killed);
      case 'sleep':
        this.#clock.trueMs += step.hours * hourMs;
        return;
      case 'restart':
        await this.#process?.stop();
        return this.#restart();
      case 'clock':
        this.#clock.offsetMs = this.#clock.offsetMs === 0 ? step.offsetMs : 0;
    }
  }

  async #restart(): Promise<void> {
    this.#restarts += 1;
    for (const audience of Object.values(this.#audiences)) audience.restart();
    this.#expected.restart();
    this.#cut = new Map([...(this.#kept?.cut ?? [])].map(([ids, { metric, value }]) => [ids, { metric, value }]));
    this.#unsettled = this.#kept?.unsettled ?? new Map();
    await this.#start();
  }

  async #cycle(deliveries: readonly Delivery[], killed?: 'collected' | 'kept' | 'sent'): Promise<void> {
    const running = this.#process;
    if (running === undefined) return;
    const collected = await running.collect();
    same(running.errors, [], () => 'errors');
    if (killed === 'collected') return this.#kill(running);

    if (!this.#schedule.delta) this.#checkTotals(collected, this.#audiences.pushed);
    const scrape = running.scrape(collected);
    if (this.#scrapes) this.#checkTotals(scrape.metrics, this.#audiences.scraped);
    const cut = this.#schedule.delta && this.#unsettled.size === 0 ? this.#expected.cut() : undefined;
    if (cut !== undefined) this.#addCut(cut);
    const prepared = await running.prepare(collected);
    same(running.errors, [], () => 'errors');
    if (this.#schedule.delta) this.#checkCut(prepared, cut);
    if (killed === 'kept') return this.#kill(running);

    const results = requestsOf(prepared, deliveries.length).map((metrics, index) => this.#deliver(metrics, deliveries[index] ?? 'lost'));
    if (killed === 'sent') return this.#kill(running);
    await running.delivered(results);
    for (const { metrics, settled } of results) if (settled === 'acknowledged') this.#audiences.pushed.acknowledge([...totalsIn(metrics)]);
    if (!this.#scrapes || this.#random() < 0.5) return;
    const scraped = [...totalsIn(scrape.metrics)];
    this.#audiences.scraped.see(scraped, this.#schedule.keepsState);
    scrape.acknowledge();
    this.#audiences.scraped.acknowledge(scraped);
  }

  get #scrapes(): boolean {
    return this.#schedule.scrapes && !this.#schedule.delta;
  }

  async #kill(running: SimulatedProcess): Promise<void> {
    this.#disk = await running.kill();
    await this.#restart();
  }

  #checkTotals(collected: ResourceMetrics, audience: Audience): void {
    const values = new Map<string, number>();
    for (const { key, value } of totalsIn(collected)) {
      holds(!values.has(key), () => `${key} stands there twice`);
      values.set(key, value);
    }
    this.#expected.checkTotals(values, audience.mayBeZero);
    audience.collected(values);
    for (const report of this.#schedule.reports) {
      for (const [gauge, unit] of [['claude_usage_metrics.ledger.debt.tokens', '{token}'], ['claude_usage_metrics.ledger.debt.cost', 'USD']] as const) {
        const debt = this.#expected.debt(report, unit);
        same(gaugeIn(collected, gauge, report) ?? 0, unit === 'USD' ? exported('claude.cost', debt) : Number(debt), () => `${gauge} of ${report}`);
      }
    }
  }

  #addCut(cut: ReadonlyMap<string, { readonly metric: TotalName; readonly value: bigint }>): void {
    for (const [ids, { metric, value }] of cut) {
      const known = this.#cut.get(ids);
      if (known === undefined) this.#cut.set(ids, { metric, value });
      else known.value += value;
    }
    this.#unsettled = new Map();
  }

  /** A new cut has all growth and nothing else; one that is on its way has the same points again. */
  #checkCut(prepared: ResourceMetrics, cut: ReadonlyMap<string, { readonly metric: TotalName; readonly value: bigint }> | undefined): void {
    const points = [...totalsIn(prepared)];
    for (const { key, isDelta } of points) holds(isDelta, () => `${key} is a whole total`);
    if (cut === undefined) {
      same(new Map(points.map((point) => [identityOf(point), point.value])), this.#unsettled, () => 'a cut that goes again');
      return;
    }
    const growth = [...cut].map(([ids, { metric, value }]) => [ids, exported(metric, value)] as const);
    same(new Map(points.map(({ key, value }) => [key, value])), new Map(growth), () => 'a new cut');
    same(points.length, growth.length, () => 'points of a cut');
    this.#unsettled = new Map(points.map((point) => [identityOf(point), point.value]));
    // It was kept with the points that it has.
    if (this.#kept !== undefined) this.#kept = { ...this.#kept, unsettled: this.#unsettled };
  }

  #deliver(metrics: ResourceMetrics, delivery: Delivery): RequestResult {
    const points = [...totalsIn(metrics)];
    const arrives = delivery === 'acknowledged' || delivery === 'unseen';
    if (arrives) {
      for (const point of points) if (point.isDelta) this.#deltas.see(point);
      this.#audiences.pushed.see(points.filter(({ isDelta }) => !isDelta), this.#schedule.keepsState);
    }
    const settled = delivery === 'unseen' ? 'lost' : delivery;
    if (settled === 'lost') return { metrics, settled };
    const left = new Map(this.#unsettled);
    for (const point of points) {
      // What was refused after it had arrived unseen has arrived.
      if (settled === 'refused' && point.isDelta) this.#deltas.refuse(point);
      left.delete(identityOf(point));
    }
    this.#unsettled = left;
    return { metrics, settled };
  }

  /** Everything has been shown, nothing fails any more: what is exported is the truth. */
  async #becomeQuiet(): Promise<void> {
    this.#clock.offsetMs = 0;
    this.#faults = 0;
    // Analytics has what is weeks late; the other reports' months are final by then.
    for (const [shownAfterDays, all] of shownAfter) {
      const reports = all.filter((id) => this.#schedule.reports.includes(id));
      if (reports.length === 0) continue;
      const shownMs = dayStart(this.#schedule.startsAt.getTime()) + (lifeAfterStartDays + shownAfterDays) * dayMs;
      this.#clock.trueMs = Math.max(this.#clock.trueMs, shownMs) + 2 * hourMs;
      for (let cycle = 0; cycle < 4; cycle++) {
        this.#clock.trueMs += 25 * hourMs;
        await this.#cycle(['acknowledged']);
      }
      for (const report of reports) this.#expected.checkTruth(report, this.#organization);
    }
    if (this.#schedule.delta) this.#checkSums();
    else this.#checkRises();
  }

  /** The sum of the cuts that were taken is what was used since the first reading, as far as a backend did not refuse it. */
  #checkSums(): void {
    if (!this.#schedule.keepsState && this.#restarts > 0) return;
    for (const [ids, { metric, value }] of this.#cut) {
      const came = (this.#deltas.sums.get(ids) ?? 0) + (this.#deltas.refused.get(ids) ?? 0);
      // Each is the nearest double of an exact amount; their sum is off by as much as that.
      if (metric.endsWith('cost')) holds(Math.abs(came - exported(metric, value)) < 1e-9, () => `${ids}: ${came} came of ${value}`);
      else same(came, Number(value), () => ids);
    }
    same([...this.#deltas.sums.keys()].filter((ids) => !this.#cut.has(ids)), [], () => 'series that nothing tells of');
  }

  /** Rises add up to what was used since the first cycle: a series that was not there then begins with 0. */
  #checkRises(): void {
    if (!this.#schedule.keepsState && this.#restarts > 0) return;
    for (const { backend } of Object.values(this.#audiences)) {
      for (const [key, first] of backend.first) if (!this.#expected.atFirst.has(key)) same(first, 0, () => `first value of ${key}`);
    }
  }
}

function gaugeIn({ scopeMetrics }: ResourceMetrics, name: string, report: ReportId): number | undefined {
  const metric = scopeMetrics.flatMap(({ metrics }) => metrics).find(({ descriptor }) => descriptor.name === name);
  const points: readonly { readonly attributes: Attributes; readonly value: unknown }[] = metric?.dataPoints ?? [];
  return points.find(({ attributes }) => attributes['report'] === report)?.value as number | undefined;
}
