import { expect, test } from 'vitest';
import { type ShownPoint, pictureOf } from '../../src/metrics/picture.ts';
import { plainLines } from '../../src/metrics/describe.ts';

function window(name: string, utilization: number): ShownPoint {
  return { metric: 'claude.usage.utilization', attributes: { metric_name: name }, value: utilization };
}

function plain(metric: string, value: number, attributes: Record<string, string> = {}): ShownPoint {
  return { metric, attributes, value };
}

const now = new Date('2026-10-02T12:00:00Z');

test('windows stand in the order people look for them: session, week, the week by model, extra usage, the rest by name', () => {
  const names = ['tangelo', 'seven_day_opus', 'extra_usage', 'seven_day', 'iguana_necktie', 'seven_day_fable', 'five_hour'];
  const { quotas } = pictureOf(names.map((name) => window(name, 0.5)));
  expect(quotas.map(({ name }) => name)).toEqual([
    'five_hour',
    'seven_day',
    'seven_day_fable',
    'seven_day_opus',
    'extra_usage',
    'iguana_necktie',
    'tangelo',
  ]);
});

test('what is known of one window is one quota, and what is not known is absent from it', () => {
  const attributes = { metric_name: 'five_hour' };
  const { quotas } = pictureOf([
    window('five_hour', 0.42),
    plain('claude.usage.seconds_to_reset', 5340, attributes),
    plain('claude.usage.elapsed', 0.7, attributes),
    plain('claude.usage.limit_active', 1, attributes),
    window('seven_day', 0),
  ]);
  expect(quotas).toEqual([
    { name: 'five_hour', used: 0.42, elapsed: 0.7, secondsToReset: 5340, binding: true },
    { name: 'seven_day', used: 0 },
  ]);
});

test('plain lines say each fact in words: windows, amounts in their currency, balances, caps, spend', () => {
  const pool = { metric_name: 'iguana_necktie' };
  const lines = plainLines(
    pictureOf([
      window('five_hour', 0.42),
      plain('claude.usage.seconds_to_reset', 5340, { metric_name: 'five_hour' }),
      plain('claude.usage.elapsed', 0.7, { metric_name: 'five_hour' }),
      plain('claude.usage.limit_active', 1, { metric_name: 'five_hour' }),
      window('seven_day', 0),
      window('extra_usage', 1.06),
      plain('claude.extra_usage.used', 53, { currency: 'EUR' }),
      plain('claude.extra_usage.limit', 50, { currency: 'EUR' }),
      window('iguana_necktie', 0.2298),
      plain('claude.credit_pool.used', 57.45, pool),
      plain('claude.credit_pool.limit', 250, pool),
      plain('claude.credit_pool.remaining', 192.55, pool),
      plain('claude.session.seconds_to_expiry', 26 * 86_400),
      plain('openrouter.credits.total', 100),
      plain('openrouter.credits.usage', 102.1),
      plain('openrouter.credits.remaining', -2.1),
      plain('openrouter.key.limit', 100),
      plain('openrouter.key.limit_remaining', 81.5),
      plain('openrouter.key.seconds_to_reset', 86_400),
      plain('openrouter.key.usage', 25.5, { window: 'total' }),
      plain('openrouter.key.usage', 1.25, { window: 'daily' }),
    ]),
    now,
  );
  expect(lines).toEqual([
    'five_hour: 42 % used, resets in 1h 29m (2026-10-02T13:29Z), 70 % of its time gone, binding',
    'seven_day: 0 % used, no reset yet',
    'extra_usage: 106 % used, €53.00 of €50.00',
    'iguana_necktie: 22.9 % used, $192.55 left of $250.00',
    'credits: overdrawn by $2.10',
    'key_limit: 18.5 % used, $81.50 left of $100.00, resets in 1d (2026-10-03T12:00Z)',
    'key_spend: today $1.25, ever $25.50',
    'session: expires in 26d',
  ]);
});

test('a key without a cap has no quota, and no points are no picture', () => {
  expect(pictureOf([plain('openrouter.key.limit_remaining', 5)]).quotas).toEqual([]);
  expect(pictureOf([])).toEqual({ quotas: [], spent: {} });
});
