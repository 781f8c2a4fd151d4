import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { simulatedLife } from '../../../src/demo/anthropic/life.ts';
import type { SimulatedOrganization } from '../../../src/demo/anthropic/organization.ts';
import { seededRandom } from '../../../src/demo/random.ts';
import { World } from '../../../src/demo/world.ts';
import { dayMs, dayStart } from '../../../src/model/calendar.ts';
import type { ReportId } from '../../../src/model/report.ts';
import type { ReadResult } from '../../../src/sources/poller.ts';
import { MemoryDisk } from '../../state/memory-disk.ts';
import { Broken, holds } from '../../totals/support/broken.ts';
import { MemoryCollector } from './collector.ts';
import { Conservation } from './conservation.ts';
import { memoryCookies } from './cookies.ts';
import { faultyDisk } from './faulty-disk.ts';
import { GaugeRules } from './gauge-rules.ts';
import { type Life, beginLife } from './life.ts';
import { RequestRules } from './request-rules.ts';
import type { Fault, Schedule } from './schedule.ts';
import { SecretSearch } from './secrets.ts';
import { TotalsRules } from './totals-rules.ts';
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

/** Of so many attempts to push the bytes of one are looked at. */
const writtenEach = 50;

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
  readonly #totals: TotalsRules;
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
  #conservation: Conservation;
  readonly #search = new SecretSearch();
  #collectedMs = 0;
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
    this.#totals = new TotalsRules(schedule, this.#organization);
    this.#time = new VirtualTime(this.#bornMs);
    const clock = { now: () => new Date(this.#nowMs), monotonicMs: () => this.#nowMs };
    this.#account = new World({ seed: schedule.life, clock, speed: 1 });
    this.#collector = this.#newCollector();
    this.#conservation = this.#newConservation();
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
      this.#looked(() => this.#totals.checkEnd());
      this.#check();
    } finally {
      this.#time.end();
      await new Promise((resolve) => setImmediate(resolve));
      process.off('unhandledRejection', onRejection);
    }
    this.#check();
    this.#search.check();
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
    this.#conservation = this.#newConservation();
    this.#collectedMs = 0;
    const { rules, gauges, collector } = { rules: this.#rules, gauges: this.#gauges, collector: this.#collector };
    const opening = beginLife({
      intervalMs: this.#schedule.intervalMinutes * minuteMs,
      random: this.#random,
      collector,
      search: this.#search,
      settings: { OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: this.#schedule.temporality },
      ...(this.#schedule.keepsState && { disk: faultyDisk(this.#disk, () => this.#fault('disk')?.kind) }),
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
        cookieService: memoryCookies({ cookies: () => gauges.serveCookies(this.#account.cookies()), random: this.#random, fault: () => this.#fault('cookies')?.kind }),
      },
      onCollected: (metrics, beganMs) => this.#looked(() => this.#checkCollection(metrics, beganMs)),
      onDelivered: (outcome) => this.#looked(() => this.#conservation.delivered(outcome)),
      onRead: (result) => this.#looked(() => this.#takeRead(result)),
      onSave: (totals) => this.#totals.beforeKeep(totals),
      onLog: (line) => this.#looked(() => checkLine(line)),
    });
    holds(await this.#time.advanceUntil(opening, 3 * dayMs), () => 'an agent that starts at last');
    this.#life = await opening;
    this.#totals.born(this.#life, this.played.lives > 1 && this.#forgets());
    void this.#life.agent.start();
  }

  #newCollector(): MemoryCollector {
    return new MemoryCollector({
      random: this.#random,
      fault: () => this.#fault('collector')?.kind,
      onRequest: (metrics) => this.#looked(() => this.#totals.see(metrics)),
      writtenEach,
      looked: (look) => this.#looked(look),
      onRefused: (metrics) => this.#looked(() => this.#totals.refused(metrics)),
      onAttempt: (request) => this.#conservation.tried(request),
    });
  }

  #newConservation(): Conservation {
    return new Conservation(this.#collector, this.#schedule.temporality !== 'cumulative');
  }

  /** A process may not find all that the one before has exported. */
  #forgets(): boolean {
    return !this.#schedule.keepsState || this.#schedule.faults.some((fault) => fault.of === 'disk' && this.#beginOf(fault) <= this.#nowMs);
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
    this.#gauges.sleep(ms);
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
    await this.#begin();
  }

  #count(): void {
    this.played.requests += this.#rules.requests;
    this.played.exchanges += this.#collector.requests;
  }

  #takeRead(result: ReadResult): void {
    this.#gauges.read(result);
    holds(result.outcome !== 'internal', () => `${result.source.id} failed as internal: ${result.failures.map(({ message, cause }) => `${message} ${String(cause)}`).join()}`);
    this.#totals.read(result);
  }

  #checkCollection(metrics: ResourceMetrics | undefined, beganMs: number): void {
    if (metrics === undefined) throw new Broken('a collection failed');
    this.played.cycles += 1;
    this.#collectedMs = beganMs;
    this.#conservation.collected(metrics);
    this.#gauges.check(metrics, beganMs);
    this.#totals.collected(metrics, beganMs);
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
      this.#looked(() => this.#gauges.checkRecovered(quietMs));
      for (const report of reports) this.#looked(() => this.#totals.checkTruth(report));
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
