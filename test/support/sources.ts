import { type CookieAnswer, startCookiejar } from '../../src/demo/cookiejar.ts';
import type { HttpAnswer } from '../../src/demo/http-server.ts';
import type { SourceId } from '../../src/model/reading.ts';
import { systemClock } from '../../src/model/clock.ts';
import { type World, startWorld } from './agent.ts';
import { openRouterKey, otlpHeaders, otlpMetricsHeaders, setCookies } from './canaries.ts';
import { startOrganization } from './organization.ts';

/** Everything that the agent can read, well, with a switch for each source. */
export interface SourcesWorld extends Pick<World, 'pushes' | 'settings'> {
  /** What the upstreams of these sources do in place of a good answer. */
  fault: { readonly sources: readonly SourceId[]; readonly answer: HttpAnswer } | undefined;
  cookies: CookieAnswer;
  /** The cookies that the service hands out. */
  readonly goodCookies: CookieAnswer;
  stop(): Promise<void>;
}

/** Where a source of the Admin API alone asks, below `/v1/organizations/`. */
const adminPaths: Partial<Record<SourceId, RegExp>> = {
  'anthropic-usage': /^usage_report\/messages$/,
  'anthropic-cost': /^cost_report$/,
  'anthropic-analytics': /^analytics\//,
  'anthropic-claude-code': /^usage_report\/claude_code$/,
  'anthropic-names': /^api_keys$/,
  'anthropic-limits': /^(rate_limits|me)$/,
};

const goodCookies: CookieAnswer = { kind: 'cookies', text: setCookies };

/** Starts the upstreams, a cookie service and a receiver. Every credential is a canary. */
export async function startSources(): Promise<SourcesWorld> {
  const [base, organization, cookiejar] = await Promise.all([startWorld(), startOrganization(systemClock), startCookiejar(() => world.cookies)]);
  const { claude: goodClaude, openRouter: goodOpenRouter } = base;
  const settings = Object.fromEntries(Object.entries(base.settings).filter(([name]) => name !== 'CLAUDE_SESSION_KEY'));
  let fault: SourcesWorld['fault'];
  organization.organization.use({ atMs: Date.now() - 60_000, apiKeyId: 'apikey_1', workspaceId: 'wrkspc_1', output: 7, microCents: 10_000_000n });
  organization.fault = (path) => (fault?.sources.some((source) => adminPaths[source]?.test(path)) === true ? fault.answer : undefined);
  const world: SourcesWorld = {
    pushes: base.pushes,
    settings: {
      ...settings,
      ...organization.settings,
      COOKIEJAR_URL: `http://127.0.0.1:${cookiejar.port}`,
      OPENROUTER_API_KEY: openRouterKey.value,
      OTEL_EXPORTER_OTLP_HEADERS: otlpHeaders,
      OTEL_EXPORTER_OTLP_METRICS_HEADERS: otlpMetricsHeaders,
    },
    cookies: goodCookies,
    goodCookies,
    get fault() {
      return fault;
    },
    set fault(next) {
      fault = next;
      const of = (source: SourceId): HttpAnswer | undefined => (next?.sources.includes(source) === true ? next.answer : undefined);
      const openRouter = of('openrouter');
      base.claude = of('claude-ai') ?? goodClaude;
      base.openRouter = openRouter === undefined ? goodOpenRouter : { '/key': openRouter, '/credits': openRouter };
    },
    async stop() {
      cookiejar.stop();
      await Promise.all([base.stop(), organization.stop()]);
    },
  };
  return world;
}
