import { type Dashboard, MappingType, TableCellBackgroundDisplayMode, TableCellDisplayMode, type ValueMapping } from '@grafana/schema';
import { dashboard } from './dashboard.ts';
import { overTime, type Placeable, stat, table, timeline, worseFrom } from './panel.ts';
import { max, nameOf, series, sum, threshold } from './query.ts';

const duration = { unit: 's', decimals: 1 } as const;
const count = { unit: 'short' } as const;
const source = '{{source}} · {{account}}';
const bySource = ['account', 'source'] as const;
/** So that a counter has samples in it, whether they come every quarter of a minute or every other minute. */
const counted = { interval: '5m' } as const;

const up = max(series('claude_usage_metrics.source.up'), ...bySource);
const failures = series('claude_usage_metrics.source.reads', { outcome: '!=success' });
/** A counter arrives with its first failure as 1, in which nothing increases: all of it is of the last 75 minutes if it was not there before. */
const firstFailures = `${failures} unless max_over_time(${failures}[15m] offset 75m)`;
const age = `time() - ${max(series('claude_usage_metrics.source.last_success_timestamp'), ...bySource)}`;
const points = (outcome: string): string => series('claude_usage_metrics.export.points', { outcome });

const upMappings: readonly ValueMapping[] = [
  { type: MappingType.ValueToText, options: { '0': { text: 'down', color: 'red' }, '1': { text: 'up', color: 'green' } } },
];

/** Whether the agent reads what it should and delivers what it read; if not, why. */
export function agentDashboard(): Dashboard {
  return dashboard({
    uid: 'claude-agent',
    title: 'Claude usage agent',
    description: 'What the agent says of itself: its sources and why they fail, the age of what it knows, and what became of every point.',
    from: 'now-24h',
    timezone: 'browser',
    sections: [
      { heading: 'Now', panels: now() },
      { heading: 'Sources', panels: sources() },
      { heading: 'Export', panels: exported() },
      { heading: 'Ledger of an organization’s totals', panels: ledger() },
    ],
  });
}

const now = (): Placeable[] => [
  stat(
    {
      title: 'Sources down',
      description: 'Sources whose last read did not succeed in full.',
      noValue: 'no agent',
      ...count,
      steps: worseFrom(1, 2),
      mappings: [{ type: MappingType.ValueToText, options: { '0': { text: 'none' } } }],
    },
    [5, 4],
    { expr: sum(`1 - ${up}`), legend: 'down' },
  ),
  stat(
    {
      title: 'Oldest data',
      description: 'Longest time since a source was read in full. The slow sources are read once an hour.',
      noValue: 'nothing read yet',
      ...duration,
      steps: worseFrom(threshold('data_age') * 1.1, threshold('data_age_slow')),
    },
    [5, 4],
    { expr: `max(${age})`, legend: 'age' },
  ),
  stat(
    {
      title: 'Last push',
      description: 'Time since the last point came in, of the agent that pushed last. Behind a Collector, which goes on showing it for three minutes, since the last scrape.',
      noValue: 'no agent pushes',
      ...duration,
      steps: worseFrom(180, 600),
    },
    [5, 4],
    { expr: `time() - max(timestamp(${series('claude_usage_metrics.build.info')}))`, legend: 'age' },
  ),
  stat(
    {
      title: 'Points not delivered',
      description: 'Points of the time range that were lost, or rejected by the backend. What is lost while nothing can be delivered shows later.',
      noValue: 'no agent',
      ...count,
      decimals: 0,
      steps: worseFrom(1, 1000),
    },
    [5, 4],
    { expr: sum(`increase(${points('=~lost|rejected')}[$__range])`), legend: 'points' },
  ),
  stat(
    { title: 'Version', description: 'Versions of the agents that push.', noValue: 'no agent', ...count, named: true },
    [4, 4],
    { expr: `count by (version) (${series('claude_usage_metrics.build.info')})`, legend: '{{version}}' },
  ),
  table(
    {
      title: 'Sources',
      description:
        'Reason: why the reads of the last 75 minutes failed, of a source that is down; docs/troubleshooting.md says what each means and what to do. Up to: what of the report is complete upstream.',
      noValue: '',
      ...count,
    },
    [24, 8],
    { source: 'Source', account: 'Account', outcome: 'Reason' },
    [
      {
        name: 'State',
        expr: up,
        ...count,
        mappings: upMappings,
        cell: { type: TableCellDisplayMode.ColorBackground, mode: TableCellBackgroundDisplayMode.Basic },
      },
      { name: 'Read in full, ago', expr: age, ...duration },
      { name: 'Report up to, ago', expr: `time() - ${max(series('claude_usage_metrics.source.report.refreshed_timestamp'), ...bySource)}`, ...duration },
      { name: 'Reads in an hour', expr: sum(`increase(${series('claude_usage_metrics.source.reads')}[1h])`, ...bySource), ...count, decimals: 0 },
      {
        name: 'Failed for it',
        expr: `(${sum(firstFailures, ...bySource, 'outcome')} or ${sum(`increase(${failures}[75m])`, ...bySource, 'outcome')}) > 0 and on (account, source) ${up} == 0`,
        ...count,
        decimals: 0,
      },
    ],
  ),
];

