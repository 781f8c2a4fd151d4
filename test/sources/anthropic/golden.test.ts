import { expect, test } from 'vitest';
import { inSlices } from '../../../src/model/slices.ts';
import type { UsageDimension } from '../../../src/model/usage-dimensions.ts';
import { bucketsOf, cellsOf } from '../../../src/sources/anthropic/buckets.ts';
import { columnsOf } from '../../../src/sources/anthropic/columns.ts';
import { costReader, costShape } from '../../../src/sources/anthropic/cost-rows.ts';
import { anthropicUsageSource } from '../../../src/sources/anthropic/index.ts';
import { anthropicNamesSource } from '../../../src/sources/anthropic/names.ts';
import { usageReader, usageShape } from '../../../src/sources/anthropic/usage-rows.ts';
import { Workspaces } from '../../../src/sources/anthropic/workspaces.ts';
import { cellLine, clientOf, fixture, short } from './support.ts';

const context = { signal: AbortSignal.timeout(60_000), now: new Date('2026-11-18T12:00:00Z') };
const grouped = ['model', 'api_key_id', 'workspace_id', 'service_tier', 'context_window'] as const;

interface ReportRow {
  readonly files: readonly string[];
  readonly span: readonly [from: string, to: string];
  /** Absent: a cost report. */
  readonly dimensions?: readonly UsageDimension[];
  /** `metric{key=value} value` of every cell, without the fake parts of ids. */
  readonly cells: readonly string[];
}

