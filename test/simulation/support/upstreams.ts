import type { Connect } from '../../../src/agent-sources.ts';
import { adminAnswer } from '../../../src/demo/anthropic/api.ts';
import { drawFault, layFault } from '../../../src/demo/anthropic/faults.ts';
import type { SimulatedOrganization } from '../../../src/demo/anthropic/organization.ts';
import type { PlainAnswer } from '../../../src/demo/http-server.ts';
import { type World, organizationId } from '../../../src/demo/world.ts';
import type { HttpRequest, HttpResponse } from '../../../src/http/client.ts';
import { transportError } from '../../../src/http/failures.ts';
import type { SourceId } from '../../../src/model/reading.ts';
import { adminKey, responseOf } from '../../totals/support/admin-api.ts';
import type { RequestRules } from './request-rules.ts';
import type { sourceFaults } from './schedule.ts';
import { disguised } from './secrets.ts';

export const claudeUrl = 'http://127.0.0.1:1/claude';
export const openRouterUrl = 'http://127.0.0.1:1/openrouter';
export const adminUrl = 'http://127.0.0.1:1';

/** What the upstreams are made of. */
export interface UpstreamOptions {
  readonly organization: SimulatedOrganization;
  readonly account: World;
  /** True time, whatever the agent's wall clock shows. */
  readonly nowMs: () => number;
  readonly random: () => number;
  readonly fault: (source: SourceId) => (typeof sourceFaults)[number] | undefined;
  readonly rules: Pick<RequestRules, 'begin'>;
  /** Keeps what does not hold from those who ask. */
  readonly looked: (look: () => void) => void;
  /** Told of each good answer of claude.ai's usage. */
  readonly onUsage: (body: unknown) => void;
}

/** How long upstreams ask to wait, in seconds. */
const retryAfterSeconds = [1, 47, 600, 5_000];

/** Endpoints that fail while the others of their source answer. */
const failingParts = /\/(credits|users|rate_limits|analytics\/cost|organizations)$/;

/** A hung answer: nothing comes before the request is given up. */
const slowMs = 14_000;

/** The simulated upstreams over a transport in memory: answers take their time, which is virtual. */
export function memoryUpstreams(options: UpstreamOptions): Connect {
  return ({ observe }) => ({
    async get(request: HttpRequest): Promise<HttpResponse> {
      const { url, signal } = request;
      if (signal.aborted) throw transportError(signal.reason, url, signal);
      const source = sourceOf(url);
      const fault = options.fault(source);
      const end = options.rules.begin(source, request, options.looked);
      let answer: PlainAnswer | undefined;
      try {
        await waited(fault === 'slow' ? slowMs * options.random() : 5 + 400 * options.random(), signal);
        if (fault === 'hang') await waited(undefined, signal);
        answer = answerOf(options, source, request, fault);
        if (fault === 'cut') throw Object.assign(new Error('cut'), { code: 'ECONNRESET' });
        if (answer.status === 200 && fault !== 'page' && source === 'claude-ai' && url.pathname.endsWith('/usage')) options.onUsage(answer.body);
        return responseOf(answer);
      } catch (thrown) {
        answer = undefined;
        throw transportError(thrown, url, signal);
      } finally {
        observe(answer?.status);
        end({ isGood: answer?.status === 200 && fault !== 'page', status: answer?.status, retryAfterSeconds: Number(answer?.headers?.['x-seconds'] ?? 0) });
      }
    },
  });
}

function sourceOf({ pathname }: URL): SourceId {
  if (pathname.startsWith('/claude/')) return 'claude-ai';
  if (pathname.startsWith('/openrouter/')) return 'openrouter';
  if (pathname.endsWith('/usage_report/messages')) return 'anthropic-usage';
  if (pathname.endsWith('/cost_report')) return 'anthropic-cost';
  if (pathname.includes('/analytics/')) return 'anthropic-analytics';
  if (pathname.endsWith('/claude_code')) return 'anthropic-claude-code';
  return /(me|rate_limits)$/.test(pathname) ? 'anthropic-limits' : 'anthropic-names';
}

function answerOf(options: UpstreamOptions, source: SourceId, request: HttpRequest, fault: ReturnType<UpstreamOptions['fault']>): PlainAnswer {
  const { random } = options;
  const nowMs = options.nowMs();
  switch (fault) {
    case 'failing':
      return { status: 500, body: { error: { type: 'api_error' } } };
    case 'failing_partly':
      if (!failingParts.test(request.url.pathname)) return goodAnswer(options, source, request, nowMs);
      return { status: 500, body: { error: { type: 'api_error' } } };
    case 'busy':
      return { status: 503, headers: waitOf(random), body: '' };
    case 'limited_partly':
      if (random() < 0.5) return goodAnswer(options, source, request, nowMs);
      return { status: 429, headers: waitOf(random), body: { error: { type: 'rate_limit_error' } } };
    case 'limited':
      return { status: 429, headers: waitOf(random), body: { error: { type: 'rate_limit_error' } } };
    case 'limited_date': {
      const headers = waitOf(random);
      const dates = { date: new Date(nowMs).toUTCString(), 'retry-after': new Date(nowMs + Number(headers['x-seconds']) * 1_000).toUTCString() };
      return { status: 429, headers: { ...headers, ...dates }, body: {} };
    }
    case 'limited_silently':
      return { status: 429, body: {} };
    case 'unauthorized':
      return { status: 401, body: { type: 'error', error: { type: 'authentication_error' } } };
    case 'page':
      return { status: 200, headers: { 'content-type': 'text/html' }, body: '<html><title>Sign in</title></html>' };
    case 'refused':
      throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    default: {
      const answer = goodAnswer(options, source, request, nowMs);
      const wrong = fault === 'mixed' && source.startsWith('anthropic') ? drawFault(random, 0.4) : undefined;
      return wrong === undefined ? answer : layFault(wrong, { path: pathOf(request.url), headers: request.headers, nowMs }, answer, random);
    }
  }
}

function waitOf(random: () => number): { 'retry-after': string; 'x-seconds': string } {
  const seconds = String(retryAfterSeconds[Math.floor(random() * retryAfterSeconds.length)]);
  return { 'retry-after': seconds, 'x-seconds': seconds };
}

function goodAnswer({ organization, account }: UpstreamOptions, source: SourceId, { url, headers }: HttpRequest, nowMs: number): PlainAnswer {
  const { pathname } = url;
  if (source === 'openrouter') return { status: 200, body: pathname.endsWith('/key') ? account.key() : account.credits() };
  if (source !== 'claude-ai') return adminAnswer(organization, { path: pathOf(url), headers }, nowMs, { adminKey });
  if (!(headers['cookie'] ?? '').includes(disguised(`sessionKey=${account.acceptedSession}`))) return { status: 401, body: {} };
  if (pathname.endsWith('/api/organizations')) return { status: 200, body: account.organizations() };
  return pathname.endsWith(`/api/organizations/${organizationId}/usage`) ? { status: 200, body: account.usage() } : { status: 404, body: {} };
}

function pathOf({ pathname, search }: URL): string {
  return `${pathname}${search}`;
}

/** Without a time: until it is given up. @throws the signal's reason when it is. */
export function waited(ms: number | undefined, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = ms === undefined ? undefined : setTimeout(() => {
      signal.removeEventListener('abort', give);
      resolve();
    }, ms);
    const give = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  });
}
