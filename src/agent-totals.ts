import type { Resource } from '@opentelemetry/resources';
import type { DataPoint, MetricData, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { RequestResult } from './export/outcome.ts';
import { Ledger } from './ledger/ledger.ts';
import { totalSpecs } from './metrics/catalogue.ts';
import { CutMetrics } from './metrics/cut-metrics.ts';
import { type TotalsOptions, TotalsProducer, totalsScope } from './metrics/totals.ts';
import { attributeSet } from './model/attributes.ts';
import type { Clock } from './model/clock.ts';
import { type Names, noNames } from './model/names.ts';
import type { Reading } from './model/reading.ts';
import { type ReportId, reportIds } from './model/report.ts';
import type { Channels, CutPoint, PendingCut, SentTotals } from './model/sent-totals.ts';
import { inSlices } from './model/slices.ts';
import { within } from './model/within.ts';
import type { Poller } from './sources/poller.ts';
import type { TotalsState } from './state/totals-state.ts';

/** What {@link AgentTotals} is made of. */
export interface TotalsSettings {
  readonly account: string;
  /** Whether people's names and e-mail addresses become attributes. */
  readonly owners: boolean;
  /** Whether totals are sent as their growth. */
  readonly delta: boolean;
  /** Whether the totals themselves are collected. */
  readonly cumulative: boolean;
  /** Who is told them. */
  readonly tells: Channels;
  /** Whether a series that appears later is exported as 0 first, to each of them. */
  readonly firstZeros: boolean;
  readonly clock: Clock;
  /** Keeps what was exported over a restart. */
  readonly state?: TotalsState;
  /** Longest that a writing of the state is waited for: the cycle's points wait for it. */
  readonly saveMs: number;
  /** Told what must never happen; the totals known so far stay in charge. */
  readonly onError: (error: unknown) => void;
  /** Told of a report that is grouped in another way than what was kept, which it does not go on from. */
  readonly onRegrouped: (report: ReportId) => void;
  /** Told how each writing of the state ended; undefined: well. */
  readonly onSaved: (problem: string | undefined) => void;
}

/** An organization's totals on their way from readings to points, and back from what became of these. */
export class AgentTotals {
  readonly #settings: TotalsSettings;
  readonly #ledger: Ledger;
  readonly #cuts: TotalsOptions['cuts'];
  /** How the reports of the agent before this one were grouped, until the first of each. */
  readonly #keptGroupings = new Map<ReportId, string>();
  #names: Names = noNames;
  #producer: TotalsProducer | undefined;
  #work: Promise<unknown> = Promise.resolve();
  /** First zeros that were seen, and that are followed by their values at the next cycle. */
  readonly #seenZeros = { pushed: new Set<object>(), scraped: new Set<object>() };
  #isEnding = false;
  #growthWaits = false;
  /** What the state on the disk was made of; undefined when it is not known to be there. */
  #saved: string | undefined;
  /** Whether a writing goes on, be it one that is not waited for any longer. */
  #isWriting = false;

  constructor(settings: TotalsSettings) {
    const { delta, tells, firstZeros, clock, state } = settings;
    this.#settings = settings;
    this.#ledger = new Ledger({ cuts: delta, tells, firstZeros });
    const restored = state?.takeRestored();
    for (const { report, grouping } of restored?.reports ?? []) this.#keptGroupings.set(report, grouping);
    if (restored !== undefined) this.#ledger.restore(restored.reports, restored.series);
    // What was on its way as growth is in the totals that are told instead, and would be told twice.
    const pending = delta && restored?.pending && new CutMetrics(settings.owners ? restored.pending : withoutOwners(restored.pending));
    this.#cuts = { fromMs: restored?.cutEndMs ?? clock.now().getTime(), ...(pending && { pending }) };
    this.#saved = this.#toSave();
  }

  /** Takes the report and the names of a reading, where it has them. Never throws. */
  take({ report, names }: Reading): void {
    if (names !== undefined) this.#names = names;
    if (report === undefined) return;
    const kept = this.#keptGroupings.get(report.id);
    if (kept !== undefined && kept !== report.grouping) this.#settings.onRegrouped(report.id);
    this.#keptGroupings.delete(report.id);
    this.#walk(() => this.#ledger.apply(report)).then(
      (taken) => {
        if (taken === 'gap') this.#settings.onError(new RangeError(`report ${report.id} leaves a gap after what is known`));
      },
      (error: unknown) => this.#settings.onError(error),
    );
  }

  /**
   * The producer of the totals' points.
   * @param refresh reads a source if it is due; waits for no longer than a collection may, and never rejects.
   */
  producer(pollers: readonly Poller[], resource: Resource, refresh: (poller: Poller) => Promise<void>): TotalsProducer {
    const { account, owners, clock, cumulative } = this.#settings;
    const namesPoller = pollers.find(({ source }) => source.id === 'anthropic-names');
    const own = pollers.filter(({ source }) => isReport(source.id) || source.id === 'anthropic-names');
    this.#producer = new TotalsProducer({
      ledger: this.#ledger,
      account,
      owners,
      clock,
      resource,
      cumulative,
      cuts: this.#cuts,
      names: () => this.#names,
      isNamed: () => namesPoller === undefined || namesPoller.last !== undefined,
      refreshed: async () => {
        await Promise.all(own.map(refresh));
        this.#followZeros();
      },
      walk: (steps) => this.#walk(steps),
      isFresh: (report) => own.some((poller) => poller.source.id === report && poller.isFresh),
    });
    return this.#producer;
  }

  /**
   * Keeps what is about to be exported, before it is: an agent after this one must know of it, however this one ends. What
   * could not be kept is exported all the same, except growth, which would be counted twice: it waits.
   */
  async beforeExport(metrics: ResourceMetrics): Promise<ResourceMetrics> {
    if (!this.#settings.delta || this.#producer === undefined) {
      await this.#save();
      return metrics;
    }
    const growth = await this.#producer.growth();
    const isSaved = await this.#save();
    this.#growthWaits = !isSaved;
    return withTotals(metrics, isSaved ? growth : []);
  }

  /** Whether the last cycle had to leave growth out, which could not be kept. */
  get growthWaits(): boolean {
    return this.#growthWaits;
  }

  /** A cycle has been delivered, or not, request by request. */
  async delivered(requests: readonly RequestResult[]): Promise<void> {
    const zeros = this.#producer?.zeros ?? new Map<DataPoint<unknown>, object>();
    const cut = this.#cut;
    if (zeros.size === 0 && cut === undefined) return;
    for (const { metrics, settled } of requests) {
      if (settled === 'lost') continue;
      for (const dataPoint of pointsOf(metrics)) {
        cut?.settle(dataPoint);
        // A zero that was refused was seen by nobody.
        const series = settled === 'acknowledged' ? zeros.get(dataPoint) : undefined;
        if (series !== undefined) this.#seenZeros.pushed.add(series);
      }
    }
    // Else the agent after this one would send a cut again that has arrived.
    if (this.#settings.delta) await this.#save();
  }

  /**
   * From now on a first zero is not followed by its value: the last push may come right after it, before a backend that is
   * scraped has shown the zero to anybody. The agent after this one begins with the zero again, if it knows of it.
   */
  ending(): void {
    this.#isEnding = true;
  }

  /** The end, after the last delivery: what became of it is kept, and the folder is free. Never rejects. */
  async close(): Promise<void> {
    await this.#save();
    await this.#settings.state?.release();
  }

  #followZeros(): void {
    if (this.#isEnding) return;
    for (const channel of ['pushed', 'scraped'] as const) {
      this.#ledger.acknowledge(this.#seenZeros[channel], channel);
      this.#seenZeros[channel].clear();
    }
  }

  /** Writes what has changed since the last time; false when it is not known to be on the disk. Never rejects. */
  async #save(): Promise<boolean> {
    const { state, onSaved } = this.#settings;
    if (state === undefined) return true;
    return this.#exclusively(async () => {
      const toSave = this.#toSave();
      if (toSave === this.#saved) return true;
      this.#saved = undefined;
      try {
        await this.#write(state, toSave);
        onSaved(undefined);
        return true;
      } catch (error) {
        onSaved(error instanceof Error ? error.message : 'unknown error');
        return false;
      }
    });
  }

  /** @throws when the disk fails, or gives no answer: a writing that is not waited for may still come to its end, but not to that of what came later. */
  async #write(state: TotalsState, toSave: string): Promise<void> {
    if (this.#isWriting) throw new Error(noAnswer);
    const givenUp = new AbortController();
    this.#isWriting = true;
    const writing = state.save(this.#totals(givenUp.signal)).then(() => {
      this.#saved = toSave;
      return true;
    }).finally(() => {
      this.#isWriting = false;
    });
    if (await within(writing, this.#settings.saveMs)) return;
    givenUp.abort();
    writing.catch(() => undefined);
    throw new Error(noAnswer);
  }

  /**
   * The last collection as scrapers see it, whose first zeros are their own, and what acknowledges these, unless there has been
   * another one since.
   */
  scrape(metrics: ResourceMetrics): { readonly metrics: ResourceMetrics; readonly acknowledge: () => void } {
    const scraped = this.#producer?.scraped;
    if (scraped === undefined) return { metrics, acknowledge: () => undefined };
    const acknowledge = (): void => {
      if (this.#producer?.scraped === scraped) for (const series of scraped.zeros) this.#seenZeros.scraped.add(series);
    };
    return { metrics: withOtherPoints(metrics, scraped.points), acknowledge };
  }

  /** Another text whenever there is something new to be kept. */
  #toSave(): string {
    return [this.#ledger.version, this.#cut?.size ?? 0].join('/');
  }

  /** @param signal ends the walk through the series, which may else go on while they change. */
  #totals(signal: AbortSignal): SentTotals {
    const { account, delta } = this.#settings;
    const pending = this.#cut?.pending;
    return {
      account,
      ...(delta && { cutEndMs: this.#producer?.cutEndMs ?? this.#cuts.fromMs }),
      ...(pending && { pending }),
      reports: this.#ledger.sentReports(),
      series: until(signal, this.#ledger.sentSeries()),
    };
  }

  /** The cut that is on its way. */
  get #cut(): CutMetrics | undefined {
    return this.#producer === undefined ? this.#cuts.pending : this.#producer.cut;
  }

  #walk<T>(steps: () => Iterator<unknown, T>): Promise<T> {
    return this.#exclusively(() => inSlices(steps()));
  }

  /** One after the other: a report that is half taken must not be seen. */
  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#work.then(work);
    this.#work = mine.catch(() => undefined);
    return mine;
  }
}