const reports: readonly ReportRow[] = [
  {
    files: ['usage-messages-1h-grouped-page1.json', 'usage-messages-1h-grouped-page2.json'],
    span: ['2026-11-18T00:00:00Z', '2026-11-18T04:00:00Z'],
    dimensions: grouped,
    cells: [
      '18T00 claude.tokens{api_key_id=apikey_1,context_window=0-200k,model=claude-sonnet-5,service_tier=standard,type=input,workspace_id=wrkspc_1} 120000',
      '18T00 claude.tokens{api_key_id=apikey_1,context_window=0-200k,model=claude-sonnet-5,service_tier=standard,type=output,workspace_id=wrkspc_1} 31000',
      '18T00 claude.tokens{api_key_id=apikey_1,context_window=0-200k,model=claude-sonnet-5,service_tier=standard,type=cache_read,workspace_id=wrkspc_1} 800000',
      '18T00 claude.tokens{api_key_id=apikey_1,cache_ttl=5m,context_window=0-200k,model=claude-sonnet-5,service_tier=standard,type=cache_creation,workspace_id=wrkspc_1} 24000',
      '18T00 claude.tokens{api_key_id=apikey_1,cache_ttl=1h,context_window=0-200k,model=claude-sonnet-5,service_tier=standard,type=cache_creation,workspace_id=wrkspc_1} 1000',
      '18T00 claude.web_searches{api_key_id=apikey_1,context_window=0-200k,model=claude-sonnet-5,service_tier=standard,workspace_id=wrkspc_1} 3',
      '18T00 claude.tokens{api_key_id=apikey_2,context_window=0-200k,model=claude-haiku-4-5-20251001,service_tier=standard,type=input,workspace_id=default} 4000',
      '18T00 claude.tokens{api_key_id=apikey_2,context_window=0-200k,model=claude-haiku-4-5-20251001,service_tier=standard,type=output,workspace_id=default} 900',
      '18T00 claude.tokens{api_key_id=console,context_window=0-200k,model=claude-opus-5,service_tier=standard,type=input,workspace_id=default} 700',
      '18T00 claude.tokens{api_key_id=console,context_window=0-200k,model=claude-opus-5,service_tier=standard,type=output,workspace_id=default} 150',
      '18T02 claude.tokens{api_key_id=apikey_1,context_window=0-200k,model=claude-sonnet-5,service_tier=standard,type=input,workspace_id=wrkspc_1} 50000',
      '18T02 claude.tokens{api_key_id=apikey_1,context_window=0-200k,model=claude-sonnet-5,service_tier=standard,type=output,workspace_id=wrkspc_1} 12500',
      '18T02 claude.tokens{api_key_id=apikey_1,context_window=0-200k,model=claude-sonnet-5,service_tier=standard,type=cache_read,workspace_id=wrkspc_1} 420000',
      '18T02 claude.tokens{api_key_id=apikey_1,cache_ttl=5m,context_window=0-200k,model=claude-sonnet-5,service_tier=standard,type=cache_creation,workspace_id=wrkspc_1} 9000',
      '18T02 claude.tokens{api_key_id=apikey_1,context_window=200k-1M,model=claude-sonnet-5,service_tier=standard,type=input,workspace_id=wrkspc_1} 260000',
      '18T02 claude.tokens{api_key_id=apikey_1,context_window=200k-1M,model=claude-sonnet-5,service_tier=standard,type=output,workspace_id=wrkspc_1} 5200',
      '18T02 claude.tokens{api_key_id=apikey_3,context_window=0-200k,model=claude-sonnet-5,service_tier=batch,type=input,workspace_id=wrkspc_2} 90000',
      '18T02 claude.tokens{api_key_id=apikey_3,context_window=0-200k,model=claude-sonnet-5,service_tier=batch,type=output,workspace_id=wrkspc_2} 44000',
      '18T03 claude.tokens{api_key_id=apikey_4,context_window=0-200k,model=claude-opus-5,service_tier=priority,type=input,workspace_id=wrkspc_3} 10',
      '18T03 claude.tokens{api_key_id=apikey_4,context_window=0-200k,model=claude-opus-5,service_tier=priority,type=output,workspace_id=wrkspc_3} 5',
    ],
  },
  {
    files: ['usage-messages-1m-sparse.json'],
    span: ['2026-11-18T12:00:00Z', '2026-11-18T12:05:00Z'],
    dimensions: ['model'],
    cells: [
      '18T12 claude.tokens{type=input} 2048',
      '18T12 claude.tokens{type=output} 77',
      '18T12 claude.tokens{cache_ttl=5m,type=cache_creation} 1024',
      '18T12 claude.tokens{type=input} 12',
      '18T12 claude.tokens{type=output} 3',
      '18T12 claude.web_searches{} 1',
    ],
  },
  {
    files: ['usage-messages-1d-ungrouped.json'],
    span: ['2026-11-16T00:00:00Z', '2026-11-18T00:00:00Z'],
    dimensions: ['model'],
    cells: [
      '16T00 claude.tokens{type=input} 9007199254',
      '16T00 claude.tokens{type=output} 350000000',
      '16T00 claude.tokens{type=cache_read} 81064793300',
      '16T00 claude.tokens{cache_ttl=5m,type=cache_creation} 4400000',
      '16T00 claude.tokens{cache_ttl=1h,type=cache_creation} 120000',
      '16T00 claude.web_searches{} 412',
    ],
  },
  {
    files: ['usage-messages-1d-actors.json'],
    span: ['2026-11-17T00:00:00Z', '2026-11-18T00:00:00Z'],
    dimensions: ['account_id', 'service_account_id', 'model'],
    cells: [
      '17T00 claude.tokens{account_id=user_1,model=claude-opus-5,type=input} 10000',
      '17T00 claude.tokens{account_id=user_1,model=claude-opus-5,type=output} 2000',
      '17T00 claude.tokens{model=claude-opus-5,service_account_id=svac_1,type=input} 3000',
      '17T00 claude.tokens{model=claude-opus-5,service_account_id=svac_1,type=output} 500',
      '17T00 claude.tokens{model=claude-opus-5,type=input} 77000',
      '17T00 claude.tokens{model=claude-opus-5,type=output} 9000',
      '17T00 claude.tokens{model=claude-opus-5,type=cache_read} 1000',
    ],
  },
  {
    files: ['usage-messages-1d-geo-speed.json'],
    span: ['2026-11-17T00:00:00Z', '2026-11-18T00:00:00Z'],
    dimensions: ['inference_geo', 'speed', 'model'],
    cells: [
      '17T00 claude.tokens{inference_geo=us,model=claude-opus-5,speed=fast,type=input} 500',
      '17T00 claude.tokens{inference_geo=us,model=claude-opus-5,speed=fast,type=output} 100',
      '17T00 claude.tokens{inference_geo=global,model=claude-opus-5,speed=standard,type=input} 9000',
      '17T00 claude.tokens{inference_geo=global,model=claude-opus-5,speed=standard,type=output} 800',
      '17T00 claude.tokens{inference_geo=not_available,model=claude-sonnet-4-5-20250929,speed=standard,type=input} 42',
      '17T00 claude.tokens{inference_geo=not_available,model=claude-sonnet-4-5-20250929,speed=standard,type=output} 7',
    ],
  },
  {
    files: ['cost-report-1d-grouped-page1.json', 'cost-report-1d-grouped-page2.json'],
    span: ['2026-11-15T00:00:00Z', '2026-11-18T00:00:00Z'],
    cells: [
      '15T00 claude.cost{context_window=0-200k,cost_type=tokens,inference_geo=global,model=claude-sonnet-5,service_tier=standard,token_type=uncached_input_tokens,workspace_id=wrkspc_1} 123789125000000000',
      '15T00 claude.cost{context_window=0-200k,cost_type=tokens,inference_geo=global,model=claude-sonnet-5,service_tier=standard,token_type=output_tokens,workspace_id=wrkspc_1} 402105000000000000',
      '15T00 claude.cost{context_window=0-200k,cost_type=tokens,inference_geo=global,model=claude-sonnet-5,service_tier=standard,token_type=cache_read_input_tokens,workspace_id=wrkspc_1} 3100020000000000',
      '15T00 claude.cost{context_window=0-200k,cost_type=tokens,inference_geo=global,model=claude-sonnet-5,service_tier=standard,token_type=cache_creation.ephemeral_5m_input_tokens,workspace_id=wrkspc_1} 884000000000000',
      '15T00 claude.cost{context_window=0-200k,cost_type=tokens,inference_geo=global,model=claude-sonnet-5,service_tier=batch,token_type=cache_creation.ephemeral_1h_input_tokens,workspace_id=default} 97500000000000',
      '15T00 claude.cost{cost_type=web_search,workspace_id=wrkspc_2} 4120000000000000',
      '15T00 claude.cost{cost_type=code_execution,workspace_id=default} 51250000000000',
      '15T00 claude.cost{cost_type=session_usage,workspace_id=wrkspc_3} 632000000000000',
      '17T00 claude.cost{context_window=0-200k,cost_type=tokens,inference_geo=not_available,model=claude-haiku-4-5-20251001,service_tier=standard,token_type=uncached_input_tokens,workspace_id=default} 625000000',
      '17T00 claude.cost{context_window=200k-1M,cost_type=tokens,inference_geo=us,model=claude-opus-5,service_tier=standard,token_type=output_tokens,workspace_id=wrkspc_2} 77770000000000000',
    ],
  },
  {
    files: ['cost-report-1d-ungrouped.json'],
    span: ['2026-11-15T00:00:00Z', '2026-11-17T00:00:00Z'],
    cells: [
      '15T00 claude.cost{workspace_id=default} 534778895000000000',
    ],
  },
];

