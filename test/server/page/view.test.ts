import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/server/page/digest.ts';
import { History } from '../../../src/server/page/history.ts';
import type { SourceState } from '../../../src/server/page/source-state.ts';
import { type StatusView, type ViewInput, keptValues, viewOf } from '../../../src/server/page/view.ts';
import { type SnapshotPoint, snapshotOf, windowPoints } from './support.ts';

const at = new Date('2026-11-10T12:00:00Z');
const hour = 3600;

function later(seconds: number): Date {
  return new Date(at.getTime() + seconds * 1000);
}

function source(name: SourceState['source'], state: Partial<SourceState> = {}): SourceState {
  return { source: name, account: 'default', up: true, failures: [], notices: [], lastSuccessAt: at, ...state };
}

const challenged: Partial<SourceState> = { up: false, failures: [{ reason: 'challenged', message: 'claude.ai answered a challenge' }], lastSuccessAt: at };

function view(points: readonly SnapshotPoint[], options: Partial<ViewInput> = {}): StatusView {
  const sources = [source('claude-ai'), source('openrouter')];
  return viewOf({ digest: digestOf(snapshotOf(points), at), history: new History(), sources, stalled: false, pushes: true, now: at, ...options });
}

const fast = windowPoints('five_hour', { used: 0.6, elapsed: 0.4, secondsToReset: 3 * hour });
const slow = windowPoints('seven_day', { used: 0.3, elapsed: 0.5, secondsToReset: 84 * hour });

test('a window has its share, reset, pace and when it will be full, as instants', () => {
  const [claude] = view([...slow, ...fast]).upstreams;
  expect(claude?.quotas).toMatchObject([
    { name: 'five_hour', used: 0.6, heat: 'warm', resetAt: later(3 * hour), forecast: { kind: 'fills' } },
    { name: 'seven_day', used: 0.3, heat: 'calm', forecast: { kind: 'lasts', usedAtReset: 0.6 } },
  ]);
  expect(claude?.quotas[0]?.pace).toBeCloseTo(1.5);
  const forecast = claude?.quotas[0]?.forecast;
  expect(forecast?.kind === 'fills' && Math.round(forecast.at.getTime() / 1000)).toBe(later(80 * 60).getTime() / 1000);
});

test('a window that has reset since it was read is not known: not zero, and not the old share', () => {
  const [claude] = view(fast, { now: later(3 * hour + 1) }).upstreams;
  expect(claude?.quotas).toEqual([{ name: 'five_hour', wasReset: true, binding: false }]);
});

test('before the first cycle nothing is known, and when cycles have stopped nothing is any more', () => {
  const { digest, ...rest } = { digest: digestOf(snapshotOf(fast), at), history: new History(), pushes: true, now: at };
  const sources = [source('claude-ai'), source('anthropic-cost')];
  const starting = viewOf({ ...rest, sources, stalled: false });
  expect(starting.headline).toEqual({ kind: 'starting' });
  expect(starting.upstreams[0]?.quotas).toEqual([]);
  const stalled = viewOf({ ...rest, digest, sources, stalled: true });
  expect(stalled.headline).toEqual({ kind: 'stalled' });
  expect(stalled.upstreams[0]?.quotas).toEqual([]);
  expect(stalled.organizations[0]).toMatchObject({ models: [], total: { today: {}, month: {} } });
});

test('a source that fails has its reason, what it means and what to do', () => {
  const [claude] = view([], { sources: [source('claude-ai', challenged)] }).upstreams;
  expect(claude?.state.explained).toEqual([
    expect.objectContaining({ reason: 'challenged', message: 'claude.ai answered a challenge', remedy: expect.stringContaining('CLAUDE_USER_AGENT') as string }),
  ]);
});

