import { type MetricProducer, type MetricReader, PeriodicExportingMetricReader, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { noSpans } from '../model/spans.ts';
import { CycleSpans } from '../telemetry/cycle-spans.ts';
import type { DeliveringExporter } from './exporter.ts';
import { SetBack } from './set-back.ts';

/** What a {@link CycleReader} is made of. */
export interface ReaderOptions {
  readonly exporter: DeliveringExporter;
  /** Points that no instrument makes; collected at the same moment as the instruments. */
  readonly producers?: readonly MetricProducer[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Told how long each collection took, and what it gave; undefined when it failed. All of it is cumulative, but for gauges. */
  readonly onCollected: (durationMs: number, metrics: ResourceMetrics | undefined) => void;
  /** Told what must never happen: a collection that failed, whole or in part. */
  readonly onError: (error: unknown) => void;
  /** The same as the exporter’s. */
  readonly cycle?: CycleSpans;
}

/**
 * Series an instrument may have. The SDK’s own limit of 2,000 would fold the rest into one series with the last one’s
 * value; how many there can be is bounded by the size of an answer and by the number of accounts.
 */
const maxSeries = 100_000;

type Collected = Awaited<ReturnType<MetricReader['collect']>>;

/** The one reader: collects when told to and at each interval, and hands over to the exporter. */
export class CycleReader extends PeriodicExportingMetricReader {
  readonly #options: ReaderOptions;
  readonly #cycle: CycleSpans;
  readonly #setBack = new SetBack();
  #ended = false;
  #discarded = false;

  constructor(options: ReaderOptions) {
    const { exporter, producers = [], intervalMs, timeoutMs } = options;
    super({
      exporter,
      metricProducers: [...producers],
      exportIntervalMillis: intervalMs,
      exportTimeoutMillis: timeoutMs,
      cardinalityLimits: { default: maxSeries },
    });
    this.#options = options;
    this.#cycle = options.cycle ?? new CycleSpans(noSpans);
  }

  /** From now on collects at each interval. */
  begin(): void {
    if (!this.#ended) super.onInitialized();
  }

  /** From now on nothing more is collected, not at the end either. */
  discard(): void {
    this.#discarded = true;
  }

  override async collect(options?: Parameters<MetricReader['collect']>[0]): Promise<Collected> {
    this.#options.exporter.beginCycle();
    const startedMs = performance.now();
    let metrics: ResourceMetrics | undefined;
    try {
      const collected = await this.#cycle.collecting(() => this.#collect(options));
      for (const error of collected.errors) this.#options.onError(error);
      metrics = collected.resourceMetrics;
      return collected;
    } catch (error) {
      this.#options.onError(error);
      throw error;
    } finally {
      this.#options.onCollected(performance.now() - startedMs, metrics);
    }
  }

  /** The SDK would start its timer here; the first cycle is at the start, and the intervals count from it. */
  protected override onInitialized(): void {
    // begin() does it.
  }

  protected override async onForceFlush(): Promise<void> {
    if (!this.#discarded) await super.onForceFlush();
  }

  protected override onShutdown(): Promise<void> {
    this.#ended = true;
    return super.onShutdown();
  }

  async #collect(options?: Parameters<MetricReader['collect']>[0]): Promise<Collected> {
    this.#setBack.at(Date.now());
    return this.#setBack.withoutOld(await super.collect(options));
  }
}
