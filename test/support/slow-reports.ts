import type { HttpAnswer, SeenRequest } from '../../src/demo/http-server.ts';
import type { Clock } from '../../src/model/clock.ts';

const dayMs = 86_400_000;

/** What an organization's slow reports say of today; nothing was used before. */
export interface SlowReports {
  /** Rows of the Analytics API: id of the workspace, requests, cents. */
  use: { readonly workspace: string | null; readonly key: string | null; readonly requests: number; readonly cents: string }[];
  /** Records of Claude Code beside their day. */
  code: object[];
}

/** A person's record of Claude Code with something of everything. */
export const codeRecord = {
  actor: { type: 'user_actor', email_address: 'ada@example.com' },
  customer_type: 'api',
  terminal_type: 'vscode',
  core_metrics: { num_sessions: 3, lines_of_code: { added: 20, removed: 10 }, commits_by_claude_code: 1, pull_requests_by_claude_code: 1 },
  tool_actions: { edit_tool: { accepted: 2, rejected: 1 } },
  model_breakdown: [
    {
      model: 'claude-opus-5',
      tokens: { input: 5, output: 6, cache_read: 7, cache_creation: 8 },
      estimated_cost: { amount: 12.5, currency: 'USD' },
    },
  ],
};

/**
 * Answers the endpoints of requests and cost by key, Claude Code, limits and workspaces; undefined for any other path.
 * The organization's default workspace is `wrkspc_home`.
 */
export function slowReports(clock: Clock, reports: SlowReports): (path: string, request: SeenRequest) => HttpAnswer | undefined {
  return (path, request) => {
    const query = new URL(request.path, 'http://localhost').searchParams;
    const body = bodyOf(path, query, Math.floor(clock.now().getTime() / dayMs) * dayMs, reports);
    return body === undefined ? undefined : { status: 200, body, headers: { date: clock.now().toUTCString() } };
  };
}

function bodyOf(path: string, query: URLSearchParams, today: number, { use, code }: SlowReports): object | undefined {
  const page = (data: readonly object[], more: object = {}): object => ({ data, has_more: false, next_page: null, ...more });
  const date = new Date(today).toISOString();
  switch (path) {
    case 'analytics/usage':
    case 'analytics/cost': {
      const isAsked = Date.parse(query.get('ending_at') ?? '') > today;
      const rows = use.map(({ workspace, key, requests, cents }) => ({
        starting_at: date,
        ending_at: new Date(today + dayMs).toISOString(),
        group: { model: 'claude-opus-5', api_key_id: key, workspace_id: workspace, service_tier: 'standard', context_window: '0-200k' },
        usage: { requests },
        cost: { amount: cents, currency: 'USD' },
      }));
      return page(isAsked ? rows : [], { data_refreshed_at: date });
    }
    case 'usage_report/claude_code':
      return page(query.get('starting_at') === date.slice(0, 10) ? code.map((record) => ({ ...record, date })) : []);
    case 'rate_limits': {
      const limits = [{ type: 'requests_per_minute', value: 4000 }];
      return { data: [{ type: 'rate_limit', group_type: 'model_group', models: ['claude-opus-5'], limits }], next_page: null };
    }
    case 'workspaces': {
      const listed = ['wrkspc_1', ...(query.has('include_default') ? ['wrkspc_home'] : [])];
      const names: Record<string, string> = { wrkspc_1: 'Research', wrkspc_home: 'Home' };
      return { data: listed.map((id) => ({ id, type: 'workspace', name: names[id] })), has_more: false, last_id: listed.at(-1) };
    }
    default:
      return undefined;
  }
}
