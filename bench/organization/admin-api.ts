/*
 * The Admin API of a large organization, in a process of its own. Every bucket is compressed once, when it is first asked for, and
 * pages are put together from compressed buckets, so that this is not what is waited for. The present hour grows with each request.
 * Arguments: rows a day. Tells its parent the address, and on any message what it has answered so far.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

/** What the parent is told first. */
export interface AdminApiAddress {
  readonly url: string;
}

/** What was answered so far. */
export interface AdminApiFigures {
  readonly requests: number;
  readonly wireBytes: number;
  readonly jsonBytes: number;
}

const keys = 10_000;
const models = 5;
const workspaces = 50;
const users = 1_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const widths = { '1h': { ms: hourMs, most: 168 }, '1d': { ms: dayMs, most: 31 } } as const;

const rowsADay = Number(process.argv[2]);
let requests = 0;
let wireBytes = 0;
let jsonBytes = 0;

/** A piece of a page: gzip may be joined end to end. */
interface Piece {
  readonly zipped: Buffer;
  readonly jsonBytes: number;
}

function piece(text: string): Piece {
  return { zipped: gzipSync(text, { level: 1 }), jsonBytes: text.length };
}

const id = (kind: string, index: number): string => `${kind}_01Fake${String(index).padStart(18, '0')}`;
const model = (index: number): string => `claude-model-${index}-20250929`;

/** Row number `row` of all days together, so that one day after the other comes to every key with every model. */
function usageRow(row: number, factor: number): object {
  const pair = row % (keys * models);
  const key = pair % keys;
  return {
    account_id: null,
    api_key_id: id('apikey', key),
    context_window: '0-200k',
    inference_geo: null,
    model: model(Math.floor(pair / keys)),
    service_account_id: null,
    service_tier: 'standard',
    workspace_id: id('wrkspc', key % workspaces),
    uncached_input_tokens: factor * (1_000 + (row % 977)),
    output_tokens: factor * (100 + (row % 101)),
    cache_read_input_tokens: factor * (5_000 + (row % 4_099)),
    cache_creation: { ephemeral_5m_input_tokens: factor * (1 + (row % 499)), ephemeral_1h_input_tokens: factor * (1 + (row % 53)) },
    server_tool_use: { web_search_requests: 0 },
  };
}

/** Rows of an hour; those of a day are the same added up, as far as they share key and model. */
function usageRows(startMs: number, widthMs: number): object[] {
  const firstOfDay = (startMs / dayMs) * rowsADay;
  if (widthMs === dayMs) {
    const distinct = Math.min(rowsADay, keys * models);
    return Array.from({ length: distinct }, (_, row) => usageRow(Math.floor(firstOfDay) + row, rowsADay / distinct));
  }
  const hour = Math.round((startMs % dayMs) / hourMs);
  const day = Math.floor(startMs / dayMs) * rowsADay;
  const [first, end] = [hour, hour + 1].map((at) => Math.floor((at * rowsADay) / 24));
  return Array.from({ length: (end ?? 0) - (first ?? 0) }, (_, row) => usageRow(day + (first ?? 0) + row, 1));
}

const tokenTypes = ['uncached_input_tokens', 'output_tokens', 'cache_read_input_tokens', 'cache_creation.ephemeral_5m_input_tokens', 'cache_creation.ephemeral_1h_input_tokens'];

function costRows(startMs: number): object[] {
  const rows: object[] = [];
  for (let workspace = 0; workspace < workspaces; workspace++) {
    for (let index = 0; index < models; index++) {
      for (const [type, tokenType] of tokenTypes.entries()) {
        rows.push({
          amount: `${(startMs / dayMs + workspace * 31 + index * 7 + type) % 9_973}.${String(workspace * 97 + index + 1).padStart(5, '0')}`,
          currency: 'USD',
          workspace_id: id('wrkspc', workspace),
          model: model(index),
          description: `Usage of model ${index}, ${tokenType}`,
          cost_type: 'tokens',
          token_type: tokenType,
          context_window: '0-200k',
          service_tier: 'standard',
          inference_geo: 'global',
        });
      }
    }
  }
  return rows;
}

const cached = new Map<string, Piece>();

