import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { ConfigError } from './config/config-error.ts';
import type { CompatibilityConfig, HttpConfig } from './config/config.ts';
import { systemClock } from './model/clock.ts';
import { compatibleFamilies } from './server/compatibility.ts';
import type { CycleSnapshot, Cycles } from './server/cycles.ts';
import type { Family } from './server/families.ts';
import { type SourceState, disabledHealthRoutes, healthRoutes } from './server/health.ts';
import { metricsRoute } from './server/metrics.ts';
import type { StatusPage } from './server/page/status-page.ts';
import { type Route, sendText } from './server/route.ts';
import { type HttpServer, startServer } from './server/server.ts';
import type { Logger } from './telemetry/log.ts';

/** What the agent's server is made of. */
export interface AgentServerOptions {
  /** Absent: there is no server. */
  readonly http: HttpConfig | undefined;
  /** Absent: no names beside the agent's own. */
  readonly compatibility: CompatibilityConfig | undefined;
  readonly cycles: Cycles;
  readonly sources: readonly SourceState[];
  /** Absent: there is no status page. */
  readonly page: StatusPage | undefined;
  /** Told of what a scraper has got, whole. */
  readonly onScraped: (metrics: ResourceMetrics) => void;
  readonly logger: Logger;
}

/**
 * Starts the one server of `run`, and says where it listens.
 * @returns undefined where it is off, or could not be started and nobody needs it: that is said in a warning.
 * @throws {ConfigError} when it could not be started, and `/metrics` was asked for.
 */
export function startAgentServer(options: AgentServerOptions): Promise<HttpServer | undefined> {
  return listen(options.http, routesOf(options), options.logger, options.page !== undefined);
}

/** As {@link startAgentServer}, for an agent that was told to do nothing: its probes go on, and nothing else is there. */
export function startDisabledServer(http: HttpConfig | undefined, logger: Logger): Promise<HttpServer | undefined> {
  return listen(http, disabledHealthRoutes, logger);
}

async function listen(http: HttpConfig | undefined, routes: readonly Route[], logger: Logger, page = false): Promise<HttpServer | undefined> {
  if (http === undefined) return undefined;
  const { host, port, loopback, scrape, setting } = http;
  const onError = (error: unknown): void => logger.error({ err: error }, 'an HTTP request could not be answered');
  try {
    const server = await startServer({ host, port, loopback, routes, onError });
    const line = { http: server.url, ...(page && { statusPage: `${server.url}/` }), ...(scrape && { metrics: `${server.url}/metrics` }) };
    if (loopback) logger.info(line, 'listening');
    else logger.warn(line, 'listening beyond this machine: whoever reaches it can see the state of sources, metrics if they are scraped, and the status page if it is on');
    return server;
  } catch (error) {
    const problem = `${setting}: cannot listen on ${host} port ${port}: ${causeOf(error)}`;
    if (scrape) throw new ConfigError([`${problem}; ${adviceFor(http, error)}`]);
    logger.warn(`${problem}; there is no status page and no health to ask for. Choose another address, or ${setting === 'HTTP_ADDRESS' ? 'none' : 'HTTP_ADDRESS=none'}`);
    return undefined;
  }
}

/** What to do where `/metrics` was asked for. */
function adviceFor({ setting, compatible }: HttpConfig, error: unknown): string {
  // On its port the exporter itself listens, most likely.
  if (setting === 'PROMETHEUS_PORT') return `${codeOf(error) === 'EADDRINUSE' ? 'stop the exporter, or ' : ''}choose another PROMETHEUS_PORT`;
  return `choose another address${compatible ? '' : ', or leave prometheus out of OTEL_METRICS_EXPORTER'}`;
}

function routesOf({ http, compatibility, cycles, page, sources, onScraped }: AgentServerOptions): Route[] {
  const more = compatibility && ((families: readonly Family[], { durationMs }: CycleSnapshot): Family[] =>
    compatibleFamilies(families, { ...compatibility, sources, cycleMs: durationMs }));
  const scrape = http?.scrape === true ? metricsRoute({ cycles, onScraped: ({ metrics }) => onScraped(metrics), ...(more && { more }) }) : notScraped;
  return [...(page?.routes() ?? []), scrape, ...healthRoutes({ cycles, sources, clock: systemClock })];
}

/** Whoever looks for metrics where there are none is told how to have them. */
const notScraped: Route = {
  path: '/metrics',
  handle: (_request, response) => sendText(response, 404, 'Metrics are not scraped here; set OTEL_METRICS_EXPORTER=otlp,prometheus.'),
};

const causes: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use',
  EACCES: 'the system allows that port to no ordinary user',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name cannot be looked up now',
};

function causeOf(error: unknown): string {
  const code = codeOf(error);
  return causes[code] ?? code;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
