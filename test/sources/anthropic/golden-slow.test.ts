import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { GaugePoint } from '../../../src/model/reading.ts';
import type { Cell } from '../../../src/model/report.ts';
import { type AnalyticsRows, analyticsCells, keyCostRows, requestRows } from '../../../src/sources/anthropic/analytics-rows.ts';
import { columnsOf } from '../../../src/sources/anthropic/columns.ts';
import { costShape } from '../../../src/sources/anthropic/cost-rows.ts';
import { usageShape } from '../../../src/sources/anthropic/usage-rows.ts';
import { claudeCodeCells } from '../../../src/sources/anthropic/claude-code-rows.ts';
import { readOrganization, readRateLimits } from '../../../src/sources/anthropic/limits-read.ts';
import { readList } from '../../../src/sources/anthropic/lists.ts';
import { tokenPage } from '../../../src/sources/anthropic/pages.ts';
import { atOnce } from '../../support/steps.ts';
import { cellLine, clientOf, fixture, fixtures, short } from './support.ts';

const hourMs = 3_600_000;
const defaultWorkspace = 'wrkspc_01FakeFixtureWspcDEFAULT';
const at = (text: string): number => Date.parse(text);

function rowsOf(...files: readonly string[]): unknown[] {
  return files.flatMap((file) => [...tokenPage(fixture(file), file).rows]);
}

interface AnalyticsGolden {
  readonly files: readonly string[];
  readonly rows: AnalyticsRows;
  readonly bucketMs: number;
  readonly span: readonly [from: string, to: string];
  readonly cells: readonly string[];
}

const analytics: readonly AnalyticsGolden[] = [
  {
    files: ['analytics-usage-1h-page1.json', 'analytics-usage-1h-page2.json'],
    rows: { ...requestRows, dimensions: ['model', 'api_key_id', 'workspace_id'] },
    bucketMs: hourMs,
    span: ['2026-11-18T00:00:00Z', '2026-11-18T03:00:00Z'],
    cells: [
      '18T00 claude.requests{api_key_id=apikey_1,model=claude-sonnet-5,workspace_id=wrkspc_1} 412',
      '18T00 claude.requests{api_key_id=apikey_2,model=claude-haiku-4-5-20251001,workspace_id=default} 7',
      '18T00 claude.requests{api_key_id=console,model=claude-opus-5,workspace_id=default} 2',
      '18T02 claude.requests{api_key_id=apikey_1,model=claude-sonnet-5,workspace_id=wrkspc_1} 160',
    ],
  },
  {
    // A row whose requests are null has no count.
    files: ['analytics-usage-actors.json'],
    rows: { ...requestRows, dimensions: ['actor_type'] },
    bucketMs: 24 * hourMs,
    span: ['2026-11-17T00:00:00Z', '2026-11-18T00:00:00Z'],
    cells: [
      '17T00 claude.requests{actor_type=user_actor} 1',
      '17T00 claude.requests{actor_type=service_account_actor} 1',
      '17T00 claude.requests{actor_type=api_actor} 1',
    ],
  },
  {
    files: ['analytics-cost-1d-page1.json', 'analytics-cost-1d-page2.json'],
    rows: { ...keyCostRows, dimensions: ['workspace_id', 'model', 'cost_type', 'token_type'] },
    bucketMs: 24 * hourMs,
    span: ['2026-11-17T00:00:00Z', '2026-11-18T00:00:00Z'],
    cells: [
      '17T00 claude.api_key.cost{cost_type=tokens,model=claude-sonnet-5,token_type=uncached_input_tokens,workspace_id=wrkspc_1} 111410212500000000',
      '17T00 claude.api_key.cost{cost_type=tokens,model=claude-sonnet-5,token_type=output_tokens,workspace_id=wrkspc_1} 361894500000000000',
      '17T00 claude.api_key.cost{cost_type=web_search,model=claude-sonnet-5,workspace_id=wrkspc_1} 4120000000000000',
      '17T00 claude.api_key.cost{cost_type=code_execution,workspace_id=default} 51250000000000',
      '17T00 claude.api_key.cost{cost_type=session_usage,workspace_id=default} 632000000000000',
    ],
  },
];