test.each(reports)('$files.0 and what follows it', async ({ files, span: [from, to], dimensions, cells }) => {
  const [shape, readPage] = dimensions === undefined ? [costShape, costReader()] : [usageShape(dimensions), usageReader(dimensions)];
  const pages = files.map((file) => columnsOf(fixture(file), file, shape));
  expect(pages.map(({ next }) => next !== undefined)).toEqual(files.map((_, index) => index < files.length - 1));
  const readPages = await Promise.all(pages.map(async (page) => ({ ...page, cells: await inSlices(readPage(page)) })));
  const found = cellsOf(bucketsOf('report', readPages, new Date(from), new Date(to), new Date(to)));
  expect([...found].map(cellLine)).toEqual(cells);
  // Walked again they are the same.
  expect([...found].map(cellLine)).toEqual(cells);
});

const refusals: readonly (readonly [file: string, headers: Readonly<Record<string, string>>, error: object])[] = [
  ['error-400-group-by-over-5.json', {}, { reason: 'upstream', status: 400, message: expect.stringContaining('5') as string }],
  ['error-400-date-range.json', {}, { reason: 'upstream', message: expect.stringContaining('400: Invalid date range: ending date must be after starting date') as string }],
  ['error-400-cursor-mismatch.json', {}, { reason: 'upstream', status: 400 }],
  ['error-401-invalid-key.json', {}, { reason: 'credential_expired' }],
  ['error-403-scope.json', {}, { reason: 'forbidden' }],
  ['error-404-not-found.json', {}, { reason: 'upstream', status: 404 }],
  ['error-429-no-retry-after.json', { 'anthropic-ratelimit-requests-reset': '2026-11-18T11:59:00Z' }, { reason: 'rate_limited', retryAfterMs: 60_000 }],
  ['error-429-retry-after.json', { 'retry-after': '30' }, { reason: 'rate_limited', retryAfterMs: 30_000 }],
  ['error-500-api-error.json', {}, { reason: 'upstream', status: 500 }],
  ['error-504-timeout.json', {}, { reason: 'upstream', status: 504 }],
  ['error-529-overloaded.json', {}, { reason: 'upstream', status: 529 }],
];

