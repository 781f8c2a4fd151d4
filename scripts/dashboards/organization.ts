import { type Dashboard, TableCellDisplayMode } from '@grafana/schema';
import { dashboard } from './dashboard.ts';
import { bars, overTime, type Placeable, stat, table } from './panel.ts';
import { daysGone, daysLeft, max, onceEach, series, sum, thisMonth } from './query.ts';

const dollars = { unit: 'currencyUSD', decimals: 2 } as const;
const count = { unit: 'short' } as const;
const notKnown = 'not known';

const cost = series('claude.cost');
const tokens = series('claude.tokens');
/** Every kind of token that goes in. */
const input = '!=output';

/** Two people may have one name, and some have an e-mail address alone. */
const ownerNames = ['owner_email', 'owner_name'] as const;
const monthSoFar = sum(thisMonth(onceEach('claude.cost')));
const lastWeek = `${sum(`increase(${cost}[7d])`)} / 7`;
/** By day: at each midnight, what came until the next. */
const inDay = '[1d] offset -1d';

/** What is spent today and this month, by whom and what for, and where that leads. */
export function organizationDashboard(): Dashboard {
  return dashboard({
    uid: 'claude-organization',
    title: 'Claude organization: usage and cost',
    description: 'An organization’s tokens and dollars as Anthropic reports them. Days and months are UTC, as the reports are.',
    from: 'now-30d',
    timezone: 'utc',
    sections: [
      { heading: 'Now', panels: now() },
      { heading: 'Who and what for, this month', panels: shares() },
      { heading: 'Usage', panels: usage() },
      { heading: 'Claude Code, in the time range', panels: code() },
      { heading: 'Organization', panels: organization() },
    ],
  });
}

const now = (): Placeable[] => [
  stat(
    { title: 'Today', description: 'Cost since 00:00 UTC.', noValue: notKnown, ...dollars },
    [4, 4],
    { expr: sum(onceEach('claude.cost.current')), legend: 'today' },
  ),
  stat(
    { title: 'A usual day', description: 'Mean of the last seven days. Too low while there are fewer.', noValue: notKnown, ...dollars },
    [4, 4],
    { expr: lastWeek, legend: 'usual day' },
  ),
  stat(
    { title: 'This month so far', description: 'Cost since the first of the month, exact: the report’s own sum.', noValue: 'none known yet', ...dollars },
    [4, 4],
    { expr: monthSoFar, legend: 'month' },
  ),
  stat(
    {
      title: 'Forecast to the month’s end',
      description:
        'So far, and for the days left as much as in the mean of the month; and as much as in the mean of the last seven days, which is too low while there are fewer.',
      noValue: 'not known',
      ...dollars,
      named: true,
    },
    [6, 4],
    { expr: `${monthSoFar} / ${daysGone} * days_in_month()`, legend: 'as this month' },
    { expr: `${monthSoFar} + ${daysLeft} * ${lastWeek}`, legend: 'as the last 7 days' },
  ),
  stat({ title: 'Tokens today', description: 'Tokens of every kind since 00:00 UTC.', noValue: notKnown, ...count }, [3, 4], {
    expr: sum(onceEach('claude.tokens.current')),
    legend: 'tokens',
  }),
  stat(
    {
      title: 'From the cache today',
      description: 'Share of the input since 00:00 UTC that was read from the prompt cache.',
      noValue: 'no input known',
      unit: 'percentunit',
      decimals: 0,
    },
    [3, 4],
    {
      expr: `${sum(onceEach('claude.tokens.current', { type: 'cache_read' }))} / ${sum(onceEach('claude.tokens.current', { type: input }))}`,
      legend: 'share',
    },
  ),
  overTime(
    {
      title: 'Cost by day and model',
      description: 'Each bar is a UTC day; today’s grows. What came late counts on the day it came. Cost that is of no model, such as web searches, has no name.',
      noValue: 'no cost is known in this time',
      ...dollars,
    },
    [16, 9],
    { stacked: true, interval: '1d' },
    { expr: sum(`increase(${cost}${inDay})`, 'model'), legend: '{{model}}' },
  ),
  bars(
    { title: 'Today by model', description: 'Cost since 00:00 UTC.', noValue: notKnown, ...dollars },
    [8, 9],
    { expr: `sort_desc(${sum(onceEach('claude.cost.current'), 'model')})`, legend: '{{model}}' },
  ),
];

