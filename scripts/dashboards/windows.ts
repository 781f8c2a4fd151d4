import { BarGaugeDisplayMode, BarGaugeValueMode, type Dashboard, MappingType, TableCellBackgroundDisplayMode, TableCellDisplayMode } from '@grafana/schema';
import { dashboard } from './dashboard.ts';
import { badBelow, bars, datasource, overTime, stat, table, worseFrom } from './panel.ts';
import { elapsed, max, pace, secondsToFull, secondsToReset, series, sum, threshold, used } from './query.ts';

const window = '{{metric_name}} · {{account}}';
const share = { unit: 'percentunit', decimals: 0 } as const;
const duration = { unit: 's', decimals: 1 } as const;
const dollars = { unit: 'currencyUSD', decimals: 2 } as const;
const usedSteps = worseFrom(threshold('window_high'), threshold('window_full'));
const paceSteps = worseFrom(1, threshold('pace'));
const expirySteps = badBelow(threshold('session_expiry'));
const balanceSteps = badBelow(threshold('openrouter_balance'));
const noWindow = 'not known';
const byWindow = ['account', 'metric_name'] as const;
const weekly = series('claude.usage.utilization', { metric_name: '=~seven_day.*' });

/** Who is near a limit, at what pace, since when, and until when. */
export function windowsDashboard(): Dashboard {
  return dashboard({
    uid: 'claude-windows',
    title: 'Claude windows',
    description: 'Usage windows of claude.ai, extra usage and OpenRouter: what is used, when it resets, and whether it lasts until then.',
    from: 'now-2d',
    timezone: 'browser',
    annotations: [
      {
        name: 'Weekly reset',
        datasource,
        enable: true,
        iconColor: 'blue',
        // Only of windows of a week: shorter ones would cover the picture.
        ...annotation(`${max(`${weekly} offset $__interval`, ...byWindow)} - ${max(weekly, ...byWindow)} > 0.02`),
      },
    ],
    sections: [
      { heading: 'Now', panels: now() },
      { heading: 'History', panels: history() },
      { heading: 'Credits', panels: credits() },
    ],
  });
}

/** What the schema's type of an annotation leaves to the data source. */
function annotation(expr: string): object {
  return { expr, titleFormat: 'Reset', textFormat: window };
}

const now = (): ReturnType<typeof stat>[] => [
  stat(
    {
      title: 'Nearest to its limit',
      description: 'The window of which most is used. Orange and red are where the alerts are.',
      noValue: noWindow,
      ...share,
      steps: usedSteps,
      named: true,
    },
    [6, 4],
    { expr: `topk(1, ${used})`, legend: window },
  ),
  stat(
    {
      title: 'First to be full at this pace',
      description: 'The window that will be full before its reset if use goes on as it has since the window began, and in how long. None: all last, or none is known, or a tenth of their time is not gone yet.',
      noValue: 'none known',
      ...duration,
      steps: [{ color: 'red', value: null }],
      named: true,
    },
    [6, 4],
    { expr: `bottomk(1, ${secondsToFull})`, legend: window },
  ),
  stat(
    {
      title: 'Next reset',
      description: 'The window that resets first. A window that has not started has no reset.',
      noValue: noWindow,
      ...duration,
      named: true,
    },
    [6, 4],
    { expr: `bottomk(1, ${secondsToReset})`, legend: window },
  ),
  stat(
    {
      title: 'Session expires in',
      description: 'Time to the session cookie’s own date, of the account with least left. Only a cookie service knows it.',
      noValue: 'date not known',
      ...duration,
      steps: expirySteps,
    },
    [3, 4],
    { expr: `min(${series('claude.session.seconds_to_expiry')})`, legend: 'session' },
  ),
  stat(
    {
      title: 'Sources down',
      description: 'Sources whose last read did not succeed in full. The dashboard of the agent says why.',
      noValue: 'no agent',
      unit: 'short',
      steps: worseFrom(1, 2),
      mappings: [{ type: MappingType.ValueToText, options: { '0': { text: 'none' } } }],
    },
    [3, 4],
    { expr: sum(`1 - ${max(series('claude_usage_metrics.source.up'), 'account', 'source')}`), legend: 'down' },
  ),
  table(
    {
      title: 'Windows',
      description:
        'Used: share of the window. Time gone: share of its five hours or seven days. Pace: used over time gone, which is what the window will be at its reset; above 100 % it is full before. Neither pace nor forecast is made before a tenth of the time is gone. An empty field is not known, or does not apply.',
      noValue: '',
      unit: 'short',
    },
    [24, 8],
    { metric_name: 'Window', account: 'Account' },
    [
      {
        name: 'Used',
        expr: used,
        ...share,
        steps: usedSteps,
        max: 1,
        cell: { type: TableCellDisplayMode.Gauge, mode: BarGaugeDisplayMode.Basic, valueDisplayMode: BarGaugeValueMode.Text },
      },
      { name: 'Time gone', expr: elapsed, ...share },
      { name: 'Pace', expr: pace, ...share, steps: paceSteps, cell: { type: TableCellDisplayMode.ColorBackground, mode: TableCellBackgroundDisplayMode.Basic } },
      { name: 'Resets in', expr: secondsToReset, ...duration },
      { name: 'Full in', expr: secondsToFull, ...duration },
      {
        name: 'Binding',
        expr: max(series('claude.usage.limit_active'), ...byWindow),
        unit: 'short',
        mappings: [{ type: MappingType.ValueToText, options: { '0': { text: '' }, '1': { text: '▸ binding' } } }],
      },
    ],
  ),
];

