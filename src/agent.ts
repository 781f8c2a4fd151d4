import { MeterProvider, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { type OpenSender, metricsSenders } from './agent-senders.ts';
import { type Transports, openPollers } from './agent-sources.ts';
import { AgentTotals } from './agent-totals.ts';
import type { OpenTraces } from './agent-traces.ts';
import type { Config } from './config/config.ts';
import { DeltaStage } from './export/delta.ts';
import { DeliveringExporter } from './export/exporter.ts';
import { type ExportOutcome, isDelivered } from './export/outcome.ts';
import { CycleReader } from './export/reader.ts';
import { AgentCounters } from './metrics/counters.ts';
import { observeSource } from './metrics/gauges.ts';
import { createInstruments } from './metrics/instruments.ts';
import { metricsResource } from './metrics/resource.ts';
import { attributeSet } from './model/attributes.ts';
import { type Clock, systemClock } from './model/clock.ts';
import { noSpans } from './model/spans.ts';
import { within } from './model/within.ts';
import type { Poller, ReadResult } from './sources/poller.ts';
import { Reads } from './sources/reads.ts';
import type { TotalsState } from './state/totals-state.ts';
import { CycleSpans } from './telemetry/cycle-spans.ts';
import type { Logger } from './telemetry/log.ts';
import { logSdkMessages } from './telemetry/sdk-messages.ts';
import { StateLog } from './telemetry/state-log.ts';
import { version } from './version.ts';

/** Longest a collection waits for reads, however many go on to end. */
const longestWaitMs = 10_000;

/** Longest a last writing of the state is waited for; a disk that hangs must not keep the process. */
const longestSaveMs = 2_000;

/** Longest that the end waits for the last spans to be sent. */
const longestFlushMs = 5_000;

/** What the agent needs beside its settings; injected, so that tests decide. */
export interface AgentOptions {
  readonly logger: Logger;
  /** Longest time one read of a source may take. */
  readonly readDeadlineMs: number;
  /** Where the console exporter writes. */
  readonly write: (text: string) => void;
  /** Told of each cycle what is collected, and what became of it. */
  readonly watch?: CycleWatch;
  /** Whether the states of sources and backend are logged when they change; a bug always is. Default true. */
  readonly logStates?: boolean;
  /** Keeps what was exported of the totals over a restart. */
  readonly state?: TotalsState;
  /** Whether a total that appears later is exported as 0 first; default true. */
  readonly firstZeros?: boolean;
  /** Makes the agent’s own traces; without it there are none. */
  readonly traces?: OpenTraces;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** What the sources speak over; sockets if absent. */
  readonly transports?: Transports;
  /** Makes the sender of an OTLP target; {@link otlpSender} if absent. */
  readonly openSender?: OpenSender;
  /** Told of each read when it has ended and its report is on its way to the totals. Must not throw. */
  readonly onRead?: (result: ReadResult) => void;
}

/** Who is told of each cycle. Must not throw. */
export interface CycleWatch {
  /**
   * Metrics as collected, before their delivery begins; undefined when the collection failed.
   * @param scraped the same as scrapers see them, where anybody scrapes.
   */
  collected(metrics: ResourceMetrics | undefined, durationMs: number, scraped?: ResourceMetrics): void;
  /** Whether all of them were acknowledged, and what became of them; not told where there is nobody to push to. */
  delivered(acknowledged: boolean, outcome: ExportOutcome): void;
}

/** The running agent. */
export interface Agent {
  readonly pollers: readonly Poller[];
  /** Reads every source that is due, all at once; ends with the slowest, or its deadline. */
  readSources(): Promise<void>;
  /** Whether the last push had to leave an organization’s growth out, as it could not be kept: it is owed still. */
  readonly growthWaits: boolean;
  /** Collects and delivers once; undefined when the collection failed. */
  push(): Promise<ExportOutcome | undefined>;
  /**
   * The first cycle now: reads and pushes; and another at each interval from that push on. Ends when every first read has been
   * pushed.
   */
  start(): Promise<void>;
  /** A scraper has all of what a cycle collected. It has seen the first zeros in it, as long as no other cycle has begun. */
  scraped(metrics: ResourceMetrics): void;
  /** Ends deliveries within this time from now, whatever the settings say. */
  limitDelivery(leftMs: number): void;
  /** One last push of what is known, without waiting for any read; then the end. Undefined when its collection failed. */
  stop(): Promise<ExportOutcome | undefined>;
  /** The end without another push. */
  close(): Promise<void>;
}

/** Puts the agent together. It does nothing by itself before {@link Agent.start}. */
export function createAgent(config: Config, options: AgentOptions): Agent {
  prepareSdk(config, options.logger);
  const { logger, watch, logStates = true, clock = systemClock, random = Math.random } = options;
  const states = new StateLog(logger);
  const stopping = new AbortController();

  const { temporality, scrape } = config.export;
  const pushes = config.export.otlp !== undefined || config.export.console;
  const totals = config.anthropic && new AgentTotals({
    account: config.account,
    owners: config.anthropic.owners,
    delta: temporality === 'delta',
    cumulative: temporality !== 'delta' || scrape,
    tells: { pushed: pushes && temporality !== 'delta', scraped: scrape },
    firstZeros: options.firstZeros ?? true,
    clock,
    ...(options.state && { state: options.state }),
    saveMs: config.export.timeoutMs / 4,
    onError: (error) => logger.error({ err: error }, 'a report could not be added to the totals'),
    onRegrouped: (source) => logger.warn({ source }, `${source} is told apart by something else than what STATE_DIR knows: its totals begin anew${temporality === 'delta' ? ', and what was used since the last push is in no growth' : ''}`),
    onSaved: (problem) => states.saved(problem, temporality === 'delta'),
  });
  const deltas = temporality === 'cumulative' ? undefined : new DeltaStage();

  // What is given to onRequest, onRead, onOutcome and onCollected is counted by instruments that are made further down,
  // from the provider, from the reader; none of it is called before this function has returned.
  const traces = options.traces?.(() => resource, (outcome) => counters.spans(outcome));
  const spans = traces ?? noSpans;
  const cycle = new CycleSpans(spans);
  const open = openPollers(config, {
    clock,
    spans,
    random,
    deadlineMs: options.readDeadlineMs,
    ...options.transports,
    onRequest: (source, status) => counters.request(source, status),
    onRead(result) {
      counters.read(result);
      if (result.reading !== undefined) totals?.take(result.reading);
      if (logStates || result.outcome === 'internal') states.source(result.source, result.failures, result.reading?.notices ?? []);
      options.onRead?.(result);
    },
  });
  const { pollers } = open;
  const backends = metricsSenders(config.export, options, spans);
  const exporter = new DeliveringExporter({
    senders: backends,
    // Ends before the reader's own timeout, which would go on without knowing the outcome.
    deadlineMs: config.export.timeoutMs * 0.95,
    attemptMs: config.export.otlp?.timeoutMs ?? config.export.timeoutMs,
    random,
    spans,
    cycle,
    async prepare(metrics) {
      const kept = totals === undefined ? metrics : await totals.beforeExport(metrics);
      return deltas === undefined ? kept : deltas.cut(kept);
    },
    onProduced: (points) => counters.produced(points),
    onOutcome(outcome, requests) {
      if (logStates) states.export(outcome);
      counters.delivered(outcome);
      deltas?.settle(requests);
      void totals?.delivered(requests);
      watch?.delivered(isDelivered(outcome), outcome);
    },
  });
  let collected: { readonly metrics: ResourceMetrics; readonly acknowledge: () => void } | undefined;
  const waitMs = Math.min(longestWaitMs, config.export.timeoutMs / 2);
  const reads = new Reads(pollers);
  const refresh = (poller: Poller): Promise<void> => unlessStopped(stopping.signal, () => reads.of(poller, waitMs));
  const resource = metricsResource(pollers.map(({ source }) => `${source.id}/${source.account}`));
  const reader = new CycleReader({
    exporter,
    cycle,
    producers: totals === undefined ? [] : [totals.producer(pollers, resource, refresh)],
    intervalMs: config.export.intervalMs,
    timeoutMs: config.export.timeoutMs,
    onCollected(durationMs, metrics) {
      counters.collected(durationMs);
      // A large organization's cycle is tens of megabytes: it is kept for scrapers alone.
      collected = scrape && metrics !== undefined ? (totals?.scrape(metrics) ?? { metrics, acknowledge: () => undefined }) : undefined;
      watch?.collected(metrics, durationMs, collected?.metrics);
    },
    onError: (error) => logger.error({ err: error }, 'the metrics could not be collected'),
  });
  const provider = new MeterProvider({ resource, readers: [reader] });
  const meter = provider.getMeter('claude-usage-metrics');
  const instruments = createInstruments(meter);
  const counters = new AgentCounters(instruments, pollers.map(({ source }) => source), traces?.sendsSpans === true);

  for (const poller of pollers) {
    observeSource(meter, instruments, poller, {
      clock,
      refresh: () => refresh(poller),
      onError: (error) => logger.error({ err: error }, 'a source could not be observed'),
    });
  }
  const buildInfo = instruments.gauge('claude_usage_metrics.build.info');
  buildInfo.addCallback((result) => result.observe(1, attributeSet({ version })));

  let limitMs = Number.POSITIVE_INFINITY;
  let limitedAtMs = 0;
  /** What the first push had to do without is pushed as soon as it is there, if that is before the next cycle. */
  const pushLateOnes = async (untilMs: number): Promise<void> => {
    while ((await reads.late()) && !stopping.signal.aborted && performance.now() < untilMs) await push();
  };
  const readSources = async (): Promise<void> => {
    await cycle.reading(() => Promise.all(pollers.map((poller) => poller.refresh())));
  };
  const push = async (): Promise<ExportOutcome | undefined> => {
    await reader.forceFlush();
    return exporter.last;
  };
  const end = async (): Promise<void> => {
    stopping.abort();
    await provider.shutdown();
    open.close();
    await within(totals?.close() ?? Promise.resolve(), longestSaveMs);
    cycle.end();
    // Last of all, as metrics wait for no trace; a moment is left for them in any case.
    await traces?.close(Math.min(longestFlushMs, Math.max(limitMs / 50, limitedAtMs + limitMs - performance.now())));
  };
  return {
    pollers,
    get growthWaits() {
      return totals?.growthWaits === true;
    },
    readSources,
    push,
    async start() {
      await cycle.reading(() => reads.settled());
      if (stopping.signal.aborted) return;
      reader.begin();
      const nextMs = performance.now() + config.export.intervalMs;
      await push();
      await pushLateOnes(nextMs);
    },
    scraped(metrics) {
      if (collected?.metrics === metrics) collected.acknowledge();
    },
    limitDelivery(leftMs) {
      exporter.endWithin(leftMs);
      limitMs = leftMs;
      limitedAtMs = performance.now();
    },
    async stop() {
      totals?.ending();
      await end();
      return exporter.last;
    },
    async close() {
      reader.discard();
      exporter.endWithin(0);
      await end();
    },
  };
}

/** Ends with the work, or at once when the agent stops; then no work is begun. */
async function unlessStopped(stop: AbortSignal, work: () => Promise<void>): Promise<void> {
  if (stop.aborted) return;
  let onStop = (): void => undefined;
  const stopped = new Promise<void>((resolve) => {
    onStop = resolve;
    stop.addEventListener('abort', onStop, { once: true });
  });
  await Promise.race([work(), stopped]);
  // Else the signal would keep every wait of the process's life.
  stop.removeEventListener('abort', onStop);
}

/**
 * Brings the standard's variables, and gRPC's proxy, to where the SDK's exporters and resource detector read them, the process environment,
 * from files and flags too; and the SDK's own messages into the log.
 */
export function prepareSdk(config: Config, logger: Logger): void {
  Object.assign(process.env, config.proxies.variables, config.otelVariables);
  logSdkMessages(logger, config.otelVariables['OTEL_LOG_LEVEL']);
}
