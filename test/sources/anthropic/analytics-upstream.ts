import { expect } from 'vitest';
import type { HttpAnswer } from '../../../src/demo/http-server.ts';
import { Ledger } from '../../../src/ledger/ledger.ts';
import type { Reading, Source } from '../../../src/model/reading.ts';
import { anthropicAnalyticsSource } from '../../../src/sources/anthropic/analytics.ts';
import { Workspaces } from '../../../src/sources/anthropic/workspaces.ts';
import { clientOf } from './support.ts';
import { atOnce } from '../../support/steps.ts';

export const dayMs = 86_400_000;
export const beta = 'analytics-usage-cost-2026-08-24';
const startOf = (day: string): string => `${day}T00:00:00Z`;

/** What a key used in a day. */
export interface UseOfDay {
  readonly day: string;
  readonly key?: string | null;
  readonly workspace?: string | null;
  readonly requests?: unknown;
  readonly amount?: unknown;
}

/** The API of an organization, played by hand: rows of whole days, paged by rows. */
export interface Upstream {
  now: Date;
  use: UseOfDay[];
  refreshedAt: string | null;
  /** Rows a page has at most, whatever is asked for. */
  pageRows: number;
  /** Decides before the API does. */
  fault: (url: URL) => HttpAnswer | undefined;
  /** Every request. */
  readonly asked: URL[];
}

/** The list of workspaces: the default one on demand. */
export const workspacesOf = (query: URLSearchParams): object => {
  const listed = ['wrkspc_1', ...(query.get('include_default') === 'true' ? ['wrkspc_home'] : [])];
  return { data: listed.map((id) => ({ id, type: 'workspace', name: id })), has_more: false, last_id: listed.at(-1) };
};

/** A row of one of the two endpoints. */
export function rowOf(path: string, { day, key = 'apikey_1', workspace = 'wrkspc_1', requests = 1, amount = '100' }: UseOfDay): object {
  const group = { model: 'claude-opus-5', api_key_id: key, workspace_id: workspace, service_tier: 'standard', context_window: null };
  const values = path.endsWith('usage') ? { usage: { requests } } : { cost: { amount, currency: 'USD', list_amount: '1', requests: null } };
  return { starting_at: startOf(day), ending_at: new Date(Date.parse(startOf(day)) + dayMs).toISOString(), group, ...values };
}

/** What the API answers. */
export function serve(upstream: Upstream, url: URL): HttpAnswer {
  const query = url.searchParams;
  const headers = { date: upstream.now.toUTCString() };
  if (url.pathname.endsWith('/workspaces')) return { status: 200, body: workspacesOf(query), headers };
  const inSpan = ({ day }: UseOfDay): boolean => {
    const start = Date.parse(startOf(day));
    return start >= Date.parse(query.get('starting_at') ?? '') && start < Date.parse(query.get('ending_at') ?? '');
  };
  const rows = upstream.use.filter(inSpan).sort((a, b) => (a.day < b.day ? -1 : 1)).map((use) => rowOf(url.pathname, use));
  const start = Number(query.get('page') ?? 0);
  const end = start + Math.min(upstream.pageRows, Number(query.get('limit')));
  const more = end < rows.length;
  const body = { data: rows.slice(start, end), has_more: more, next_page: more ? String(end) : null, data_refreshed_at: upstream.refreshedAt };
  return { status: 200, body, headers };
}

/** Starts it, and a source that reads it. */
export async function start(now = '2026-11-18T12:00:00Z'): Promise<{ upstream: Upstream; source: Source; read: () => Promise<Reading> }> {
  const upstream: Upstream = { now: new Date(now), use: [], refreshedAt: '2026-11-18T06:00:00Z', pageRows: 1000, fault: () => undefined, asked: [] };
  const client = await clientOf((path) => {
    const url = new URL(path, 'http://localhost');
    upstream.asked.push(url);
    return upstream.fault(url) ?? serve(upstream, url);
  });
  const source = anthropicAnalyticsSource({ account: 'default', intervalMs: 3_600_000, client, workspaces: new Workspaces(client), beta });
  return { upstream, source, read: () => source.read({ signal: AbortSignal.timeout(10_000), now: upstream.now }) };
}

/** What was asked for since the last call: `usage 11-15 11-19`. */
export function asked({ asked: urls }: Upstream): string[] {
  return urls.splice(0).map(({ pathname, searchParams: query }) => {
    const day = (name: string): string => (query.get(name) ?? '').slice(5, 10);
    return `${pathname.split('/').at(-1) ?? ''} ${day('starting_at')} ${day('ending_at')}`.trim();
  });
}

/** Totals of a ledger that takes the reading's report: `metric period key workspace`. */
export function sums({ report }: Reading): Record<string, bigint> {
  const ledger = new Ledger();
  if (report !== undefined) expect(atOnce(ledger.apply(report))).toBe('applied');
  const totals: Record<string, bigint> = {};
  for (const { metric, period, attributes, value } of ledger.totals()) {
    const { api_key_id: key, workspace_id: workspace } = attributes;
    totals[[metric.replace('claude.', ''), period.name, key, workspace].join(' ')] = value;
  }
  return totals;
}
