import { adminAnswer } from './anthropic/api.ts';
import type { LiveOrganization } from './anthropic/live.ts';
import { type SimulatedCookiejar, startCookiejar } from './cookiejar.ts';
import type { Fault } from './faults.ts';
import { type HttpAnswer, type PlainAnswer, type SeenRequest, type SimulatedUpstream, sendAnswer, startUpstream } from './http-server.ts';
import { type World, organizationId } from './world.ts';

/** The key that the simulated OpenRouter takes. */
export const demoApiKey = 'sk-or-v1-demo-key';

/** The key that the simulated Admin API takes. */
const demoAdminKey = 'sk-ant-admin01-demo-key';

/** Longer than a push of every two seconds waits for a read. */
const slowMs = 3_000;

/** Asked for by a simulated upstream that is asked too often. */
const retryAfterSeconds = 5;

/** The simulated upstreams of a {@link World}, on free ports of loopback. */
export interface Upstreams {
  readonly cookiejar: SimulatedCookiejar;
  readonly claudeAi: SimulatedUpstream;
  readonly openRouter: SimulatedUpstream;
  /** Settings that lead the agent to them. */
  readonly settings: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/**
 * Starts a cookie service, claude.ai and OpenRouter, and the Admin API of an organization where one is given. Like the
 * real ones they refuse a wrong credential.
 */
export async function startUpstreams(world: World, live?: LiveOrganization): Promise<Upstreams> {
  const adminApi = live && (await startUpstream((request) => withFault(world.fault('anthropic'), () => organizationAnswer(live, request))));
  const [cookiejar, claudeAi, openRouter] = await Promise.all([
    startCookiejar(() => ({ kind: 'cookies', text: world.cookies() })),
    startUpstream(({ path, headers }) => {
      const refused = !(headers.cookie ?? '').split('; ').includes(`sessionKey=${world.acceptedSession}`);
      if (refused) return sessionInvalid;
      return withFault(world.fault('claude-ai'), () => claudeAnswer(world, path));
    }),
    startUpstream(({ path, headers }) => {
      if (headers.authorization !== `Bearer ${demoApiKey}`) return { status: 401, body: openRouterError(401, 'User not found.') };
      return withFault(world.fault('openrouter'), () => openRouterAnswer(world, path));
    }),
  ]);
  return {
    cookiejar,
    claudeAi,
    openRouter,
    settings: {
      COOKIEJAR_URL: `http://127.0.0.1:${cookiejar.port}`,
      CLAUDE_AI_BASE_URL: claudeAi.url,
      OPENROUTER_ACCOUNT_BASE_URL: `${openRouter.url}/api/v1`,
      OPENROUTER_API_KEY: demoApiKey,
      ...(adminApi && { ANTHROPIC_ADMIN_BASE_URL: adminApi.url, ANTHROPIC_ADMIN_API_KEY: demoAdminKey }),
    },
    async stop() {
      cookiejar.stop();
      await Promise.all([claudeAi.stop(), openRouter.stop(), adminApi?.stop()]);
    },
  };
}

const sessionInvalid: PlainAnswer = {
  status: 403,
  body: {
    type: 'error',
    error: { type: 'permission_error', message: 'Invalid authorization', details: { error_code: 'account_session_invalid' } },
  },
};

const challengePage: PlainAnswer = {
  status: 403,
  headers: { 'content-type': 'text/html', 'cf-mitigated': 'challenge' },
  body: '<!DOCTYPE html><html><head><title>Just a moment...</title></head><body></body></html>',
};

const tooMany: PlainAnswer = {
  status: 429,
  headers: { 'retry-after': String(retryAfterSeconds) },
  body: { error: { code: 429, type: 'rate_limit_error', message: 'Rate limited. Please try again later.' } },
};

const failing: PlainAnswer = { status: 500, body: { error: { code: 500, type: 'api_error', message: 'Internal server error' } } };

function withFault(fault: Fault | undefined, answer: () => PlainAnswer): HttpAnswer {
  switch (fault) {
    case undefined:
      return answer();
    case 'cookie_expired':
      return sessionInvalid;
    case 'challenged':
      return challengePage;
    case 'rate_limited':
      return tooMany;
    case 'failing':
      return failing;
    case 'slow':
      return (response) => {
        setTimeout(() => sendAnswer(response, answer()), slowMs).unref();
      };
  }
}

function claudeAnswer(world: World, path: string): PlainAnswer {
  if (path === '/api/organizations') return { status: 200, body: world.organizations() };
  if (path === `/api/organizations/${organizationId}/usage`) return { status: 200, body: world.usage() };
  return { status: 404, body: { type: 'error', error: { type: 'not_found_error', message: 'Not found' } } };
}

function openRouterAnswer(world: World, path: string): PlainAnswer {
  if (path === '/api/v1/key') return { status: 200, body: world.key() };
  if (path === '/api/v1/credits') return { status: 200, body: world.credits() };
  return { status: 404, body: openRouterError(404, 'Not found') };
}

function organizationAnswer(live: LiveOrganization, request: SeenRequest): PlainAnswer {
  return adminAnswer(live.organization, request, live.play(), { adminKey: demoAdminKey });
}

function openRouterError(code: number, message: string): object {
  return { error: { code, message } };
}
