import type { SimulatedOrganization, Use } from './organization.ts';

const widths: Readonly<Record<string, number>> = { '1m': 60_000, '1h': 3_600_000, '1d': 86_400_000 };
const limits: Readonly<Record<string, readonly [usual: number, most: number]>> = { '1m': [60, 1440], '1h': [24, 168], '1d': [7, 31] };

/** An answer of the simulated Admin API. */
export interface AdminAnswer {
  readonly status: number;
  readonly body: unknown;
}

const usageDimensions: Readonly<Record<string, (use: Use) => string | null>> = {
  model: (use) => use.model,
  api_key_id: (use) => use.apiKeyId,
  workspace_id: (use) => use.workspaceId,
  service_tier: (use) => use.serviceTier,
  context_window: (use) => use.contextWindow,
};

const tokenFields = {
  uncached_input_tokens: (use: Use) => use.uncachedInput,
  output_tokens: (use: Use) => use.output,
  cache_read_input_tokens: (use: Use) => use.cacheRead,
} as const;

/** `usage_report/messages` as the truth has it at an instant. */
export function usageReport(organization: SimulatedOrganization, query: URLSearchParams, nowMs: number): AdminAnswer {
  const groupBy = query.getAll('group_by[]');
  if (groupBy.length > 5) return refusal('Cannot specify more than 5 group_by[] dimensions.');
  return paged(query, (fromMs, toMs) => {
    const groups = grouped(organization.shown(fromMs, toMs, nowMs), (use) => groupBy.map((name) => usageDimensions[name]?.(use) ?? null));
    return groups.map(([ids, uses]) => ({
      ...nullDimensions,
      ...Object.fromEntries(groupBy.map((name, i) => [name, ids[i] ?? null])),
      ...Object.fromEntries(Object.entries(tokenFields).map(([field, read]) => [field, sum(uses, read)])),
      cache_creation: {
        ephemeral_5m_input_tokens: sum(uses, (use) => use.cacheWrite5m),
        ephemeral_1h_input_tokens: sum(uses, (use) => use.cacheWrite1h),
      },
      server_tool_use: { web_search_requests: sum(uses, (use) => use.webSearches) },
    }));
  });
}

const nullDimensions = {
  account_id: null,
  api_key_id: null,
  context_window: null,
  inference_geo: null,
  model: null,
  service_account_id: null,
  service_tier: null,
  workspace_id: null,
};

/** `cost_report` by workspace and description: one row a workspace and model, as input tokens. */
export function costReport(organization: SimulatedOrganization, query: URLSearchParams, nowMs: number): AdminAnswer {
  return paged(query, (fromMs, toMs) => {
    const groups = grouped(organization.shown(fromMs, toMs, nowMs), (use) => [use.workspaceId, use.model]);
    return groups.map(([[workspaceId, model], uses]) => ({
      amount: cents(uses.reduce((total, use) => total + use.microCents, 0n)),
      currency: 'USD',
      workspace_id: workspaceId,
      model,
      description: `${model ?? ''} Usage - Input Tokens`,
      cost_type: 'tokens',
      token_type: 'uncached_input_tokens',
      context_window: '0-200k',
      service_tier: 'standard',
      inference_geo: 'global',
    }));
  });
}

/** Millionths of a cent as decimal text in cents. */
export function cents(microCents: bigint): string {
  const sign = microCents < 0n ? '-' : '';
  const digits = (microCents < 0n ? -microCents : microCents).toString().padStart(7, '0');
  return `${sign}${digits.slice(0, -6)}.${digits.slice(-6)}`.replace(/\.?0+$/, '');
}

/** Buckets of whole widths, `limit` a page; the cursor is bound to its query. */
function paged(query: URLSearchParams, rowsOf: (fromMs: number, toMs: number) => unknown[]): AdminAnswer {
  const width = query.get('bucket_width') ?? '1d';
  const widthMs = widths[width];
  const [usual, most] = limits[width] ?? [0, 0];
  const limit = Number(query.get('limit') ?? usual);
  if (widthMs === undefined || !(limit >= 1 && limit <= most)) return refusal('limit: out of range');
  const fromMs = Math.ceil(Date.parse(query.get('starting_at') ?? '') / widthMs) * widthMs;
  const toMs = Math.floor(Date.parse(query.get('ending_at') ?? '') / widthMs) * widthMs;
  if (!(toMs > fromMs)) return refusal('Invalid date range: ending date must be after starting date');
  const identity = new URLSearchParams(query);
  identity.delete('page');
  const cursor = query.get('page');
  let startMs = fromMs;
  if (cursor !== null) {
    const [bound, at] = decodeCursor(cursor);
    if (bound !== identity.toString()) return refusal('page: cursor does not match the query');
    startMs = at;
  }
  const endMs = Math.min(toMs, startMs + limit * widthMs);
  const buckets: unknown[] = [];
  for (let at = startMs; at < endMs; at += widthMs) {
    buckets.push({ starting_at: iso(at), ending_at: iso(at + widthMs), results: rowsOf(at, at + widthMs) });
  }
  const next = endMs < toMs ? encodeCursor(identity.toString(), endMs) : null;
  return { status: 200, body: { data: buckets, has_more: next !== null, next_page: next } };
}

function encodeCursor(identity: string, atMs: number): string {
  return `page_${Buffer.from(JSON.stringify([identity, atMs])).toString('base64')}`;
}

function decodeCursor(cursor: string): [string, number] {
  return JSON.parse(Buffer.from(cursor.slice('page_'.length), 'base64').toString()) as [string, number];
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString().replace('.000Z', 'Z');
}

function refusal(message: string): AdminAnswer {
  return { status: 400, body: { type: 'error', error: { type: 'invalid_request_error', message } } };
}

function grouped(uses: Iterable<Use>, idsOf: (use: Use) => (string | null)[]): [(string | null)[], Use[]][] {
  const groups = new Map<string, [(string | null)[], Use[]]>();
  for (const use of uses) {
    const ids = idsOf(use);
    const key = JSON.stringify(ids);
    const group = groups.get(key) ?? [ids, []];
    groups.set(key, group);
    group[1].push(use);
  }
  return [...groups.values()];
}

function sum(uses: readonly Use[], read: (use: Use) => number): number {
  return uses.reduce((total, use) => total + read(use), 0);
}
