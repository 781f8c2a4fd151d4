import { expect, test } from 'vitest';
import { readCredits, readKey } from '../../../src/sources/openrouter/read.ts';
import { lines } from '../../support/points.ts';

const now = new Date('2026-11-21T12:00:00Z');
const whole = { usage: 4, usage_daily: 1, usage_weekly: 2, usage_monthly: 3 };

test.each<{ name: string; key: object; kept: readonly string[]; wrong?: string }>([
  { name: 'nothing wrong', key: whole, kept: ['total 4', 'daily 1', 'weekly 2', 'monthly 3'] },
  { name: 'decimal text', key: { ...whole, usage_daily: '0.25' }, kept: ['total 4', 'daily 0.25', 'weekly 2', 'monthly 3'] },
  { name: 'a spend of another type', key: { ...whole, usage_daily: true }, kept: ['total 4', 'weekly 2', 'monthly 3'], wrong: 'usage_daily' },
  { name: 'text that is no number', key: { ...whole, usage: '$4' }, kept: ['daily 1', 'weekly 2', 'monthly 3'], wrong: 'usage' },
  { name: 'empty text', key: { ...whole, usage: '' }, kept: ['daily 1', 'weekly 2', 'monthly 3'], wrong: 'usage' },
  { name: 'an infinite number', key: { ...whole, usage: '1e999' }, kept: ['daily 1', 'weekly 2', 'monthly 3'], wrong: 'usage' },
  { name: 'a list', key: { ...whole, usage_weekly: [2] }, kept: ['total 4', 'daily 1', 'monthly 3'], wrong: 'usage_weekly' },
  { name: 'no spend of the month', key: { usage: 4, usage_daily: 1, usage_weekly: 2 }, kept: ['total 4', 'daily 1', 'weekly 2'], wrong: 'usage_monthly' },
  { name: 'null for a spend', key: { ...whole, usage_monthly: null }, kept: ['total 4', 'daily 1', 'weekly 2'], wrong: 'usage_monthly' },
  { name: 'a limit of another type', key: { ...whole, limit: {} }, kept: ['total 4', 'daily 1', 'weekly 2', 'monthly 3'], wrong: 'limit' },
  { name: 'a spend below zero', key: { ...whole, usage_daily: -1 }, kept: ['total 4', 'weekly 2', 'monthly 3'], wrong: 'usage_daily' },
  { name: 'a limit below zero', key: { ...whole, limit: -1 }, kept: ['total 4', 'daily 1', 'weekly 2', 'monthly 3'], wrong: 'limit' },
  { name: 'two that are wrong', key: { ...whole, usage: {}, limit_remaining: false }, kept: ['daily 1', 'weekly 2', 'monthly 3'], wrong: 'usage, limit_remaining' },
])('/key with $name keeps what can be read', ({ key, kept, wrong }) => {
  const part = readKey({ data: key }, now);
  const spends = lines(part.gauges).map((line) => line.replace(/^openrouter\.key\.usage\{window=(\w+)\} (\S+).*$/, '$1 $2'));
  expect(spends).toEqual(kept);
  expect(part.failures.map(({ reason, message }) => [reason, message])).toEqual(
    wrong === undefined ? [] : [['schema', `openrouter.ai /key has parts that cannot be read: ${wrong}`]],
  );
});

test('an unknown reset leaves the limit and what is left of it, without a countdown', () => {
  const { gauges, failures } = readKey({ data: { ...whole, limit: 10, limit_remaining: 6, limit_reset: 'yearly' } }, now);
  expect(lines(gauges).slice(4)).toEqual(['openrouter.key.limit{} 10', 'openrouter.key.limit_remaining{} 6']);
  expect(failures).toEqual([]);
});

test('without a limit there is nothing that resets', () => {
  const { gauges } = readKey({ data: { ...whole, limit: null, limit_remaining: null, limit_reset: 'daily' } }, now);
  expect(lines(gauges).filter((line) => line.includes('seconds_to_reset'))).toEqual([]);
});

test.each([
  { total_credits: -10, total_usage: 3 },
  { total_credits: 10, total_usage: -3 },
])('credits bought or spent below zero are no balance: %j', (body) => {
  expect(() => readCredits({ data: body }, true)).toThrow(expect.objectContaining({ reason: 'schema' }));
});

test.each([
  [{ is_management_key: true }, true],
  [{ is_management_key: false }, false],
  [{ is_provisioning_key: true }, true],
  [{ is_management_key: null, is_provisioning_key: true }, true],
  [{ is_management_key: false, is_provisioning_key: true }, false],
  [{ is_management_key: 'true' }, undefined],
  [{}, undefined],
])('a key with %j: management key is %j', (kind, expected) => {
  expect(readKey({ data: { ...whole, ...kind } }, now).isManagementKey).toBe(expected);
});

test.each([null, [], 'text', 7, true, {}, { data: null }, { data: [] }, { data: [whole] }, { data: {} }, { data: { label: 'x' } }, whole])(
  '%j is an answer to neither path',
  (body) => {
    expect(() => readKey(body, now)).toThrow(expect.objectContaining({ reason: 'schema' }));
    expect(() => readCredits(body, true)).toThrow(expect.objectContaining({ reason: 'schema' }));
  },
);

test.each([true, false, undefined])('credits of {0, 0} are a balance for a management key only: %j', (isManagementKey) => {
  const part = readCredits({ data: { total_credits: 0, total_usage: 0 } }, isManagementKey);
  expect(part && lines(part.gauges)).toEqual(
    isManagementKey === true
      ? ['openrouter.credits.total{} 0', 'openrouter.credits.usage{} 0', 'openrouter.credits.remaining{} 0']
      : undefined,
  );
});

test.each([true, false, undefined])('credits that are not nothing are a balance for any key: %j', (isManagementKey) => {
  const part = readCredits({ data: { total_credits: '10', total_usage: 12.5 } }, isManagementKey);
  expect(part && lines(part.gauges)).toEqual([
    'openrouter.credits.total{} 10',
    'openrouter.credits.usage{} 12.5',
    'openrouter.credits.remaining{} -2.5',
  ]);
});

test.each([
  { total_credits: 42 },
  { total_usage: 42 },
  { total_credits: null, total_usage: 0 },
  { total_credits: 1, total_usage: '1e999' },
  { total_credits: 1.7e308, total_usage: -1.7e308 },
])('no half of a balance is a balance: %j', (data) => {
  expect(() => readCredits({ data }, true)).toThrow(expect.objectContaining({ reason: 'schema' }));
});
