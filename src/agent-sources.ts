import type { ClaudeAiConfig, Config, CookieOrigin } from './config/config.ts';
import { HttpClient, type RequestObserver } from './http/client.ts';
import type { Clock } from './model/clock.ts';
import type { Source, SourceId } from './model/reading.ts';
import { ClaudeAiClient } from './sources/claude-ai/client.ts';
import { claudeAiSource } from './sources/claude-ai/index.ts';
import { cookiejar } from './sources/cookies/cookiejar.ts';
import { type CookieProvider, fixedCookies, fixedSession } from './sources/cookies/provider.ts';
import { OpenRouterClient } from './sources/openrouter/client.ts';
import { openRouterSource } from './sources/openrouter/index.ts';
import { Poller, type ReadResult } from './sources/poller.ts';
import { version } from './version.ts';

/** What pollers are opened with. */
export interface OpenOptions {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Longest time one read of a source may take. */
  readonly deadlineMs: number;
  /** Called once for each request to a source’s upstream; without a status when no answer came. */
  readonly onRequest?: (source: SourceIdentity, status: number | undefined) => void;
  readonly onRead?: (result: ReadResult) => void;
}

/** What tells one source from another. */
export type SourceIdentity = Pick<Source, 'id' | 'account'>;

/** A poller for every configured source. */
export interface OpenPollers {
  readonly pollers: readonly Poller[];
  /** Lets go of the connections. */
  close(): void;
}

/** Makes a poller for every configured source; nothing is read yet. */
export function openPollers(config: Config, options: OpenOptions): OpenPollers {
  const { account, claudeAi, openRouter } = config;
  const jars: CookieProvider[] = [];
  const sources: Source[] = [];
  const observer = (id: SourceId): RequestObserver => {
    return (status) => options.onRequest?.({ id, account }, status);
  };
  const userAgent = `claude-usage-metrics/${version}`;
  if (claudeAi !== undefined) {
    const http = new HttpClient({ userAgent: claudeAi.userAgent ?? userAgent, observe: observer('claude-ai') });
    const cookies = cookieProvider(claudeAi.cookies);
    jars.push(cookies);
    sources.push(claudeAiOf(claudeAi, account, http, cookies));
  }
  if (openRouter !== undefined) {
    const { apiKey, baseUrl, intervalMs } = openRouter;
    const http = new HttpClient({ userAgent, observe: observer('openrouter') });
    sources.push(openRouterSource({ account, intervalMs, client: new OpenRouterClient(http, baseUrl, apiKey) }));
  }
  const { clock, random, deadlineMs, onRead } = options;
  return {
    pollers: sources.map((source) => new Poller({ source, clock, random, deadlineMs, ...(onRead && { onRead }) })),
    close() {
      for (const jar of jars) jar.close();
    },
  };
}

function claudeAiOf(config: ClaudeAiConfig, account: string, http: HttpClient, cookies: CookieProvider): Source {
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