const sources = (): Placeable[] => [
  timeline(
    {
      title: 'Up',
      description: 'Whether the last read of each source succeeded in full. A gap: the agent did not push.',
      noValue: 'nothing is known of this time',
      ...count,
      mappings: upMappings,
    },
    [12, 8],
    { expr: up, legend: source },
  ),
  overTime(
    {
      title: 'Failed reads by reason',
      description: 'docs/troubleshooting.md has each reason’s sign, meaning and remedy.',
      noValue: 'no reads are known in this time',
      ...count,
    },
    [12, 8],
    { stacked: true, ...counted },
    { expr: `${sum(`increase(${failures}[$__rate_interval])`, 'source', 'outcome')} > 0`, legend: '{{source}}: {{outcome}}' },
  ),
  overTime(
    { title: 'Age of data', description: 'Time since each source was last read in full.', noValue: 'nothing was read in this time', ...duration },
    [12, 8],
    {},
    { expr: age, legend: source },
  ),
  overTime(
    {
      title: 'Requests by status',
      description: 'HTTP requests to the upstreams; without a status where no answer came.',
      noValue: 'no requests are known in this time',
      ...count,
    },
    [12, 8],
    { stacked: true, ...counted },
    {
      expr: sum(`increase(${series('claude_usage_metrics.source.requests')}[$__rate_interval])`, 'source', 'http_response_status_code'),
      legend: '{{source}}: {{http_response_status_code}}',
    },
  ),
  overTime(
    { title: 'Duration of reads', description: '95 of 100 reads took no longer, by the bounds of the histogram.', noValue: 'no reads in this time', ...duration },
    [12, 8],
    { interval: '15m' },
    {
      expr: `histogram_quantile(0.95, ${sum(`rate(${series('claude_usage_metrics.source.duration', {}, 'bucket')}[$__rate_interval])`, 'source', 'le')})`,
      legend: '{{source}}',
    },
  ),
  overTime(
    { title: 'Duration of a cycle', description: 'Mean time to collect all sources together.', noValue: 'no cycle in this time', ...duration },
    [12, 8],
    { interval: '15m' },
    {
      expr: `${sum(`rate(${series('claude_usage_metrics.collect.duration', {}, 'sum')}[$__rate_interval])`)} / ${sum(`rate(${series('claude_usage_metrics.collect.duration', {}, 'count')}[$__rate_interval])`)}`,
      legend: 'collect',
    },
  ),
];

const exported = (): Placeable[] => [
  overTime(
    {
      title: 'Points by what became of them',
      description: 'Acknowledged by the backend, rejected by it in part, or lost. What could not be delivered is counted once something can.',
      noValue: 'no push in this time',
      ...count,
    },
    [12, 8],
    { stacked: true, ...counted },
    { expr: sum(`increase(${series('claude_usage_metrics.export.points')}[$__rate_interval])`, 'outcome'), legend: '{{outcome}}' },
  ),
  overTime(
    {
      title: 'Points in flight',
      description: 'Points of earlier pushes that were still under way at a push; and those that are in no outcome and not in flight either, of which there are never any.',
      noValue: 'no push in this time',
      ...count,
    },
    [6, 8],
    {},
    { expr: sum(series('claude_usage_metrics.export.points.in_flight')), legend: 'in flight' },
    {
      expr: `${sum(series('claude_usage_metrics.export.points.produced'))} - ${sum(series('claude_usage_metrics.export.points'))} - ${sum(series('claude_usage_metrics.export.points.in_flight'))}`,
      legend: 'unaccounted for',
    },
  ),
  overTime(
    {
      title: 'Spans by what became of them',
      description: 'The same of the agent’s own traces, where it sends any over OTLP.',
      noValue: 'no traces in this time',
      ...count,
    },
    [6, 8],
    { stacked: true, ...counted },
    { expr: sum(`increase(${series('claude_usage_metrics.export.spans')}[$__rate_interval])`, 'outcome'), legend: '{{outcome}}' },
  ),
];

const ledger = (): Placeable[] => [
  table(
    {
      title: 'Reports',
      description: 'Series: what is exported of each report. Debt: by how much totals are above their report, after it took something back; they rise again when the report has caught up.',
      noValue: '',
      ...count,
    },
    [12, 8],
    { report: 'Report', account: 'Account' },
    [
      { name: 'Series', expr: sum(series('claude_usage_metrics.ledger.series'), 'account', 'report'), ...count },
      { name: 'Debt: tokens', expr: sum(series('claude_usage_metrics.ledger.debt.tokens'), 'account', 'report'), ...count },
      { name: 'Debt: dollars', expr: sum(series('claude_usage_metrics.ledger.debt.cost'), 'account', 'report'), unit: 'currencyUSD', decimals: 2 },
    ],
  ),
  overTime(
    {
      title: 'Restated sums of closed days',
      description: `How often a report changed what it had said of a day that was over (${nameOf('claude_usage_metrics.ledger.revisions')}).`,
      noValue: 'no report in this time',
      ...count,
    },
    [12, 8],
    { stacked: true, ...counted },
    { expr: sum(`increase(${series('claude_usage_metrics.ledger.revisions')}[$__rate_interval])`, 'report', 'direction'), legend: '{{report}}: {{direction}}' },
  ),
];
