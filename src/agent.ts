import { MeterProvider } from '@opentelemetry/sdk-metrics';
import type { ClaudeAiConfig, Config, CookieOrigin, ExportConfig } from './config/config.ts';
import { consoleSender } from './export/console.ts';
import type { Sender } from './export/attempt.ts';
import { DeliveringExporter } from './export/exporter.ts';
import { grpcSender } from './export/otlp-grpc.ts';
import { httpSender } from './export/otlp-http.ts';
import type { ExportOutcome } from './export/outcome.ts';
import { CycleReader } from './export/reader.ts';
import { HttpClient } from './http/client.ts';
import { observeSource } from './metrics/gauges.ts';
import { type Instruments, createInstruments } from './metrics/instruments.ts';
import { metricsResource } from './metrics/resource.ts';
import { attributeSet } from './model/attributes.ts';
import { type Clock, systemClock } from './model/clock.ts';
import { reasons } from './model/reasons.ts';
import type { Source, SourceId } from './model/reading.ts';
import { ClaudeAiClient } from './sources/claude-ai/client.ts';
import { claudeAiSource } from './sources/claude-ai/index.ts';
import { cookiejar } from './sources/cookies/cookiejar.ts';
import { type CookieProvider, fixedCookies, fixedSession } from './sources/cookies/provider.ts';
import { OpenRouterClient } from './sources/openrouter/client.ts';
import { openRouterSource } from './sources/openrouter/index.ts';
import { Poller, type ReadResult } from './sources/poller.ts';
import type { Logger } from './telemetry/log.ts';
import { logSdkMessages } from './telemetry/sdk-messages.ts';
import { StateLog } from './telemetry/state-log.ts';
import { version } from './version.ts';

/** Longest a collection waits for a read. */
const longestWaitMs = 10_000;

