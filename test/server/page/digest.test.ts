import { expect, test } from 'vitest';
import { digestOf, noModel, otherModels } from '../../../src/server/page/digest.ts';
import { type SnapshotPoint, snapshotOf, windowPoints } from './support.ts';

const at = new Date('2026-11-10T12:00:00Z');

test('use is summed by model over every other attribute, today and in the snapshot’s month', () => {
  const { use } = digestOf(
    snapshotOf([
      ['claude.tokens.current', { model: 'opus', type: 'input', api_key_id: '1' }, 100],
      ['claude.tokens.current', { model: 'opus', type: 'cache_read', api_key_id: '2' }, 900],
      ['claude.tokens.current', { model: 'haiku', type: 'output' }, 7],
      ['claude.cost.current', { model: 'opus' }, 1.25],
      ['claude.cost.current', { model: 'opus', workspace_id: 'w' }, 2],
      ['claude.cost.current', { cost_type: 'web_search' }, 0.5],
      ['claude.cost', { model: 'opus', period: '2026-11' }, 30],
      ['claude.cost', { model: 'opus', period: '2026-10' }, 4000],
      ['claude.tokens', { model: 'opus', period: '2026-11', type: 'input' }, 5000],
    ]),
    at,
  );
  const own = use.get('default');
  expect(Object.fromEntries(own?.today ?? [])).toEqual({
    opus: { tokens: 1000, inputTokens: 1000, cachedTokens: 900, cost: 3.25 },
    haiku: { tokens: 7 },
    [noModel]: { cost: 0.5 },
  });
  expect(Object.fromEntries(own?.month ?? [])).toEqual({ opus: { tokens: 5000, inputTokens: 5000, cost: 30 } });
});

test('use is told apart by workspace and by key, under their last name, and by owner; of Claude Code it is that of today', () => {
  const key = { api_key_id: 'k1', api_key_name: 'pipeline', owner_name: 'Ada', owner_email: 'ada@example.com' };
  const { use } = digestOf(
    snapshotOf([
      ['claude.cost.current', { workspace_id: 'w1', workspace_name: 'Research', model: 'opus' }, 1],
      ['claude.cost.current', { workspace_id: 'w1', workspace_name: 'Research', model: 'haiku' }, 2],
      ['claude.cost.current', { workspace_id: 'default' }, 5],
      ['claude.cost', { workspace_id: 'w1', workspace_name: 'Research', period: '2026-11' }, 70],
      ['claude.tokens.current', { ...key, type: 'input' }, 10],
      ['claude.tokens.current', { ...key, type: 'output' }, 1],
      ['claude.tokens.current', { api_key_id: 'console', type: 'output' }, 500],
      ['claude.tokens', { ...key, period: '2026-11' }, 9_000],
      ['claude.api_key.cost', { api_key_id: 'k1', api_key_name: 'pipeline', period: '2026-11' }, 8.5],
      ['claude.api_key.cost', { api_key_id: 'k1', api_key_name: 'pipeline', period: '2026-10' }, 4_000],
      ['claude.analytics.code.sessions', { period: '2026-11-10', actor_email: 'ada@example.com' }, 3],
      ['claude.analytics.code.sessions', { period: '2026-11-10', actor_email: 'grace@example.com' }, 4],
      ['claude.analytics.code.sessions', { period: '2026-11-09' }, 1_000],
      ['claude.analytics.code.lines', { period: '2026-11-10', type: 'added' }, 30],
      ['claude.analytics.code.lines', { period: '2026-11-10', type: 'removed' }, 8],
    ]),
    at,
  );
  expect(use.get('default')).toMatchObject({
    workspaces: { highest: [{ name: 'default', today: { cost: 5 }, month: {} }, { name: 'Research', today: { cost: 3 }, month: { cost: 70 } }] },
    keys: {
      highest: [
        { name: 'console', today: { tokens: 500 }, month: {} },
        { name: 'pipeline', owner: 'Ada', today: { tokens: 11 }, month: { tokens: 9_000, cost: 8.5 } },
      ],
    },
    code: { sessions: 7, lines: 30 },
  });
  expect(JSON.stringify(use.get('default'))).not.toContain('@');
});

test('of many keys those with most tokens are shown, and the others summed; one alone is all there is', () => {
  const keys = (count: number): SnapshotPoint[] =>
    Array.from({ length: count }, (_, index): SnapshotPoint => ['claude.tokens.current', { api_key_id: `k${index}` }, index + 1]);
  const shown = (count: number): unknown => digestOf(snapshotOf(keys(count)), at).use.get('default')?.keys;
  expect(shown(25_000)).toMatchObject({
    // Those beyond 20,000 are counted with the others: who they are was not kept.
    highest: [19_999, 19_998, 19_997, 19_996, 19_995].map((index) => ({ name: `k${index}`, today: { tokens: index + 1 } })),
    others: { count: 24_995, today: { tokens: (25_000 * 25_001) / 2 - (20_000 + 19_999 + 19_998 + 19_997 + 19_996) } },
  });
  expect(shown(6)).toMatchObject({ highest: [{ name: 'k5' }, {}, {}, {}, {}, { name: 'k0' }] });
  expect(shown(6)).not.toHaveProperty('others');
  expect(shown(1)).toEqual({ highest: [] });
});

test('gauges stay with their account, and the agent’s own metrics are left out', () => {
  const { gauges } = digestOf(
    snapshotOf([
      ...windowPoints('five_hour', { used: 0.4 }),
      ['claude.usage.utilization', { metric_name: 'five_hour', account: 'other' }, 0.7],
      ['openrouter.credits.remaining', {}, 12],
      ['claude_usage_metrics.source.up', { source: 'claude-ai' }, 1],
      ['claude.rate_limit', { group: 'g', limiter: 'l' }, 50],
    ]),
    at,
  );
  expect([...gauges.keys()]).toEqual(['default', 'other']);
  expect(gauges.get('default')?.map(({ metric, value }) => [metric, value])).toEqual([
    ['claude.usage.utilization', 0.4],
    ['openrouter.credits.remaining', 12],
  ]);
});

test('of 250,000 series of a thousand models nothing stays but sums, and the sums are of all', () => {
  const series = Array.from({ length: 250_000 }, (_, index): SnapshotPoint => ['claude.cost.current', { model: `model-${index % 1000}`, api_key_id: String(index) }, 1]);
  const today = digestOf(snapshotOf(series), at).use.get('default')?.today ?? new Map<string, never>();
  expect(today.size).toBe(401);
  expect(today.get('model-0')).toEqual({ cost: 250 });
  expect(today.get(otherModels)).toEqual({ cost: 600 * 250 });
});

test('of thousands of windows the first are kept whole, and the others counted once each', () => {
  const digest = digestOf(snapshotOf(Array.from({ length: 3000 }, (_, index) => windowPoints(`w${index}`, { used: 0.5, secondsToReset: 60 })).flat()), at);
  expect(digest.gauges.get('default')).toHaveLength(800);
  expect(digest.moreWindows).toBe(2600);
});