test.each(analytics)('$files.0 and what follows it', ({ files, rows, bucketMs, span: [from, to], cells }) => {
  const found = atOnce(analyticsCells(rowsOf(...files), rows, { fromMs: at(from), toMs: at(to), bucketMs, defaultWorkspace }));
  expect(found.map(cellLine)).toEqual(cells);
});

test('without the default workspace’s id, rows keep the id they have', () => {
  const span = { fromMs: at('2026-11-17T00:00:00Z'), toMs: at('2026-11-18T00:00:00Z'), bucketMs: 24 * hourMs, defaultWorkspace: undefined };
  const cells = atOnce(analyticsCells(rowsOf('analytics-cost-1d-page2.json'), { ...keyCostRows, dimensions: ['workspace_id', 'cost_type'] }, span));
  expect(cells.map(({ attributes }) => short(attributes['workspace_id']))).toEqual(['wrkspc_DEFAULT', 'wrkspc_DEFAULT']);
});

const tools = ['edit_tool,accepted 25', 'edit_tool,rejected 3', 'write_tool,accepted 8', 'write_tool,rejected 1'];

function code(who: string, ...values: readonly string[]): string[] {
  return values.map((value) => {
    const [what = '', number = ''] = value.split(' ');
    const [metric = '', ...kind] = what.split(',');
    return `${metric}{${[who, ...kind].join()}} ${number}`;
  });
}

/** Keys of the identity shortened; tools as `decision=…,tool=…`. */
function codeLine({ metric, attributes, value }: Cell): string {
  const { actor_type: actor, actor_email: email, api_key_name: key, terminal_type: terminal, customer_type: customer, ...kind } = attributes;
  const who = [actor, email ?? key, terminal, customer].filter((part) => part !== undefined).join('/');
  return `${metric.replace('claude.analytics.code.', '')}{${[who, ...Object.values(kind)].join()}} ${value}`;
}

test('claude-code-day-page1.json and claude-code-day-page2.json', () => {
  const rows = rowsOf('claude-code-day-page1.json', 'claude-code-day-page2.json');
  const edits = (who: string): string[] => tools.map((tool) => `tool_decisions{${[who, tool.split(/[, ]/)[1], tool.split(/[, ]/)[0]].join()}} ${tool.split(' ')[1]}`);
  const [desk, remote, ci, team] = ['user_actor/dev-a@example.com/vscode/api', 'user_actor/dev-a@example.com/unknown/api', 'api_actor/ci-key/api', 'user_actor/dev-b@example.com/iTerm.app/subscription'] as const;
  const person = ['lines,added 100', 'lines,removed 20', 'commits 1'];
  expect(atOnce(claudeCodeCells(rows, at('2026-11-17T00:00:00Z'), true)).map(codeLine)).toEqual([
    ...code(desk, 'sessions 5', ...person),
    ...edits(desk),
    ...code(desk, 'tokens,claude-opus-5,input 45230', 'tokens,claude-opus-5,output 12450', 'tokens,claude-opus-5,cache_read 8790', 'tokens,claude-opus-5,cache_creation 2340', 'cost,claude-opus-5 1860000000000000'),
    ...code(desk, 'tokens,claude-sonnet-5,input 23100', 'tokens,claude-sonnet-5,output 5680', 'tokens,claude-sonnet-5,cache_read 3420', 'tokens,claude-sonnet-5,cache_creation 890', 'cost,claude-sonnet-5 420000000000000'),
    ...code(remote, 'sessions 1', ...person),
    ...edits(remote),
    ...code(remote, 'tokens,claude-sonnet-5,input 900', 'tokens,claude-sonnet-5,output 300', 'tokens,claude-sonnet-5,cache_read 100', 'cost,claude-sonnet-5 120000000000000'),
    ...code(ci, 'sessions 40'),
    ...edits(ci),
    ...code(ci, 'tokens,claude-haiku-4-5-20251001,input 1000', 'tokens,claude-haiku-4-5-20251001,output 100', 'cost,claude-haiku-4-5-20251001 30000000000000'),
    ...code(team, 'sessions 5', ...person),
    ...edits(team),
  ]);
});