test.each(refusals)('%s', async (file, headers, error) => {
  const answer = { status: Number(file.slice(6, 9)), body: fixture(file), headers };
  const source = anthropicUsageSource({ account: 'default', intervalMs: 60_000, client: await clientOf(() => answer), dimensions: grouped });
  await expect(source.read(context)).rejects.toMatchObject(error);
});

test('lists of names: makers that are null, archived workspaces, the second page of users', async () => {
  const lists = [
    ['api_keys', 'api-keys-v2023.json'],
    ['after_id=', 'users-page2.json'],
    ['users', 'users-page1.json'],
    ['workspaces', 'workspaces-with-archived.json'],
  ] as const;
  const client = await clientOf((path) => ({
    status: 200,
    headers: { date: context.now.toUTCString() },
    body: fixture(lists.find(([part]) => path.includes(part))?.[1] ?? ''),
  }));
  const { names } = await anthropicNamesSource({ account: 'default', intervalMs: 60_000, client, workspaces: new Workspaces(client) }).read(context);
  expect([...(names?.apiKeys ?? [])].map(([id, { name, ownerId }]) => [short(id), name, short(ownerId)])).toEqual([
    ['apikey_1', 'prod-web', 'user_1'],
    ['apikey_2', 'legacy', undefined],
    ['apikey_3', 'batch-runner', 'user_2'],
    ['apikey_4', 'old', 'user_3'],
  ]);
  expect([...(names?.users ?? [])].map(([id, { email, name }]) => [short(id), email, name])).toEqual([
    ['user_1', 'person-1@example.com', 'Person 1'],
    ['user_2', 'person-2@example.com', 'Person 2'],
    ['user_3', 'person-3@example.com', 'Person 3'],
  ]);
  expect([...(names?.workspaces ?? [])].map(([id, { name }]) => [short(id), name])).toEqual([
    ['wrkspc_1', 'Production'],
    ['wrkspc_2', 'Staging'],
    ['wrkspc_3', 'Old project'],
  ]);
});