function bucket(kind: 'usage' | 'cost', startMs: number, widthMs: number): Piece {
  const now = Date.now();
  const name = `${kind} ${startMs} ${widthMs}`;
  const isOpen = startMs <= now && now < startMs + widthMs;
  const known = cached.get(name);
  if (known !== undefined && !isOpen) return known;
  const rows = startMs > now ? [] : kind === 'usage' ? usageRows(startMs, widthMs) : costRows(startMs);
  const grown = isOpen && kind === 'usage' && widthMs === hourMs ? rows.slice(0, Math.ceil((rows.length * (now - startMs)) / widthMs)) : rows;
  const made = piece(JSON.stringify({ starting_at: iso(startMs), ending_at: iso(startMs + widthMs), results: grown }));
  if (!isOpen) cached.set(name, made);
  return made;
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString().replace('.000Z', 'Z');
}

const comma = piece(',');
const opening = piece('{"data":[');

function reportPage(kind: 'usage' | 'cost', query: URLSearchParams): Piece[] {
  const width = widths[query.get('bucket_width') === '1h' ? '1h' : '1d'];
  const limit = Math.min(width.most, Number(query.get('limit')));
  const cursor = query.get('page');
  const startMs = cursor === null ? Date.parse(query.get('starting_at') ?? '') : Number(cursor.slice('page_'.length));
  const toMs = Date.parse(query.get('ending_at') ?? '');
  const endMs = Math.min(toMs, startMs + limit * width.ms);
  const pieces = [opening];
  for (let at = startMs; at < endMs; at += width.ms) pieces.push(...(at > startMs ? [comma] : []), bucket(kind, at, width.ms));
  const next = endMs < toMs ? `page_${endMs}` : null;
  pieces.push(piece(`],"has_more":${next !== null},"next_page":${JSON.stringify(next)}}`));
  return pieces;
}

function listPage(kind: string, count: number, entry: (index: number) => object, query: URLSearchParams): Piece[] {
  const limit = Number(query.get('limit') ?? 20);
  const after = query.get('after_id');
  const first = after === null ? 0 : Number(after.slice(-18)) + 1;
  const end = Math.min(count, first + limit);
  const items = Array.from({ length: end - first }, (_, index) => ({ id: id(kind, first + index), ...entry(first + index) }));
  return [piece(JSON.stringify({ data: items, has_more: end < count, last_id: id(kind, end - 1) }))];
}

function pieces(url: URL): Piece[] | undefined {
  const query = url.searchParams;
  switch (url.pathname.replace('/v1/organizations/', '')) {
    case 'usage_report/messages':
      return reportPage('usage', query);
    case 'cost_report':
      return reportPage('cost', query);
    case 'api_keys':
      return listPage('apikey', keys, (key) => ({ name: `key ${key}`, created_by: { id: id('user', key % users), type: 'user' } }), query);
    case 'users':
      return listPage('user', users, (user) => ({ name: `Person ${user}`, email: `person-${user}@example.com` }), query);
    case 'workspaces':
      return listPage('wrkspc', workspaces, (workspace) => ({ name: `Workspace ${workspace}` }), query);
    default:
      return undefined;
  }
}

const server = createServer((request, response) => {
  const found = pieces(new URL(request.url ?? '', 'http://localhost'));
  requests += 1;
  if (found === undefined) {
    response.writeHead(404, { 'content-type': 'application/json' });
    response.end('{"type":"error","error":{"type":"not_found_error","message":"Not found"}}');
    return;
  }
  const body = Buffer.concat(found.map(({ zipped }) => zipped));
  wireBytes += body.length;
  jsonBytes += found.reduce((total, one) => total + one.jsonBytes, 0);
  response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
  response.end(body);
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

// What will be asked for, so that the first reading is not slowed down by it.
const today = Math.floor(Date.now() / dayMs) * dayMs;
const month = Date.UTC(new Date(today - 3 * dayMs).getUTCFullYear(), new Date(today - 3 * dayMs).getUTCMonth());
for (let day = month; day < today - 3 * dayMs; day += dayMs) bucket('usage', day, dayMs);
for (let hour = today - 3 * dayMs; hour < Date.now(); hour += hourMs) bucket('usage', hour, hourMs);

process.on('message', () => process.send?.({ requests, wireBytes, jsonBytes } satisfies AdminApiFigures));
// Not to outlive the parent.
process.on('disconnect', () => process.exit());
process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } satisfies AdminApiAddress);
