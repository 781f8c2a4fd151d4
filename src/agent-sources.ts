import type { AnthropicConfig, ClaudeAiConfig, Config, CookieOrigin } from './config/config.ts';
import { proxyFor } from './config/proxies.ts';
import { HttpClient, type HttpGet, type RequestObserver } from './http/client.ts';
import { Limiter } from './http/limiter.ts';
import type { Clock } from './model/clock.ts';
import type { Source, SourceId } from './model/reading.ts';
import { type Spans, noSpans } from './model/spans.ts';
import { AnthropicClient } from './sources/anthropic/client.ts';
import { anthropicAnalyticsSource } from './sources/anthropic/analytics.ts';
import { anthropicClaudeCodeSource } from './sources/anthropic/claude-code.ts';
import { anthropicCostSource, anthropicUsageSource } from './sources/anthropic/index.ts';
import { anthropicLimitsSource } from './sources/anthropic/limits.ts';
import { anthropicNamesSource } from './sources/anthropic/names.ts';
import { PageParser } from './sources/anthropic/page-parser.ts';
import { Workspaces } from './sources/anthropic/workspaces.ts';
import { ClaudeAiClient } from './sources/claude-ai/client.ts';
import { claudeAiSource } from './sources/claude-ai/index.ts';
import { cookiejar } from './sources/cookies/cookiejar.ts';
import { type CookieProvider, fixedCookies, fixedSession } from './sources/cookies/provider.ts';
import { OpenRouterClient } from './sources/openrouter/client.ts';
import { openRouterSource } from './sources/openrouter/index.ts';
import { Poller, type ReadResult } from './sources/poller.ts';
import { version } from './version.ts';

/** What sources speak over; injected by tests. */
export interface Transports {
  /** Makes the transport of one source; an {@link HttpClient} if absent. */
  readonly connect?: Connect;
  /** Makes what fetches cookies from a cookie service; {@link cookiejar} if absent. */
  readonly cookieService?: typeof cookiejar;
}

/** What pollers are opened with. */
export interface OpenOptions extends Transports {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Longest time one read of a source may take. */
  readonly deadlineMs: number;
  /** Called once for each request to a source’s upstream; without a status when no answer came. */
  readonly onRequest?: (source: SourceIdentity, status: number | undefined) => void;
  readonly onRead?: (result: ReadResult) => void;
  readonly spans?: Spans;
}

/** Makes a transport that tells its observer of each request. */
export type Connect = (options: { readonly userAgent: string; readonly observe: RequestObserver; readonly spans: Spans }) => HttpGet;

/** Requests a minute to an organization’s Admin API: no number is published for it; its Analytics endpoints allow as many. */
const adminRequestsPerMinute = 60;

/** What tells one source from another. */
export type SourceIdentity = Pick<Source, 'id' | 'account'>;

/** A poller for every configured source. */
export interface OpenPollers {
  readonly pollers: readonly Poller[];
  /** Lets go of the connections and of the worker. */
  close(): void;
}

/** Makes a poller for every configured source; nothing is read yet. */
export function openPollers(config: Config, options: OpenOptions): OpenPollers {
  const { account, claudeAi, anthropic, openRouter } = config;
  const { spans = noSpans } = options;
  const pages = new PageParser();
  const closed: { close(): void }[] = [pages];
  const sources: Source[] = [];
  const observer = (id: SourceId): RequestObserver => {
    return (status) => options.onRequest?.({ id, account }, status);
  };
  const userAgent = `claude-usage-metrics/${version}`;
  const connect: Connect = options.connect ?? ((own) => new HttpClient({ ...own, proxyFor: (url) => proxyFor(url, config.proxies) }));
  if (claudeAi !== undefined) {
    const http = connect({ userAgent: claudeAi.userAgent ?? userAgent, observe: observer('claude-ai'), spans });
    const cookies = cookieProvider(claudeAi.cookies, options.cookieService ?? cookiejar, spans);
    closed.push(cookies);
    sources.push(claudeAiOf(claudeAi, account, http, cookies));
  }
  if (anthropic !== undefined) {
    const limiter = new Limiter(adminRequestsPerMinute, options.clock);
    const http = (id: SourceId): HttpGet => connect({ userAgent, observe: observer(id), spans });
    sources.push(...anthropicSources(anthropic, account, { limiter, pages }, http, options.clock));
  }
  if (openRouter !== undefined) {
    const { apiKey, baseUrl, intervalMs } = openRouter;
    const http = connect({ userAgent, observe: observer('openrouter'), spans });
    sources.push(openRouterSource({ account, intervalMs, client: new OpenRouterClient(http, baseUrl, apiKey) }));
  }
  const { clock, random, deadlineMs, onRead } = options;
  return {
    pollers: sources.map((source) => new Poller({ source, clock, random, deadlineMs, spans, ...(onRead && { onRead }) })),
    close() {
      for (const one of closed) one.close();
    },
  };
}

function claudeAiOf(config: ClaudeAiConfig, account: string, http: HttpGet, cookies: CookieProvider): Source {
  return claudeAiSource({
    account,
    intervalMs: config.intervalMs,
    client: new ClaudeAiClient(http, config.baseUrl),
    cookies,
    cookieNames: config.cookieNames,
    ...(config.organizationId !== undefined && { organizationId: config.organizationId }),
  });
}

/** Each has a client of its own, so that its requests are counted as its own; they share the organization's limit and the worker. */
function anthropicSources(
  config: AnthropicConfig,
  account: string,
  shared: { readonly limiter: Limiter; readonly pages: PageParser },
  http: (id: SourceId) => HttpGet,
  clock: Clock,
): Source[] {
  const { adminKey, baseUrl, usageIntervalMs, costIntervalMs, slowIntervalMs, usageGroupBy, analyticsBeta, owners } = config;
  const client = (id: SourceId): AnthropicClient => new AnthropicClient({ http: http(id), baseUrl, adminKey, ...shared });
  const names = client('anthropic-names');
  const workspaces = new Workspaces(names, clock);
  const slow = { account, intervalMs: slowIntervalMs };
  return [
    anthropicUsageSource({ account, intervalMs: usageIntervalMs, client: client('anthropic-usage'), dimensions: usageGroupBy }),
    anthropicCostSource({ account, intervalMs: costIntervalMs, client: client('anthropic-cost') }),
    anthropicNamesSource({ ...slow, client: names, workspaces }),
    anthropicAnalyticsSource({ ...slow, client: client('anthropic-analytics'), workspaces, beta: analyticsBeta }),
    anthropicClaudeCodeSource({ ...slow, client: client('anthropic-claude-code'), owners }),
    anthropicLimitsSource({ ...slow, client: client('anthropic-limits') }),
  ];
}

function cookieProvider(origin: CookieOrigin, cookieService: typeof cookiejar, spans: Spans): CookieProvider {
  switch (origin.kind) {
    case 'cookiejar':
      return cookieService(origin, spans);
    case 'session':
      return fixedSession(origin.secret);
    case 'cookie':
      return fixedCookies(origin.secret);
  }
}
