import type { DataPoint, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { simulatedLife } from '../../../src/demo/anthropic/life.ts';
import type { SimulatedOrganization } from '../../../src/demo/anthropic/organization.ts';
import { seededRandom } from '../../../src/demo/random.ts';
import { World } from '../../../src/demo/world.ts';
import { countPoints } from '../../../src/export/request.ts';
import { dayMs, dayStart } from '../../../src/model/calendar.ts';
import { type Report, type ReportId } from '../../../src/model/report.ts';
import type { SentTotals } from '../../../src/model/sent-totals.ts';
import type { ReadResult } from '../../../src/sources/poller.ts';
import { MemoryDisk } from '../../state/memory-disk.ts';
import { DropOnlyBackend, totalsIn } from '../../totals/support/backends.ts';
import { Broken, holds, same } from '../../totals/support/broken.ts';
import { Expected } from '../../totals/support/expected.ts';
import { MemoryCollector } from './collector.ts';
import { memoryCookies } from './cookies.ts';
import { faultyDisk } from './faulty-disk.ts';
import { GaugeRules } from './gauge-rules.ts';
import { type Life, beginLife } from './life.ts';
import { RequestRules } from './request-rules.ts';
import type { Fault, Schedule } from './schedule.ts';
import { memoryUpstreams } from './upstreams.ts';
import { VirtualTime } from './virtual-time.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** From the signal to the end of the process, as `run` has it. */
const stopWithinMs = 10_000;

/** So many days after its last use each report shows all of it. */
const shownAfter: readonly (readonly [days: number, reports: readonly ReportId[]])[] = [
  [8, ['anthropic-usage', 'anthropic-cost', 'anthropic-claude-code']],
  [31, ['anthropic-analytics']],
];

/** Longer than any wait that upstreams ask for, and an interval of the slow sources after it. */
const quietMs = 2.6 * hourMs;

/** What was played, for whoever wants to know how much it was. */
export interface Played {
  cycles: number;
  requests: number;
  exchanges: number;
  lives: number;
}

/** Plays a schedule with the whole agent, and looks at everything that it asks, says and sends. */
export class Play {
  readonly #schedule: Schedule;
  readonly #organization: SimulatedOrganization;
  readonly #random: () => number;
  readonly #expected = new Expected(false);
  readonly #backend = new DropOnlyBackend();
  readonly #broken: Broken[] = [];
  readonly #endsAtMs: number;
  #faults: readonly Fault[];
  #account: World;
  #disk = new MemoryDisk(false);
  #time: VirtualTime;
  #life: Life | undefined;
  /** True time when this process began. */
  #bornMs: number;
  #wallOffsetMs = 0;
  #rules = new RequestRules();
  #gauges = new GaugeRules();
  #collector: MemoryCollector;
  /** Reports whose read has ended, and which a collection has not shown for certain. */
  #pending: { readonly report: Report; readonly endedMs: number }[] = [];
  #collectedMs = 0;
  #made = 0;
  #settled = 0;
  /** What was exported may be higher than what this process knows of. */
  #mayFall = false;
  readonly #exported = new Set<string>();
  readonly played: Played = { cycles: 0, requests: 0, exchanges: 0, lives: 0 };

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
    this.#random = seededRandom(schedule.seed);
    this.#faults = schedule.faults;
    this.#bornMs = schedule.startsAt.getTime();
    this.#endsAtMs = this.#bornMs + schedule.days * dayMs;
    this.#organization = simulatedLife({
      seed: schedule.life,
      fromMs: dayStart(this.#bornMs) - 65 * dayMs,
      toMs: dayStart(this.#endsAtMs),
      usesPerDay: 1,
      activitiesPerDay: 1,
      keys: 3,
    });
    this.#time = new VirtualTime(this.#bornMs);
    const clock = { now: () => new Date(this.#nowMs), monotonicMs: () => this.#nowMs };
    this.#account = new World({ seed: schedule.life, clock, speed: 1 });
    this.#collector = this.#newCollector();
  }

  /** @throws {Broken} what did not hold first. */
  async run(): Promise<Played> {
    const onRejection = (thrown: unknown): void => void this.#broken.push(new Broken(`unhandled rejection: ${String(thrown)}`, { cause: thrown }));
    process.on('unhandledRejection', onRejection);
    try {
      await this.#begin();
      for (const fault of this.#faults.toSorted((one, other) => one.at - other.at)) await this.#play(fault);
      await this.#advanceTo(this.#endsAtMs);
      await this.#becomeQuiet();
      await this.#stop();
      this.#check();
    } finally {
      this.#time.end();
      await new Promise((resolve) => setImmediate(resolve));
      process.off('unhandledRejection', onRejection);
    }
    this.#check();
    return this.played;
  }

  get #nowMs(): number {
    return this.#bornMs + performance.now();
  }

  #check(): void {
    const [first] = this.#broken;
    if (first !== undefined) throw first;
  }

  /** Those who call this must not be thrown at. */
  #looked(look: () => void): void {
    try {
      look();
    } catch (thrown) {
      this.#broken.push(thrown instanceof Broken ? thrown : new Broken('a look failed', { cause: thrown }));
    }
  }

  /** What is wrong with something now. */
  #fault<O extends Fault['of']>(of: O): Extract<Fault, { of: O }> | undefined {
    const nowMs = this.#nowMs;
    const isOn = (fault: Fault): boolean => fault.of === of && nowMs >= this.#beginOf(fault) && nowMs < this.#beginOf(fault) + fault.minutes * minuteMs;
    return this.#faults.find((fault): fault is Extract<Fault, { of: O }> => isOn(fault));
  }

  #beginOf({ at }: Fault): number {
    return this.#schedule.startsAt.getTime() + at * this.#schedule.days * dayMs;
  }

  async #begin(): Promise<void> {
    this.played.lives += 1;
    this.#rules = new RequestRules();
    this.#gauges = new GaugeRules();
    this.#gauges.clockWasWrong = this.#wallOffsetMs !== 0;
    this.#collector = this.#newCollector();
    this.#pending = [];
    this.#collectedMs = this.#made = this.#settled = 0;
    this.#exported.clear();
    const { rules, gauges, collector } = { rules: this.#rules, gauges: this.#gauges, collector: this.#collector };
    const opening = beginLife({
      intervalMs: this.#schedule.intervalMinutes * minuteMs,
      random: this.#random,
      collector,
      disk: faultyDisk(this.#disk, () => this.#fault('disk')?.kind),
      transports: {
        connect: memoryUpstreams({
          organization: this.#organization,
          account: this.#account,
          nowMs: () => this.#nowMs,
          random: this.#random,
          fault: (source) => this.#fault(source)?.kind,
          rules,
          looked: (look) => this.#looked(look),
          onUsage: (body) => gauges.serve(body),
        }),
        cookieService: memoryCookies({ cookies: () => this.#account.cookies(), random: this.#random, fault: () => this.#fault('cookies')?.kind }),
      },
      onCollected: (metrics, beganMs) => this.#looked(() => this.#checkCollection(metrics, beganMs)),
      onDelivered: () => {
        this.#settled += this.#made;
      },
      onRead: (result) => this.#looked(() => this.#takeRead(result)),
      onSave: ({ reports }: SentTotals) => this.#expected.beforeKeep(new Set(reports.map(({ report }) => report))),
      onLog: (line) => this.#looked(() => checkLine(line)),
    });
    holds(await this.#time.advanceUntil(opening, 3 * dayMs), () => 'an agent that starts at last');
    this.#life = await opening;
    this.#expected.restart(this.#life.knows);
    void this.#life.agent.start();
  }

  #newCollector(): MemoryCollector {
    return new MemoryCollector({
      random: this.#random,
      fault: () => this.#fault('collector')?.kind,
      onRequest: (metrics) => this.#looked(() => this.#see(metrics)),
      looked: (look) => this.#looked(look),
    });
  }

  async #play(fault: Fault): Promise<void> {
    const beginMs = this.#beginOf(fault);
    await this.#advanceTo(beginMs);
    switch (fault.of) {
      case 'clock':
        this.#setClock(fault.byMs);
        await this.#advanceTo(this.#nowMs + fault.minutes * minuteMs);
        this.#setClock(0);
        return;
      case 'machine':
        this.#sleep(fault.minutes * minuteMs);
        return;
      case 'process':
        await this.#intoCycle(fault.offsetMs);
        if (fault.kind === 'restarted') await this.#stop();
        return this.#reborn();
      default:
    }
  }

  async #advanceTo(trueMs: number): Promise<void> {
    // In steps, so that what is broken is said at once.
    for (let leftMs = trueMs - this.#nowMs; leftMs > 0; leftMs = trueMs - this.#nowMs) {
      await this.#time.advance(Math.min(Math.ceil(leftMs), hourMs));
      this.#check();
    }
  }

  /** So long after the beginning of the next cycle. */
  async #intoCycle(offsetMs: number): Promise<void> {
    const intervalMs = this.#schedule.intervalMinutes * minuteMs;
    const sinceMs = (performance.now() - this.#collectedMs) % intervalMs;
    await this.#advanceTo(this.#nowMs + intervalMs - sinceMs + (offsetMs % intervalMs));
  }

  #setClock(byMs: number): void {
    this.#wallOffsetMs = byMs;
    this.#gauges.clockWasWrong ||= byMs !== 0;
    this.#time.setWall(this.#nowMs + byMs);
  }

  /** The machine is suspended: monotonic time and timers stand still (CLOCK_MONOTONIC), and nobody else's time does. */
  #sleep(ms: number): void {
    this.#bornMs += ms;
    this.#time.setWall(this.#nowMs + this.#wallOffsetMs);
  }

  /** As on a signal: what is not over within ten seconds is left. */
  async #stop(): Promise<void> {
    if (this.#life === undefined) return;
    const { agent } = this.#life;
    agent.limitDelivery(stopWithinMs - 1_000);
    await this.#time.advanceUntil(agent.stop(), stopWithinMs);
  }

  /** The process is gone; another one finds the disk as it is. */
  async #reborn(): Promise<void> {
    this.#count();
    const trueMs = this.#nowMs;
    this.#time.end();
    this.#disk = this.#disk.afterPowerCut();
    this.#disk.files.delete('/state/lock');
    this.#bornMs = trueMs;
    this.#time = new VirtualTime(trueMs + this.#wallOffsetMs);
    this.#mayFall ||= this.#faults.some((fault) => fault.of === 'disk' && this.#beginOf(fault) <= trueMs);
    await this.#begin();
  }

  #count(): void {
    this.played.requests += this.#rules.requests;
    this.played.exchanges += this.#collector.requests;
  }

  #takeRead(result: ReadResult): void {
    this.#gauges.read(result);
    holds(result.outcome !== 'internal', () => `${result.source.id} failed as internal: ${result.failures.map(({ message, cause }) => `${message} ${String(cause)}`).join()}`);
    const report = result.reading?.report;
    if (report !== undefined) this.#pending.push({ report, endedMs: performance.now() });
  }

  #checkCollection(metrics: ResourceMetrics | undefined, beganMs: number): void {
    if (metrics === undefined) throw new Broken('a collection failed');
    this.played.cycles += 1;
    this.#collectedMs = beganMs;
    this.#checkConservation(metrics);
    this.#made = countPoints(metrics);
    this.#gauges.check(metrics, beganMs);
    this.#checkTotals(metrics, beganMs);
  }

  /** A report that came during the collection may be in it, or in the next. */
  #checkTotals(metrics: ResourceMetrics, beganMs: number): void {
    const values = new Map([...totalsIn(metrics)].map(({ key, value }) => [key, value]));
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

  /** Every point that was made and is not under way is counted: taken, rejected or lost; what was taken, as the collector has it. */
  #checkConservation({ scopeMetrics }: ResourceMetrics): void {
    const pointsOf = (name: string): readonly DataPoint<number>[] => {
      const metric = scopeMetrics.flatMap(({ metrics }) => metrics).find(({ descriptor }) => descriptor.name === `claude_usage_metrics.export.${name}`);
      return (metric?.dataPoints ?? []) as DataPoint<number>[];
    };
    const counts = new Map(pointsOf('points').map(({ attributes, value }) => [attributes['outcome'], value]));
    const { acknowledged, rejected } = this.#collector;
    same(counts.get('acknowledged'), acknowledged, () => 'points acknowledged');
    same(counts.get('rejected'), rejected, () => 'points rejected');
    same(counts.get('lost'), this.#settled - acknowledged - rejected, () => 'points lost');
    const [produced, inFlight] = ['points.produced', 'points.in_flight'].map((name) => pointsOf(name)[0]?.value);
    same(produced, this.#settled + (inFlight ?? Number.NaN), () => 'points produced');
  }

  #see(metrics: ResourceMetrics): void {
    for (const point of totalsIn(metrics)) {
      this.#backend.see(point, this.#mayFall && !this.#exported.has(point.key));
      this.#exported.add(point.key);
    }
  }

  /** Everything has been shown, nothing fails any more: what is exported is the truth. */
  async #becomeQuiet(): Promise<void> {
    this.#faults = [];
    if (this.#wallOffsetMs !== 0) this.#setClock(0);
    for (const [shownAfterDays, reports] of shownAfter) {
      const shownMs = dayStart(this.#endsAtMs) + shownAfterDays * dayMs;
      this.#sleep(Math.max(0, shownMs + 2 * hourMs - this.#nowMs));
      // Waits that were asked for are over by then, and all is read once more.
      await this.#advanceTo(this.#nowMs + quietMs);
      for (const report of reports) this.#looked(() => this.#expected.checkTruth(report, this.#organization));
      this.#check();
    }
    this.#count();
  }
}

/** Lines that say what failed, and are no bug. */
function checkLine(line: Readonly<Record<string, unknown>>): void {
  if (line['level'] !== 'error') return;
  holds('lost' in line || 'problem' in line, () => `the agent says: ${JSON.stringify(line)}`);
}