const shares = (): Placeable[] => [
  table(
    { title: 'Workspaces', description: 'Cost of the month so far and of today. A name that is not known is left out; for some minutes after a change the old name has a row too.', noValue: '', ...count },
    [8, 9],
    { workspace_name: 'Workspace', workspace_id: 'Id' },
    [
      { name: 'Month', expr: sum(thisMonth(cost), 'workspace_id', 'workspace_name'), ...dollars },
      { name: 'Today', expr: sum(series('claude.cost.current'), 'workspace_id', 'workspace_name'), ...dollars },
    ],
  ),
  table(
    {
      title: 'Keys',
      description:
        'Cost of the month so far by key, where the organization has the Analytics API: after discounts, a second view that is not to be added to the cost. Tokens of every kind.',
      noValue: '',
      ...count,
    },
    [8, 9],
    { api_key_name: 'Key', api_key_id: 'Id' },
    [
      { name: 'Month', expr: sum(thisMonth(onceEach('claude.api_key.cost', {}, ['api_key_name'])), 'api_key_id', 'api_key_name'), ...dollars },
      { name: 'Tokens', expr: sum(thisMonth(onceEach('claude.tokens', {}, ['api_key_name'])), 'api_key_id', 'api_key_name'), ...count },
      { name: 'Tokens today', expr: sum(onceEach('claude.tokens.current', {}, ['api_key_name']), 'api_key_id', 'api_key_name'), ...count },
    ],
  ),
  table(
    {
      title: 'Owners',
      description: 'The maker of each key. The console’s use, and keys whose maker is gone, have none; with ANTHROPIC_OWNER_ATTRIBUTES=false nobody is named.',
      noValue: '',
      ...count,
    },
    [8, 9],
    { owner_name: 'Owner', owner_email: 'E-mail' },
    [
      { name: 'Month', expr: sum(thisMonth(onceEach('claude.api_key.cost', {}, ownerNames)), ...ownerNames), ...dollars },
      { name: 'Tokens', expr: sum(thisMonth(onceEach('claude.tokens', {}, ownerNames)), ...ownerNames), ...count },
      { name: 'Tokens today', expr: sum(onceEach('claude.tokens.current', {}, ownerNames), ...ownerNames), ...count },
    ],
  ),
  overTime(
    {
      title: 'This month so far, and its forecast',
      description: 'The forecast goes on with the mean of the last seven days; it is too low while there are fewer.',
      noValue: 'no cost is known in this time',
      ...dollars,
    },
    [16, 8],
    // Each point of the forecast looks at a week of samples.
    { interval: '6h' },
    { expr: monthSoFar, legend: 'so far' },
    { expr: `${monthSoFar} + ${daysLeft} * ${lastWeek}`, legend: 'forecast' },
  ),
  bars(
    { title: 'Months', description: 'Cost of each month that the time range reaches into.', noValue: notKnown, ...dollars },
    [8, 8],
    // A name that changed starts a new series of the same id.
    { expr: sum(`max without (workspace_name) (max_over_time(${cost}[$__range]))`, 'period'), legend: '{{period}}' },
  ),
];