test('claude-code-day-empty.json', () => {
  expect(atOnce(claudeCodeCells(rowsOf('claude-code-day-empty.json'), at('2026-11-18T00:00:00Z'), true))).toEqual([]);
});

function gaugeLine({ metric, attributes, value }: GaugePoint): string {
  const pairs = Object.entries(attributes).map(([key, text]) => `${key}=${text}`);
  return `${metric}{${pairs.join()}} ${JSON.stringify(value)}`;
}

test.each<[file: string, points: readonly string[]]>([
  [
    'rate-limits-org-v2023.json',
    [
      'claude.rate_limit{group=claude_opus_5,limiter=requests_per_minute} 4000',
      'claude.rate_limit{group=claude_opus_5,limiter=input_tokens_per_minute} 10000000',
      'claude.rate_limit{group=claude_opus_5,limiter=output_tokens_per_minute} 800000',
      'claude.rate_limit{group=batch,limiter=enqueued_batch_requests} 500000',
    ],
  ],
  [
    'rate-limits-org-v2026.json',
    [
      'claude.rate_limit{group=claude_opus_5,limiter=requests_per_minute} 4000',
      'claude.rate_limit{group=claude_opus_5,limiter=input_tokens_per_minute_cache_aware} 10000000',
      'claude.rate_limit{group=batch,limiter=enqueued_batch_requests} 500000',
    ],
  ],
])('%s', (file, points) => {
  expect(readRateLimits(rowsOf(file)).map(gaugeLine)).toEqual(points);
});

test('organizations-me.json', () => {
  expect(gaugeLine(readOrganization(fixture('organizations-me.json')))).toBe(
    'claude.organization.info{organization.id=00000000-0000-4000-8000-000000000001,organization.name=Fixture Org} 1',
  );
});

/** Bodies that none of the sources asks for. */
const foreign = ['invites.json', 'rate-limits-workspace.json', 'service-accounts.json', 'spend-limits-effective.json', 'workspace-members.json'];
const span = { fromMs: at('2026-11-17T00:00:00Z'), toMs: at('2026-11-19T00:00:00Z'), bucketMs: 24 * hourMs, defaultWorkspace };
const to = new Date(span.toMs);

describe.each(foreign)('%s', (file) => {
  test.each<[parser: string, parse: (rows: readonly unknown[]) => unknown]>([
    ['usage', () => columnsOf(fixture(file), 'report', usageShape(['model']))],
    ['cost', () => columnsOf(fixture(file), 'report', costShape)],
    ['requests', (rows) => atOnce(analyticsCells(rows, requestRows, span))],
    ['cost by key', (rows) => atOnce(analyticsCells(rows, keyCostRows, span))],
    ['Claude Code', (rows) => atOnce(claudeCodeCells(rows, span.fromMs, true))],
    ['rate limits', readRateLimits],
    ['organization', () => readOrganization(fixture(file))],
  ])('is refused where %s was asked for', (_, parse) => {
    expect(() => parse(rowsOf(file))).toThrow(expect.objectContaining({ reason: 'schema' }) as Error);
  });

  test.each(['api_key', 'user', 'workspace'])('has no %s in it', async (type) => {
    const client = await clientOf(() => ({ status: 200, body: fixture(file), headers: { date: to.toUTCString() } }));
    const context = { signal: AbortSignal.timeout(10_000), now: to };
    expect(await readList(client, { path: 'organizations/list', type, entry: (row) => row }, context)).toEqual(new Map());
  });
});

test('every recorded body has its row', () => {
  const texts = ['golden.test.ts', 'golden-slow.test.ts'].map((file) => readFileSync(new URL(file, import.meta.url), 'utf8')).join();
  const bodies = readdirSync(fixtures).filter((file) => file.endsWith('.json'));
  expect(bodies.filter((file) => !texts.includes(`'${file}'`))).toEqual([]);
});
