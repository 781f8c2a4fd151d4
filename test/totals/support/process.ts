import type { DataPoint, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { fileURLToPath } from 'node:url';
import { openPollers } from '../../../src/agent-sources.ts';
import { AgentTotals } from '../../../src/agent-totals.ts';
import { loadConfig } from '../../../src/config/config.ts';
import type { RequestResult } from '../../../src/export/outcome.ts';
import type { HttpGet } from '../../../src/http/client.ts';
import type { TotalsProducer } from '../../../src/metrics/totals.ts';
import type { Clock } from '../../../src/model/clock.ts';
import type { Report } from '../../../src/model/report.ts';
import type { Poller, ReadResult } from '../../../src/sources/poller.ts';
import { type TotalsState, openTotalsState } from '../../../src/state/totals-state.ts';
import type { MemoryDisk } from '../../state/memory-disk.ts';
import { adminKey } from './admin-api.ts';

const emptyEnvFile = fileURLToPath(new URL('../../support/empty.env', import.meta.url));

/** What one process starts with. */
export interface ProcessOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly transport: HttpGet;
  readonly delta: boolean;
  readonly scrapes: boolean;
  /** Absent: nothing is kept. */
  readonly disk?: MemoryDisk;
  /** A report was read whole; before {@link onRead}. */
  readonly onReport: (report: Report) => void;
  readonly onRead: (result: ReadResult) => void;
  /** What was exported so far is on the disk. */
  readonly onSaved: () => void;
}

/** One life of the agent: the sources of an organization, the totals, and the state; only the export is played by the test. */
export class SimulatedProcess {
  readonly #options: ProcessOptions;
  readonly #totals: AgentTotals;
  readonly #producer: TotalsProducer;
  readonly #pollers: readonly Poller[];
  readonly #state: TotalsState | undefined;
  readonly errors: unknown[] = [];

  static async start(options: ProcessOptions): Promise<SimulatedProcess> {
    const state = options.disk && (await openTotalsState('/state', 'default', options.disk));
    return new SimulatedProcess(options, state);
  }

  private constructor(options: ProcessOptions, state: TotalsState | undefined) {
    this.#options = options;
    this.#state = state;
    const { clock, random, transport, delta, scrapes, onReport, onRead, onSaved } = options;
    const config = loadConfig({
      environment: { ANTHROPIC_ADMIN_API_KEY: adminKey, ANTHROPIC_ADMIN_BASE_URL: 'http://127.0.0.1:1' },
      envFile: emptyEnvFile,
      flags: {},
    });
    this.#totals = new AgentTotals({
      account: 'default',
      owners: true,
      delta,
      cumulative: !delta,
      tells: { pushed: !delta, scraped: scrapes },
      firstZeros: true,
      saveMs: 60_000,
      clock,
      ...(state && { state: { ...state, save: (totals) => state.save(totals).then(onSaved) } }),
      onRegrouped: () => undefined,
      onError: (error) => this.errors.push(error),
      onSaved: (problem) => problem !== undefined && this.errors.push(new Error(problem)),
    });
    const open = openPollers(config, {
      clock,
      random,
      deadlineMs: 20_000,
      connect: () => transport,
      onRead: (result) => {
        if (result.outcome === 'internal') this.errors.push(...result.failures);
        if (result.reading?.report !== undefined) onReport(result.reading.report);
        onRead(result);
        if (result.reading !== undefined) this.#totals.take(result.reading);
      },
    });
    this.#pollers = open.pollers;
    this.#producer = this.#totals.producer(this.#pollers, resourceFromAttributes({}), (poller) => poller.refresh());
  }

  /** Reads what is due and collects. */
  async collect(): Promise<ResourceMetrics> {
    const { resourceMetrics, errors } = await this.#producer.collect();
    this.errors.push(...errors);
    return resourceMetrics;
  }

  /** A collection as it is scraped, and what tells that it was. */
  scrape(collected: ResourceMetrics): ReturnType<AgentTotals['scrape']> {
    return this.#totals.scrape(collected);
  }

  /** What is sent of a collection; it has been kept. */
  prepare(collected: ResourceMetrics): Promise<ResourceMetrics> {
    return this.#totals.beforeExport(collected);
  }

  delivered(results: readonly RequestResult[]): Promise<void> {
    return this.#totals.delivered(results);
  }

  /** An orderly end. */
  async stop(): Promise<void> {
    await this.#totals.close();
  }

  /** The disk as the next process finds it after this one was killed; the lock of one that is gone is taken over at once. */
  async kill(): Promise<MemoryDisk | undefined> {
    const found = this.#options.disk?.afterPowerCut();
    found?.files.delete('/state/lock');
    await this.#state?.release();
    return found;
  }
}

/** Cuts what is sent into so many requests, point by point. */
export function requestsOf(metrics: ResourceMetrics, count: number): ResourceMetrics[] {
  return Array.from({ length: count }, (_, request) => {
    let index = 0;
    const mine = <P extends DataPoint<unknown>>(points: P[]): P[] => points.filter(() => index++ % count === request);
    const scopeMetrics = metrics.scopeMetrics.map(({ scope, metrics: all }) => ({
      scope,
      metrics: all.map((metric) => ({ ...metric, dataPoints: mine(metric.dataPoints as DataPoint<unknown>[]) }) as typeof metric),
    }));
    return { resource: metrics.resource, scopeMetrics };
  });
}
