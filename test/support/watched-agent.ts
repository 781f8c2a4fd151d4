import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAgentServer } from '../../src/agent-server.ts';
import { openTraces } from '../../src/agent-traces.ts';
import { serverWatch } from '../../src/commands/server-watch.ts';
import { loadConfig } from '../../src/config/config.ts';
import { Cycles } from '../../src/server/cycles.ts';
import { StatusPage } from '../../src/server/page/status-page.ts';
import { openTotalsState } from '../../src/state/totals-state.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { ManualClock, type TestAgent, agentOf, emptyEnvFile } from './agent.ts';
import { serverAnswers } from './ask.ts';
import { otlpTracesHeaders } from './canaries.ts';
import { startRecordingServer } from './recording-server.ts';
import { type Exits, contentOf } from './secret-scan.ts';

/** An agent as `run` puts it together: with traces, a state, and the server with all of its pages; everything logged. */
export interface WatchedAgent extends TestAgent {
  /** Asks for every page of its server. */
  askAll(): Promise<void>;
  /** The end, and what it wrote of itself until then. */
  close(): Promise<void>;
}

/** @param exits gets all that leaves the agent, but for the metrics that it pushes. */
export async function startWatchedAgent(settings: Readonly<Record<string, string>>, readDeadlineMs: number, exits: Exits): Promise<WatchedAgent> {
  const folder = mkdtempSync(join(tmpdir(), 'watched-'));
  const traceReceiver = await startRecordingServer((_request, _before, response) => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end());
  const environment = {
    ...settings,
    HTTP_ADDRESS: '127.0.0.1:0',
    OTEL_METRICS_EXPORTER: 'otlp,prometheus',
    OTEL_LOG_LEVEL: 'all',
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${traceReceiver.url}/v1/traces`,
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf',
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: otlpTracesHeaders,
  };
  const config = loadConfig({ environment, envFile: emptyEnvFile, flags: {} });
  const logger = createLogger('debug', { write: (line: string) => exits.add('log', line) });
  const clock = new ManualClock();
  const { intervalMs, timeoutMs } = config.export;
  const cycles = new Cycles({ clock, intervalMs, timeoutMs, readDeadlineMs, pushes: true });
  const onError = (error: unknown): void => logger.error({ err: error }, 'a page failed');
  const page = new StatusPage({ cycles, clock, pushes: true, sources: () => agent.pollers, onError });
  const write = (text: string): void => exits.add('spans', text);
  const { traces } = config;
  const agent: TestAgent = agentOf(environment, {
    clock,
    readDeadlineMs,
    state: await openTotalsState(folder, config.account),
    ...(traces && { traces: (resource) => openTraces(traces, resource, { logger, write }) }),
    watch: serverWatch(cycles, page),
  });
  const server = await startAgentServer({ http: config.http, compatibility: undefined, cycles, page, sources: agent.pollers, onScraped: () => undefined, logger });
  if (server === undefined) throw new Error('there is no server');
  return {
    ...agent,
    async askAll() {
      exits.add('pages', await serverAnswers(server.url));
    },
    async close() {
      exits.add('state', contentOf(folder));
      await agent.close();
      await server.stop();
      exits.add('log', agent.log);
      exits.add('spans', traceReceiver.requests.map(({ path, body }) => [path, body]));
      await traceReceiver.stop();
      rmSync(folder, { recursive: true });
    },
  };
}