const noAnswer = 'the disk does not answer';

function* until<T>(signal: AbortSignal, items: Iterable<T>): Generator<T, void> {
  for (const item of items) {
    signal.throwIfAborted();
    yield item;
  }
}

function* pointsOf({ scopeMetrics }: ResourceMetrics): Generator<DataPoint<unknown>> {
  for (const { metrics } of scopeMetrics) for (const { dataPoints } of metrics) yield* dataPoints;
}

/** The same metrics where there are no other points. */
function withOtherPoints(metrics: ResourceMetrics, others: ReadonlyMap<DataPoint<unknown>, DataPoint<number>>): ResourceMetrics {
  if (others.size === 0) return metrics;
  const replaced = (metric: MetricData): MetricData =>
    metric.descriptor.name in totalSpecs ? ({ ...metric, dataPoints: metric.dataPoints.map((point) => others.get(point) ?? point) } as MetricData) : metric;
  return { resource: metrics.resource, scopeMetrics: metrics.scopeMetrics.map(({ scope, metrics: all }) => ({ scope, metrics: all.map(replaced) })) };
}

/** Growth in place of totals; all of them stand in the scope of the agent's own. */
function withTotals({ resource, scopeMetrics }: ResourceMetrics, growth: readonly MetricData[]): ResourceMetrics {
  const others = scopeMetrics.map(({ scope, metrics }) => ({ scope, metrics: metrics.filter(({ descriptor }) => !(descriptor.name in totalSpecs)) }));
  return { resource, scopeMetrics: growth.length === 0 ? others : [...others, { scope: totalsScope, metrics: [...growth] }] };
}

/** A cut of an agent that told of people, on its way when the next one does not. */
function withoutOwners({ points, ...cut }: PendingCut): PendingCut {
  const merged = new Map<string, CutPoint>();
  for (const { metric, attributes, value } of points) {
    const kept = attributeSet(Object.fromEntries(Object.entries(attributes).filter(([name]) => !ownerAttributes.includes(name))));
    const key = JSON.stringify([metric, kept]);
    merged.set(key, { metric, attributes: kept, value: value + (merged.get(key)?.value ?? 0n) });
  }
  return { ...cut, points: [...merged.values()] };
}

const ownerAttributes: readonly string[] = ['owner_email', 'owner_name', 'actor_email'];

function isReport(id: string): id is ReportId {
  return reportIds.some((report) => report === id);
}
