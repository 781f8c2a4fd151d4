import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { fileURLToPath } from 'node:url';
import { type Agent, type AgentOptions, createAgent } from '../../../src/agent.ts';
import type { Transports } from '../../../src/agent-sources.ts';
import { loadConfig } from '../../../src/config/config.ts';
import type { ReportId } from '../../../src/model/report.ts';
import type { SentTotals } from '../../../src/model/sent-totals.ts';
import type { ExportOutcome } from '../../../src/export/outcome.ts';
import type { ReadResult } from '../../../src/sources/poller.ts';
import { type TotalsState, openTotalsState } from '../../../src/state/totals-state.ts';
import type { FileSystem } from '../../../src/state/file-system.ts';
import { createLogger } from '../../../src/telemetry/log.ts';
import { adminKey } from '../../totals/support/admin-api.ts';
import type { MemoryCollector } from './collector.ts';
import { openRouterKey } from '../../support/canaries.ts';
import type { SecretSearch } from './secrets.ts';
import { adminUrl, claudeUrl, openRouterUrl } from './upstreams.ts';

const emptyEnvFile = fileURLToPath(new URL('../../support/empty.env', import.meta.url));

/** What one process starts with. */
export interface LifeOptions {
  readonly intervalMs: number;
  /** Beside those that lead to the upstreams. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly random: () => number;
  readonly transports: Transports;
  readonly collector: MemoryCollector;
  /** Absent: nothing is kept. */
  readonly disk?: FileSystem;
  /** A collection, and when it began. */
  readonly onCollected: (metrics: ResourceMetrics | undefined, beganMs: number) => void;
  readonly onDelivered: (outcome: ExportOutcome) => void;
  readonly onRead: (result: ReadResult) => void;
  /** The state is being written. @returns what is called when it is on the disk. */
  readonly onSave: (totals: SentTotals) => () => void;
  readonly onLog: (line: Readonly<Record<string, unknown>>) => void;
  /** Is given all that leaves the agent; it has traces then. */
  readonly search?: SecretSearch;
}

/** One process of the whole agent, between upstreams, collector and disk in memory. */
export interface Life {
  readonly agent: Agent;
  /** Whether it knows what was exported before it. */
  readonly knows: boolean;
  /** Reports whose growth it goes on with. */
  readonly goesOn: ReadonlySet<ReportId>;
}

export async function beginLife(options: LifeOptions): Promise<Life> {
  const { search } = options;
  const state = options.disk && (await openTotalsState('/state', 'default', search?.ofDisk(options.disk) ?? options.disk));
  const config = loadConfig({
    environment: {
      COOKIEJAR_URL: 'http://127.0.0.1:2',
      CLAUDE_AI_BASE_URL: claudeUrl,
      OPENROUTER_API_KEY: openRouterKey.value,
      OPENROUTER_ACCOUNT_BASE_URL: openRouterUrl,
      ANTHROPIC_ADMIN_API_KEY: adminKey,
      ANTHROPIC_ADMIN_BASE_URL: adminUrl,
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:3',
      OTEL_METRIC_EXPORT_INTERVAL: String(options.intervalMs),
      ...options.settings,
    },
    envFile: emptyEnvFile,
    flags: {},
  });
  const restored = state?.takeRestored();
  const write = (line: string): void => options.onLog(JSON.parse(line) as Record<string, unknown>);
  const own: AgentOptions = {
    logger: createLogger('debug', { write: search?.ofLines(write) ?? write }),
    readDeadlineMs: 20_000,
    write: () => undefined,
    random: options.random,
    transports: options.transports,
    openSender: ({ url }) => options.collector.sender(url),
    onRead: options.onRead,
    watch: {
      collected: (metrics, durationMs) => options.onCollected(metrics, performance.now() - durationMs),
      delivered: (_acknowledged, outcome) => options.onDelivered(outcome),
    },
    ...(state && { state: watched({ ...state, takeRestored: () => restored }, options.onSave) }),
  };
  const agent = createAgent(config, search?.ofAgent(own) ?? own);
  const goesOn = (restored?.reports ?? []).filter(({ cutting }) => cutting).map(({ report }) => report);
  return { agent, knows: restored !== undefined, goesOn: new Set(goesOn) };
}

function watched(state: TotalsState, onSave: LifeOptions['onSave']): TotalsState {
  return {
    ...state,
    async save(totals) {
      const saved = onSave(totals);
      await state.save(totals);
      saved();
    },
  };
}
