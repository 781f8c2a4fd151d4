import { dayStart } from '../../model/calendar.ts';
import { badRequest, centsText, rfc3339 } from './answers.ts';
import { grouped } from './buckets.ts';
import type { CodeActivity, CodeModelUse } from './events.ts';
import type { SimulatedOrganization } from './organization.ts';
import { type FlatPage, rowPage } from './row-pages.ts';
import { sum } from './usage-report.ts';

const path = 'usage_report/claude_code';

/** A page of `usage_report/claude_code`: one day, a row an actor, customer type, terminal and place. @throws {Refused} */
export function claudeCodeReport(organization: SimulatedOrganization, query: URLSearchParams, nowMs: number): FlatPage {
  const startMs = dateOf(query);
  return rowPage(
    {
      path,
      usual: 20,
      most: 1000,
      rows: (asOfMs) =>
        organization.activityDay(startMs)?.made(path, codeShownAt, asOfMs, (shown) => rowsOf(organization, shown).map((row) => [row])) ?? [],
    },
    query,
    nowMs,
  ).page;
}

const codeShownAt = (activity: CodeActivity): number => activity.shownAtMs;

function dateOf(query: URLSearchParams): number {
  const text = query.get('starting_at');
  if (text === null) throw badRequest('starting_at: Field required');
  const atMs = Date.parse(text);
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || Number.isNaN(atMs)) throw badRequest('starting_at: Input should be a valid date, YYYY-MM-DD');
  return atMs;
}

function rowsOf(organization: SimulatedOrganization, shown: readonly CodeActivity[]): unknown[] {
  const groups = grouped(shown, dayStart, ({ actor, customerType, subscriptionType, terminalType, isRemote }) => [
    actor.type,
    actor.type === 'user_actor' ? actor.email : actor.apiKeyName,
    customerType,
    subscriptionType,
    terminalType,
    String(isRemote),
  ]);
  return groups.map(({ bucketMs, ids, events }) => {
    const [type = null, who = null, customerType = null, subscriptionType = null, terminalType = null, remote = null] = ids;
    return {
      date: rfc3339(bucketMs),
      actor: type === 'user_actor' ? { type, email_address: who } : { type, api_key_name: who },
      organization_id: organization.id,
      customer_type: customerType,
      subscription_type: subscriptionType,
      terminal_type: terminalType,
      is_remote: remote === 'true',
      core_metrics: {
        num_sessions: sum(events, ({ sessions }) => sessions),
        lines_of_code: { added: sum(events, ({ linesAdded }) => linesAdded), removed: sum(events, ({ linesRemoved }) => linesRemoved) },
        commits_by_claude_code: sum(events, ({ commits }) => commits),
        pull_requests_by_claude_code: sum(events, ({ pullRequests }) => pullRequests),
      },
      tool_actions: Object.fromEntries(codeTools.map((tool) => [
        tool,
        { accepted: sum(events, ({ tools }) => tools[tool]?.accepted ?? 0), rejected: sum(events, ({ tools }) => tools[tool]?.rejected ?? 0) },
      ])),
      model_breakdown: breakdown(events.flatMap(({ models }) => models)),
    };
  });
}

/** The tools that the report tells of, in every row. */
export const codeTools = ['edit_tool', 'multi_edit_tool', 'write_tool', 'notebook_edit_tool'] as const;

function breakdown(uses: readonly CodeModelUse[]): unknown[] {
  return [...new Set(uses.map(({ model }) => model))].map((model) => {
    const ofModel = uses.filter((use) => use.model === model);
    return {
      model,
      tokens: {
        input: sum(ofModel, ({ input }) => input),
        output: sum(ofModel, ({ output }) => output),
        cache_read: sum(ofModel, ({ cacheRead }) => cacheRead),
        cache_creation: sum(ofModel, ({ cacheCreation }) => cacheCreation),
      },
      // A number in cents here, not text.
      estimated_cost: { currency: 'USD', amount: Number(centsText(ofModel.reduce((total, { units }) => total + units, 0n))) },
    };
  });
}