describe('the headline', () => {
  const credits = (remaining: number): SnapshotPoint[] => [['openrouter.credits.remaining', {}, remaining]];

  test.each([
    ['a window that is used up, before one that will be', [...fast, ...windowPoints('tangelo', { used: 1, secondsToReset: hour })], { kind: 'full', name: 'tangelo', resetAt: later(hour) }],
    ['credits that are used up', [...slow, ...credits(-1)], { kind: 'full', upstream: 'openrouter', name: 'credits' }],
    ['a window that will be full, before one that is higher', [...fast, ...windowPoints('x', { used: 0.9 })], { kind: 'fills', name: 'five_hour', heat: 'warm' }],
    ['one that will be full soon as what it is, hot', windowPoints('five_hour', { used: 0.9, elapsed: 0.5, secondsToReset: 2 * hour }), { kind: 'fills', heat: 'hot' }],
    ['the highest window, when it is high', [...slow, ...windowPoints('x', { used: 0.9 })], { kind: 'high', name: 'x', used: 0.9 }],
    ['how much is left where that is little', [...slow, ...credits(4.99)], { kind: 'low', upstream: 'openrouter', name: 'credits', left: 4.99, currency: 'USD', heat: 'warm' }],
    ['that all is calm', [...slow, ...credits(5)], { kind: 'calm' }],
  ])('says %s', (_, points, headline) => {
    expect(view(points).headline).toMatchObject(headline);
  });

  test('names what nothing is known of, and does not call it calm', () => {
    const sources = [source('claude-ai', challenged), source('openrouter')];
    expect(view(credits(5), { sources }).headline).toEqual({ kind: 'unknown', upstreams: ['claude.ai'] });
    // What a key without a cap has spent is something.
    const failing = [source('openrouter', { up: false })];
    expect(view([['openrouter.key.usage', { window: 'daily' }, 1]], { sources: failing }).headline).toEqual({ kind: 'calm' });
    expect(view([], { sources: failing }).headline).toEqual({ kind: 'unknown', upstreams: ['OpenRouter'] });
  });

  test('says an organization’s cost where nothing has a limit', () => {
    const sources = [source('anthropic-cost')];
    expect(view([['claude.cost.current', { model: 'opus' }, 12.5]], { sources }).headline).toEqual({ kind: 'cost', amount: 12.5 });
    expect(view([], { sources }).headline).toEqual({ kind: 'cost', amount: 0 });
    const failing = [source('anthropic-cost', { up: false })];
    expect(view([], { sources: failing }).headline).toEqual({ kind: 'unknown', upstreams: ['the organization'] });
  });
});

describe('an organization', () => {
  const sources = [source('anthropic-usage'), source('anthropic-cost')];
  const costs = (count: number): SnapshotPoint[] =>
    Array.from({ length: count }, (_, index): SnapshotPoint => ['claude.cost.current', { model: `m${index}` }, index + 1]);

  test('shows the ten models that cost most today, and the others as one', () => {
    const [use] = view(costs(14), { sources }).organizations;
    expect(use?.models.map(({ name }) => name)).toEqual(['m13', 'm12', 'm11', 'm10', 'm9', 'm8', 'm7', 'm6', 'm5', 'm4']);
    expect(use?.rest).toMatchObject({ count: 4, today: { cost: 1 + 2 + 3 + 4 } });
    expect(use?.total.today.cost).toBe((14 * 15) / 2);
    expect(view(costs(11), { sources }).organizations[0]?.rest).toBeUndefined();
  });

  test('has used nothing when its report was read and is empty, and who knows what when it was not', () => {
    expect(view([], { sources }).organizations[0]?.knowsToday).toEqual({ tokens: true, cost: true });
    const failing = [source('anthropic-usage', { up: false }), source('anthropic-cost')];
    expect(view([], { sources: failing }).organizations[0]?.knowsToday).toEqual({ tokens: false, cost: true });
  });

  test('says nothing of today from a snapshot of yesterday, nor of the month from one of the month before', () => {
    const points: SnapshotPoint[] = [...costs(1), ['claude.cost', { model: 'm0', period: '2026-11' }, 9]];
    const tomorrow = view(points, { sources, now: new Date('2026-11-11T00:00:05Z') }).organizations[0];
    expect(tomorrow).toMatchObject({ knowsToday: { cost: false }, total: { today: {}, month: { cost: 9 } } });
    expect(view(points, { sources, now: new Date('2026-12-01T00:00:05Z') }).organizations[0]).toMatchObject({ total: { today: {}, month: {} } });
  });

  test('says the same of workspaces, keys and Claude Code', () => {
    const points: SnapshotPoint[] = [
      ...['w1', 'w2'].flatMap((id): SnapshotPoint[] => [['claude.cost.current', { workspace_id: id }, 1], ['claude.cost', { workspace_id: id, period: '2026-11' }, 9]]),
      ['claude.analytics.code.commits', { period: '2026-11-10' }, 3],
    ];
    const used = (now: Date): object | undefined => view(points, { sources, now }).organizations[0];
    expect(used(at)).toMatchObject({ workspaces: { highest: [{ name: 'w1', today: { cost: 1 }, month: { cost: 9 } }, { name: 'w2' }] }, code: { commits: 3 } });
    expect(used(new Date('2026-11-11T00:00:05Z'))).toMatchObject({ workspaces: { highest: [{ name: 'w1', today: {}, month: { cost: 9 } }, { name: 'w2' }] }, code: {} });
    expect(used(new Date('2026-12-01T00:00:05Z'))).toMatchObject({ workspaces: { highest: [] }, keys: { highest: [] }, code: {} });
  });
});

test('a line is kept of each share, and of what is left where there is no share', () => {
  const digest = digestOf(snapshotOf([...fast, ['openrouter.credits.remaining', {}, 12], ['openrouter.key.limit', {}, 100]]), at);
  expect([...keptValues(digest).values()]).toEqual([0.6, 12]);
  const history = new History();
  history.add(at, keptValues(digest));
  const { upstreams } = view([...fast, ['openrouter.credits.remaining', {}, 12]], { history });
  expect(upstreams.map(({ quotas }) => quotas[0]?.line?.at(-1))).toEqual([0.6, 12]);
});