/** What the agent needs beside its settings; injected, so that tests decide. */
export interface AgentOptions {
  readonly logger: Logger;
  /** Longest time one read of a source may take. */
  readonly readDeadlineMs: number;
  /** Where the console exporter writes. */
  readonly write: (text: string) => void;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/** The running agent. */
export interface Agent {
  readonly pollers: readonly Poller[];
  /** Reads every source that is due, all at once; ends with the slowest, or its deadline. */
  readSources(): Promise<void>;
  /** Collects and delivers once; undefined when there was nothing to deliver to. */
  push(): Promise<ExportOutcome | undefined>;
  /** Ends deliveries within this time from now, whatever the settings say. */
  limitDelivery(leftMs: number): void;
  /** One last push, then the end. */
  stop(): Promise<ExportOutcome | undefined>;
  /** The end without another push. */
  close(): Promise<void>;
}

/** Puts the agent together. It reads and pushes at its interval from now on; the first cycle is the caller's. */
export function createAgent(config: Config, options: AgentOptions): Agent {
  // The SDK's exporters and resource detector read the process environment; files and flags must reach them there.
  Object.assign(process.env, config.otelVariables);
  logSdkMessages(options.logger, config.otelVariables['OTEL_LOG_LEVEL']);
  const random = options.random ?? Math.random;
  const states = new StateLog(options.logger);
  const late: { instruments?: Instruments } = {};

  const exporter = new DeliveringExporter({
    senders: senders(config.export, options.write),
    // Ends before the reader's own timeout, which would go on without knowing the outcome.
    deadlineMs: config.export.timeoutMs * 0.95,
    attemptMs: config.export.otlp?.timeoutMs ?? config.export.timeoutMs,
    random,
    onOutcome(outcome) {
      states.export(outcome);
      if (late.instruments !== undefined) countExport(late.instruments, outcome);
    },
  });
  const reader = new CycleReader({
    exporter,
    intervalMs: config.export.intervalMs,
    timeoutMs: config.export.timeoutMs,
    onCollected: (ms) => late.instruments?.histogram('claude_usage_metrics.collect.duration').record(ms / 1000),
  });
  const jars = new Set<CookieProvider>();
  const sources = createSources(config, jars, (id, account, status) => {
    const code = status === undefined ? {} : { 'http.response.status_code': String(status) };
    late.instruments
      ?.counter('claude_usage_metrics.source.requests')
      .add(1, attributeSet({ account, source: id, ...code }));
  });
  const provider = new MeterProvider({
    resource: metricsResource(sources.map(({ id, account }) => `${id}/${account}`)),
    readers: [reader],
  });
  const meter = provider.getMeter('claude-usage-metrics');
  const instruments = createInstruments(meter);
  late.instruments = instruments;

  const pollers = sources.map((source) => {
    startCounters(instruments, source);
    return new Poller({
      source,
      clock: options.clock ?? systemClock,
      random,
      deadlineMs: options.readDeadlineMs,
      onRead(result) {
        countRead(instruments, result);
        states.source(source, result.failures, result.reading?.notices ?? []);
      },
    });
  });
  const waitMs = Math.min(longestWaitMs, config.export.timeoutMs / 2);
  for (const poller of pollers) {
    observeSource(meter, instruments, poller, {
      clock: options.clock ?? systemClock,
      waitMs,
      onError: (error) => options.logger.error({ err: error }, 'a source could not be observed'),
    });
  }
  const buildInfo = instruments.gauge('claude_usage_metrics.build.info');
  buildInfo.addCallback((result) => result.observe(1, attributeSet({ version })));

  const close = async (): Promise<void> => {
    for (const jar of jars) jar.close();
    await exporter.shutdown();
  };
  return {
    pollers,
    async readSources() {
      await Promise.all(pollers.map((poller) => poller.refresh()));
    },
    async push() {
      await reader.forceFlush();
      return exporter.last;
    },
    limitDelivery: (leftMs) => exporter.endWithin(leftMs),
    async stop() {
      await provider.shutdown();
      await close();
      return exporter.last;
    },
    close,
  };
}

function senders(config: ExportConfig, write: (text: string) => void): Sender[] {
  const chosen: Sender[] = [];
  if (config.otlp !== undefined) chosen.push(otlpSender(config.otlp));
  if (config.console) chosen.push(consoleSender(write));
  return chosen;
}

/** The sender of an OTLP target. */
export function otlpSender({ protocol, url, timeoutMs }: NonNullable<ExportConfig['otlp']>): Sender {
  return protocol === 'grpc' ? grpcSender(url, timeoutMs) : httpSender(url, timeoutMs);
}

type ObserveRequest = (id: SourceId, account: string, status: number | undefined) => void;

function createSources(config: Config, jars: Set<CookieProvider>, onRequest: ObserveRequest): Source[] {
  const { account } = config;
  const userAgent = `claude-usage-metrics/${version}`;
  const sources: Source[] = [];
  if (config.claudeAi !== undefined) {
    const observe = (status: number | undefined): void => onRequest('claude-ai', account, status);
    const http = new HttpClient({ userAgent: config.claudeAi.userAgent ?? userAgent, observe });
    sources.push(claudeAi(config.claudeAi, account, http, jars));
  }
  if (config.openRouter !== undefined) {
    const { apiKey, baseUrl, intervalMs } = config.openRouter;
    const observe = (status: number | undefined): void => onRequest('openrouter', account, status);
    const client = new OpenRouterClient(new HttpClient({ userAgent, observe }), baseUrl, apiKey);
    sources.push(openRouterSource({ account, intervalMs, client }));
  }
  return sources;
}

function claudeAi(config: ClaudeAiConfig, account: string, http: HttpClient, jars: Set<CookieProvider>): Source {
  const cookies = cookieProvider(config.cookies);
  jars.add(cookies);
  return claudeAiSource({
    account,
    intervalMs: config.intervalMs,
    client: new ClaudeAiClient(http, config.baseUrl),
    cookies,
    cookieNames: config.cookieNames,
    ...(config.organizationId !== undefined && { organizationId: config.organizationId }),
  });
}

function cookieProvider(origin: CookieOrigin): CookieProvider {
  switch (origin.kind) {
    case 'cookiejar':
      return cookiejar(origin);
    case 'session':
      return fixedSession(origin.secret);
    case 'cookie':
      return fixedCookies(origin.secret);
  }
}

/** Counters begin at zero, so that a backend that sees rises only sees the first one too. */
function startCounters(instruments: Instruments, { id, account }: Source): void {
  const reads = instruments.counter('claude_usage_metrics.source.reads');
  for (const outcome of ['success', ...reasons]) reads.add(0, attributeSet({ account, source: id, outcome }));
  const points = instruments.counter('claude_usage_metrics.export.points');
  for (const outcome of ['acknowledged', 'rejected', 'lost']) points.add(0, attributeSet({ outcome }));
}

function countRead(instruments: Instruments, { source, outcome, durationMs }: ReadResult): void {
  const own = { account: source.account, source: source.id };
  instruments.counter('claude_usage_metrics.source.reads').add(1, attributeSet({ ...own, outcome }));
  instruments.histogram('claude_usage_metrics.source.duration').record(durationMs / 1000, attributeSet(own));
}

function countExport(instruments: Instruments, outcome: ExportOutcome): void {
  const points = instruments.counter('claude_usage_metrics.export.points');
  for (const kind of ['acknowledged', 'rejected', 'lost'] as const) {
    if (outcome[kind] > 0) points.add(outcome[kind], attributeSet({ outcome: kind }));
  }
}