const usage = (): Placeable[] => [
  overTime(
    {
      title: 'Tokens by day and type',
      description: 'Kinds of token do not overlap: input is what came from no cache.',
      noValue: 'no usage is known in this time',
      ...count,
    },
    [12, 8],
    { stacked: true, interval: '1d' },
    { expr: sum(`increase(${tokens}${inDay})`, 'type'), legend: '{{type}}' },
  ),
  overTime(
    {
      title: 'Input from the cache',
      description: 'Share of each day’s input that was read from the prompt cache, by model.',
      noValue: 'no input is known in this time',
      unit: 'percentunit',
      decimals: 0,
      max: 1,
    },
    [12, 8],
    { interval: '1d' },
    {
      expr: `${sum(`increase(${series('claude.tokens', { type: 'cache_read' })}${inDay})`, 'model')} / ${sum(`increase(${series('claude.tokens', { type: input })}${inDay})`, 'model')}`,
      legend: '{{model}}',
    },
  ),
  overTime(
    { title: 'Tokens an hour, by model', description: 'Tokens of every kind.', noValue: 'no usage is known in this time', ...count },
    [12, 8],
    { stacked: true, interval: '1h' },
    { expr: sum(`increase(${tokens}[$__interval])`, 'model'), legend: '{{model}}' },
  ),
  overTime(
    {
      title: 'Requests by day and model',
      description: 'Real counts of the Analytics API, which is some hours behind. Nothing where the organization does not have it.',
      noValue: 'no requests are known in this time',
      ...count,
    },
    [12, 8],
    { stacked: true, interval: '1d' },
    { expr: sum(`increase(${series('claude.requests')}${inDay})`, 'model'), legend: '{{model}}' },
  ),
  stat(
    { title: 'Requests today', description: 'Since 00:00 UTC, as far as the Analytics API knows.', noValue: notKnown, ...count },
    [4, 4],
    { expr: sum(onceEach('claude.requests.current')), legend: 'requests' },
  ),
  stat({ title: 'Web searches this month', description: 'Each costs money of its own.', noValue: 'none known yet', ...count }, [4, 4], {
    expr: sum(thisMonth(onceEach('claude.web_searches'))),
    legend: 'searches',
  }),
];

const actor = ['actor_email', 'api_key_name'] as const;

/** The totals of a Claude Code metric are each a day's: their last values add up, exactly. */
function inRange(of: string, ...by: readonly string[]): string {
  return sum(`max_over_time(${of}[$__range])`, ...by);
}

const code = (): Placeable[] => [
  table(
    {
      title: 'People and keys',
      description: 'Claude Code’s report by whoever used it, over the days that the time range reaches into. Its cost is an estimate by list prices. Its tokens are in the tokens above as well.',
      noValue: '',
      ...count,
    },
    [24, 9],
    { actor_email: 'Person', api_key_name: 'Key' },
    [
      { name: 'Cost', expr: inRange(series('claude.analytics.code.cost'), ...actor), ...dollars },
      { name: 'Sessions', expr: inRange(series('claude.analytics.code.sessions'), ...actor), ...count },
      { name: 'Lines added', expr: inRange(series('claude.analytics.code.lines', { type: 'added' }), ...actor), ...count },
      { name: 'Commits', expr: inRange(series('claude.analytics.code.commits'), ...actor), ...count },
      { name: 'Pull requests', expr: inRange(series('claude.analytics.code.pull_requests'), ...actor), ...count },
      {
        name: 'Edits accepted',
        expr: `${inRange(series('claude.analytics.code.tool_decisions', { decision: 'accepted' }), ...actor)} / ${inRange(series('claude.analytics.code.tool_decisions'), ...actor)}`,
        unit: 'percentunit',
        decimals: 0,
      },
      { name: 'Tokens', expr: inRange(series('claude.analytics.code.tokens'), ...actor), ...count },
    ],
  ),
];

const organization = (): Placeable[] => [
  table(
    { title: 'Rate limits', description: 'What the organization is allowed, by group of models and by limiter, as it is configured.', noValue: '', ...count },
    [12, 8],
    { group: 'Group', limiter: 'Limiter', account: 'Account' },
    [{ name: 'Limit', expr: max(series('claude.rate_limit'), 'account', 'group', 'limiter'), ...count }],
  ),
  table(
    { title: 'Organization', description: 'The id is that of organization.id in Claude Code’s own telemetry.', noValue: '', ...count },
    [12, 8],
    { account: 'Account', organization_name: 'Name', organization_id: 'Id' },
    [
      {
        name: 'Known',
        expr: max(series('claude.organization.info'), 'account', 'organization_id', 'organization_name'),
        ...count,
        cell: { type: TableCellDisplayMode.Auto },
      },
    ],
  ),
];
