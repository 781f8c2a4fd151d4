import { createHash } from 'node:crypto';
import type { PlainAnswer } from '../http-server.ts';
import { analyticsCost, analyticsUsage } from './analytics.ts';
import { Refused, errorAnswer, notFound } from './answers.ts';
import { claudeCodeReport } from './claude-code-report.ts';
import { costReport } from './cost-report.ts';
import { keyList, rateLimitList, userList, workspaceList } from './lists.ts';
import type { SimulatedOrganization } from './organization.ts';
import { usageReport } from './usage-report.ts';

/** A GET of the Admin API. */
export interface AdminRequest {
  /** With its query. */
  readonly path: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** Who may ask for what. */
export interface AdminAccess {
  /** Key that is accepted. */
  readonly adminKey: string;
  /** Paths below `/v1/organizations/` that the key may not use. */
  readonly forbidden?: readonly string[];
}

const root = '/v1/organizations/';

type Endpoint = (
  organization: SimulatedOrganization,
  asked: { readonly query: URLSearchParams; readonly version: string; readonly betas: readonly string[]; readonly nowMs: number },
) => object;

const endpoints: Readonly<Record<string, Endpoint>> = {
  me: ({ id, name }) => ({ id, name, type: 'organization' }),
  'usage_report/messages': (organization, { query, betas, nowMs }) => usageReport(organization, query, betas, nowMs),
  'usage_report/claude_code': (organization, { query, nowMs }) => claudeCodeReport(organization, query, nowMs),
  cost_report: (organization, { query, nowMs }) => costReport(organization, query, nowMs),
  'analytics/usage': (organization, { query, betas, nowMs }) => analyticsUsage(organization, query, betas, nowMs),
  'analytics/cost': (organization, { query, betas, nowMs }) => analyticsCost(organization, query, betas, nowMs),
  api_keys: (organization, { query, version, nowMs }) => keyList(organization, query, version, nowMs),
  users: (organization, { query, nowMs }) => userList(organization, query, nowMs),
  workspaces: (organization, { query, nowMs }) => workspaceList(organization, query, nowMs),
  rate_limits: (organization, { query, version }) => rateLimitList(organization, query, version),
};

/**
 * What the Admin API of an organization answers at an instant: of that alone, so that it can be called in memory as well
 * as over HTTP. A JSON body is given as what it is made from, which must not be changed.
 */
export function adminAnswer(organization: SimulatedOrganization, request: AdminRequest, nowMs: number, access: AdminAccess): PlainAnswer {
  return signed(answerOf(organization, request, nowMs, access), request, nowMs);
}

function answerOf(organization: SimulatedOrganization, { path, headers }: AdminRequest, nowMs: number, access: AdminAccess): PlainAnswer {
  if (headers['x-api-key'] !== access.adminKey) return errorAnswer(401, 'authentication_error', 'invalid x-api-key');
  const version = headers['anthropic-version'];
  if (typeof version !== 'string') return errorAnswer(400, 'invalid_request_error', 'anthropic-version: header is required');
  const url = new URL(path, 'http://localhost');
  const name = url.pathname.startsWith(root) ? url.pathname.slice(root.length) : '';
  const endpoint = Object.hasOwn(endpoints, name) ? endpoints[name] : undefined;
  if (endpoint === undefined) return notFound().answer;
  if (access.forbidden?.includes(name)) {
    const message = 'This API key does not have the required scope. Key scopes: read:members. Required: read:analytics.';
    return errorAnswer(403, 'permission_error', message);
  }
  const betas = [headers['anthropic-beta'] ?? []].flat().flatMap((value) => value.split(',').map((beta) => beta.trim()));
  try {
    return { status: 200, body: endpoint(organization, { query: url.searchParams, version, betas, nowMs }) };
  } catch (error) {
    if (error instanceof Refused) return error.answer;
    throw error;
  }
}

/** Adds what every answer has: the request's id, in errors also in the body, and the date. */
function signed({ status, headers, body }: PlainAnswer, { path }: AdminRequest, nowMs: number): PlainAnswer {
  const id = `req_${createHash('sha256').update(`${nowMs} ${path}`).digest('hex').slice(0, 24)}`;
  return {
    status,
    headers: { date: new Date(nowMs).toUTCString(), 'request-id': id, ...headers },
    body: status === 200 ? body : { ...(body as object), request_id: id },
  };
}

/** Refuses requests beyond so many a minute; without a `retry-after`, as it was seen, unless one is asked for. */
export function requestLimit(perMinute: number, retryAfterSeconds?: number): (nowMs: number) => PlainAnswer | undefined {
  const asked: number[] = [];
  return (nowMs) => {
    while (asked[0] !== undefined && asked[0] <= nowMs - 60_000) asked.shift();
    if (asked.length >= perMinute) return tooMany(nowMs, retryAfterSeconds);
    asked.push(nowMs);
    return undefined;
  };
}

/** 429. The header that says when the limit is reset is already past, as it was seen. */
export function tooMany(nowMs: number, retryAfterSeconds?: number): PlainAnswer {
  return errorAnswer(429, 'rate_limit_error', 'Rate limit exceeded for this organization. Please try again later.', {
    date: new Date(nowMs).toUTCString(),
    ...(retryAfterSeconds === undefined
      ? { 'anthropic-ratelimit-requests-reset': new Date(nowMs - 1_000).toISOString() }
      : { 'retry-after': String(retryAfterSeconds) }),
  });
}
