import { adminAnswer } from '../../../src/demo/anthropic/api.ts';
import { type AdminFault, layFault } from '../../../src/demo/anthropic/faults.ts';
import type { SimulatedOrganization } from '../../../src/demo/anthropic/organization.ts';
import type { PlainAnswer } from '../../../src/demo/http-server.ts';
import type { HttpGet, HttpRequest, HttpResponse } from '../../../src/http/client.ts';
import { type ReportId, reportIds } from '../../../src/model/report.ts';
import { SourceError } from '../../../src/model/source-error.ts';
import { adminKey as ofAdmin } from '../../support/canaries.ts';

export const adminKey = ofAdmin.value;

const paths: Readonly<Record<ReportId, readonly string[]>> = {
  'anthropic-usage': ['usage_report/messages'],
  'anthropic-cost': ['cost_report'],
  'anthropic-analytics': ['analytics/usage', 'analytics/cost'],
  'anthropic-claude-code': ['usage_report/claude_code'],
};

/** An organization's Admin API in memory, and what is wrong with it. */
export interface MemoryApi {
  readonly organization: SimulatedOrganization;
  readonly now: () => Date;
  /** What the key may read. */
  readonly reports: readonly ReportId[];
  /** Most buckets that a page of usage or cost has, whatever was asked for. */
  readonly mostPerPage: number;
  /** The fault that is laid on a request. */
  readonly fault: () => AdminFault | undefined;
  readonly random: () => number;
}

/** Its transport: no sockets, no time. */
export function memoryTransport({ organization, now, reports, mostPerPage, fault, random }: MemoryApi): HttpGet {
  const forbidden = reportIds.filter((id) => !reports.includes(id)).flatMap((id) => paths[id]);
  return {
    async get({ url, headers }: HttpRequest): Promise<HttpResponse> {
      await Promise.resolve();
      const nowMs = now().getTime();
      const asked = new URL(url);
      const limit = asked.searchParams.get('limit');
      if (limit !== null && asked.searchParams.has('bucket_width')) asked.searchParams.set('limit', String(Math.min(Number(limit), mostPerPage)));
      const request = { path: `${asked.pathname}${asked.search}`, headers };
      const answer = adminAnswer(organization, request, nowMs, { adminKey, forbidden });
      const wrong = fault();
      try {
        return responseOf(wrong === undefined ? answer : layFault(wrong, { ...request, nowMs }, answer, random));
      } catch {
        throw new SourceError('network', 'no complete answer: ECONNRESET');
      }
    },
  };
}

/** The simulators' answer as a transport gives it. */
export function responseOf({ status, body, headers = {} }: PlainAnswer): HttpResponse {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return {
    status,
    contentType: headers['content-type'] ?? 'application/json',
    header: (name) => headers[name],
    bytes: new TextEncoder().encode(text),
  };
}