const history = (): ReturnType<typeof stat>[] => [
  overTime(
    {
      title: 'Used',
      description: 'Share of each window that is used. It falls at a reset. A gap is a time of which nothing is known.',
      noValue: 'no window is known in this time',
      ...share,
      steps: usedSteps,
    },
    [24, 9],
    { lines: true },
    { expr: used, legend: window },
  ),
  overTime(
    {
      title: 'Pace',
      description: 'Used share over elapsed share. Above 100 % the window is full before its reset. None is drawn before a tenth of its time is gone.',
      noValue: 'no pace is known in this time',
      ...share,
      steps: paceSteps,
    },
    [12, 8],
    { lines: true },
    { expr: pace, legend: window },
  ),
  overTime(
    {
      title: 'Time to reset',
      description: 'It falls to zero and starts again. A window that is emptied before that was emptied by the vendor.',
      noValue: 'no reset is known in this time',
      ...duration,
    },
    [12, 8],
    {},
    { expr: secondsToReset, legend: window },
  ),
];

const credits = (): ReturnType<typeof stat>[] => [
  stat(
    {
      title: 'Extra usage',
      description: 'Pay-as-you-go credits used, and their cap where there is one, in the currency that the name has.',
      noValue: 'off, or not known',
      unit: 'none',
      decimals: 2,
      named: true,
    },
    [8, 6],
    { expr: max(series('claude.extra_usage.used'), 'account', 'currency'), legend: 'used {{currency}} · {{account}}' },
    { expr: max(series('claude.extra_usage.limit'), 'account', 'currency'), legend: 'cap {{currency}} · {{account}}' },
  ),
  table(
    { title: 'Credit pools', description: 'Dollars of each pool of credits.', noValue: '', unit: 'short' },
    [8, 6],
    { metric_name: 'Pool', account: 'Account' },
    [
      { name: 'Left', expr: max(series('claude.credit_pool.remaining'), ...byWindow), ...dollars },
      { name: 'Used', expr: max(series('claude.credit_pool.used'), ...byWindow), ...dollars },
      { name: 'Size', expr: max(series('claude.credit_pool.limit'), ...byWindow), ...dollars },
    ],
  ),
  table(
    {
      title: 'OpenRouter',
      description: 'Credits left, bought and spent on the account, which only a management key may see; what is left of the key’s cap, and when that resets.',
      noValue: '',
      unit: 'short',
    },
    [8, 6],
    { account: 'Account' },
    [
      {
        name: 'Left',
        expr: max(series('openrouter.credits.remaining'), 'account'),
        ...dollars,
        steps: balanceSteps,
        cell: { type: TableCellDisplayMode.ColorText },
      },
      { name: 'Bought', expr: max(series('openrouter.credits.total'), 'account'), ...dollars },
      { name: 'Spent', expr: max(series('openrouter.credits.usage'), 'account'), ...dollars },
      { name: 'Key: left', expr: max(series('openrouter.key.limit_remaining'), 'account'), ...dollars },
      { name: 'Key: cap', expr: max(series('openrouter.key.limit'), 'account'), ...dollars },
      { name: 'Key: resets in', expr: max(series('openrouter.key.seconds_to_reset'), 'account'), ...duration },
    ],
  ),
  bars(
    {
      title: 'Spent by the OpenRouter key',
      description: 'Today, this week (from Monday) and this month, in UTC.',
      noValue: 'not known',
      ...dollars,
    },
    [8, 6],
    { expr: max(series('openrouter.key.usage', { window: '!=total' }), 'account', 'window'), legend: '{{window}} · {{account}}' },
  ),
  overTime(
    {
      title: 'OpenRouter credits left',
      description: 'At zero OpenRouter refuses every request. The line is where the alert is.',
      noValue: 'no balance is known in this time',
      ...dollars,
      steps: balanceSteps,
    },
    [16, 6],
    { lines: true },
    { expr: max(series('openrouter.credits.remaining'), 'account'), legend: '{{account}}' },
  ),
];
