import { expect, test } from 'vitest';
import { readUsage } from '../../../src/sources/claude-ai/read.ts';
import { lines } from '../../support/points.ts';

const now = new Date('2026-10-02T12:00:00Z');

/** Points of a body as lines, without the metric's prefix. */
function read(body: object): string[] {
  return lines(readUsage(body, now).gauges).map((line) => line.replace('claude.', ''));
}

function wrongParts(body: object): string[] {
  return readUsage({ ...body, five_hour: { utilization: 1 } }, now).failures.map(({ reason, message }) => `${reason}: ${message}`);
}

function extra(extra_usage: object | null, spend?: object | null): string[] {
  return read({ extra_usage, spend });
}

const window = (share: number): string => `usage.utilization{metric_name=extra_usage} ${share}`;
const used = (value: number, currency = 'USD'): string => `extra_usage.used{currency=${currency}} ${value}`;
const limit = (value: number, currency = 'USD'): string => `extra_usage.limit{currency=${currency}} ${value}`;
const money = (amount_minor: number, currency = 'USD', exponent = 2): object => ({ amount_minor, currency, exponent });

test('the share of the extra usage is its own, else used of limit, else what spend says', () => {
  const amounts = { used_credits: 500, monthly_limit: 2000 };
  expect(extra({ ...amounts, utilization: 26 }, { percent: 27 })).toEqual([window(0.26), used(5), limit(20)]);
  expect(extra({ ...amounts, utilization: null }, { percent: 27 })).toEqual([window(0.25), used(5), limit(20)]);
  expect(extra({ used_credits: 500 }, { percent: 27 })).toEqual([window(0.27), used(5)]);
  expect(extra({ used_credits: 2500, monthly_limit: 2000 })).toEqual([window(1.25), used(25), limit(20)]);
});

test('the extra usage is shown while it is disabled, too', () => {
  const off = { is_enabled: false, user_disabled: true, disabled_reason: 'org_level_disabled', utilization: 40 };
  expect(extra({ ...off, used_credits: 800, monthly_limit: 2000 }, { enabled: false })).toEqual([window(0.4), used(8), limit(20)]);
});

test('an amount without decimal places has those of spend, where spend is of the same currency', () => {
  const own = { used_credits: 500, monthly_limit: 1000 };
  const yen = { used: money(500, 'JPY', 0), limit: money(1000, 'JPY', 0) };
  for (const currency of [null, 'JPY', 'jpy']) {
    expect(extra({ ...own, currency, decimal_places: null }, yen)).toEqual([window(0.5), used(500, 'JPY'), limit(1000, 'JPY')]);
  }
  expect(extra({ ...own, currency: 'EUR' }, yen)).toEqual([window(0.5), used(5, 'EUR'), limit(10, 'EUR')]);
  expect(extra({ ...own, currency: 'JPY', decimal_places: 1 }, yen)).toEqual([window(0.5), used(50, 'JPY'), limit(100, 'JPY')]);
});

test('an amount of spend without a currency is no money', () => {
  expect(extra(null, { used: { amount_minor: 3700, exponent: 2 }, percent: 37 })).toEqual([window(0.37)]);
});

test('its own amounts come first, and each that is missing comes from spend', () => {
  const spend = { used: money(900), limit: money(3000), percent: 30 };
  expect(extra({ used_credits: 500, monthly_limit: 2000 }, spend)).toEqual([window(0.25), used(5), limit(20)]);
  expect(extra({ used_credits: 500, monthly_limit: null }, spend)).toEqual([window(500 / 3000), used(5), limit(30)]);
  expect(extra({ used_credits: null, monthly_limit: null }, spend)).toEqual([window(0.3), used(9), limit(30)]);
  expect(extra(null, spend)).toEqual([window(0.3), used(9), limit(30)]);
  expect(read({ spend })).toEqual([window(0.3), used(9), limit(30)]);
  expect(extra(null, { ...spend, limit: null, cap: { money: money(4500), credits: null } })).toEqual([window(0.2), used(9), limit(45)]);
});

test('0 percent without a limit is a share of nothing; with one it is zero', () => {
  expect(extra(null, { used: money(900), limit: null, percent: 0 })).toEqual([used(9)]);
  expect(extra({ used_credits: 900, monthly_limit: 0 }, { percent: 0 })).toEqual([used(9), limit(0)]);
  const credits = { money: null, credits: { amount_minor: 100_000, exponent: 2 } };
  expect(extra(null, { used: money(0), limit: null, cap: credits, percent: 0 })).toEqual([window(0), used(0)]);
  expect(extra({ used_credits: 0, monthly_limit: 2000 })).toEqual([window(0), used(0), limit(20)]);
});

test.each([
  [undefined, 12.34],
  [null, 12.34],
  [2, 12.34],
  ['2', 12.34],
  [0, 1234],
  [3, 1.234],
])('1234 with %o decimal places is %d', (decimal_places, value) => {
  expect(extra({ used_credits: 1234, decimal_places })).toEqual([used(value)]);
  expect(extra(null, { used: { amount_minor: '1234', currency: 'USD', exponent: decimal_places } })).toEqual([used(value)]);
});

test('amounts of other currencies keep theirs; in two currencies there is no share of one another', () => {
  expect(extra({ used_credits: 1234, decimal_places: 3, currency: 'kwd' })).toEqual([used(1.234, 'KWD')]);
  expect(extra({ used_credits: 1234, decimal_places: 0, currency: 'JPY' })).toEqual([used(1234, 'JPY')]);
  expect(extra({ used_credits: 500, currency: 'EUR' }, { limit: money(2000, 'USD'), percent: 31 })).toEqual([
    window(0.31),
    used(5, 'EUR'),
    limit(20),
  ]);
  expect(extra({ used_credits: 500, currency: null }, { used: money(500, 'EUR') })).toEqual([used(5, 'EUR')]);
});

test.each([
  [{ used_credits: -1 }, 'extra_usage.used_credits'],
  [{ used_credits: true }, 'extra_usage.used_credits'],
  [{ monthly_limit: -1 }, 'extra_usage.monthly_limit'],
  [{ used_credits: 5, decimal_places: -2 }, 'extra_usage.used_credits'],
  [{ used_credits: 5, decimal_places: 1.5 }, 'extra_usage.used_credits'],
  [{ used_credits: 5, decimal_places: 400 }, 'extra_usage.used_credits'],
  [{ used_credits: 5, decimal_places: [2] }, 'extra_usage.used_credits'],
  [{ used_credits: 5, currency: 'dollars' }, 'extra_usage.used_credits'],
  [{ used_credits: 5, currency: 'U\nD' }, 'extra_usage.used_credits'],
  [{ used_credits: 5, currency: 840 }, 'extra_usage.used_credits'],
  [{ utilization: -5 }, 'extra_usage.utilization'],
  [[{ used_credits: 5 }], 'extra_usage'],
  ['off', 'extra_usage'],
])('extra_usage %o is a failure and no point', (extra_usage, part) => {
  expect(wrongParts({ extra_usage })).toEqual([`schema: the usage answer has parts that cannot be read: ${part}`]);
  expect(read({ extra_usage, five_hour: { utilization: 1 } })).toEqual(['usage.utilization{metric_name=five_hour} 0.01']);
});

test.each([
  [[], 'spend'],
  [{ used: 5 }, 'spend.used'],
  [{ used: { amount_minor: {} } }, 'spend.used'],
  [{ limit: [money(5)] }, 'spend.limit'],
  [{ cap: 5 }, 'spend.cap'],
  [{ cap: { money: 5 } }, 'spend.cap.money'],
  [{ percent: 'many' }, 'spend.percent'],
])('spend %o is a failure and no point', (spend, part) => {
  expect(wrongParts({ spend })).toEqual([`schema: the usage answer has parts that cannot be read: ${part}`]);
});

test('a wrong field of the extra usage falls back like an absent one', () => {
  const spend = { used: money(900), percent: 30 };
  expect(extra({ utilization: 'many', used_credits: 'some' }, spend)).toEqual([window(0.3), used(9)]);
});

test('an object with a numeric limit_dollars is a window and a pool, beside limits[] and beside the keys', () => {
  const cinder_cove = {
    utilization: 22.98,
    resets_at: '2026-12-31T00:00:00Z',
    limit_dollars: 250,
    used_dollars: 57.45,
    remaining_dollars: 192.55,
  };
  const pool = [
    'usage.utilization{metric_name=cinder_cove} 0.2298 until 2026-12-31T00:00:00.000Z',
    'usage.seconds_to_reset{metric_name=cinder_cove} at 2026-12-31T00:00:00.000Z until 2026-12-31T00:00:00.000Z',
    'credit_pool.used{metric_name=cinder_cove} 57.45 until 2026-12-31T00:00:00.000Z',
    'credit_pool.limit{metric_name=cinder_cove} 250 until 2026-12-31T00:00:00.000Z',
    'credit_pool.remaining{metric_name=cinder_cove} 192.55 until 2026-12-31T00:00:00.000Z',
  ];
  const session = 'usage.utilization{metric_name=five_hour} 0.42';
  expect(read({ cinder_cove, limits: [{ kind: 'session', percent: 42 }] })).toEqual([session, ...pool]);
  expect(read({ cinder_cove, five_hour: { utilization: 42 } })).toEqual([session, ...pool]);
  expect(read({ cinder_cove })).toEqual(pool);
  expect(readUsage({ cinder_cove }, now).notices).toEqual([]);
});

test('a pool goes by its rule, not by its name', () => {
  expect(read({ 'Brass Thimble': { limit_dollars: '10.5', used_dollars: 12, remaining_dollars: -1.5 } })).toEqual([
    'credit_pool.used{metric_name=brass_thimble} 12',
    'credit_pool.limit{metric_name=brass_thimble} 10.5',
    'credit_pool.remaining{metric_name=brass_thimble} -1.5',
  ]);
  const limits = [{ kind: 'session', percent: 1 }];
  for (const limit_dollars of [null, undefined]) {
    expect(read({ limits, iguana_necktie: { utilization: 5, limit_dollars } })).toEqual(['usage.utilization{metric_name=five_hour} 0.01']);
  }
  expect(read({ limits, iguana_necktie: [{ limit_dollars: 5 }], cinder_cove: 5 })).toHaveLength(1);
});

test('a window that is a pool, too, is one window, with the length of its name', () => {
  const five_hour = { utilization: 42, resets_at: '2026-10-02T13:00:00Z', limit_dollars: 10 };
  expect(read({ five_hour }).map((line) => line.replace(/ until.*/, ''))).toEqual([
    'usage.utilization{metric_name=five_hour} 0.42',
    'usage.seconds_to_reset{metric_name=five_hour} at 2026-10-02T13:00:00.000Z',
    'usage.elapsed{metric_name=five_hour} 5h before 2026-10-02T13:00:00.000Z',
    'credit_pool.limit{metric_name=five_hour} 10',
  ]);
  expect(read({ five_hour, limits: [{ kind: 'session', percent: 50 }] })).toEqual([
    'usage.utilization{metric_name=five_hour} 0.5',
    'credit_pool.limit{metric_name=five_hour} 10 until 2026-10-02T13:00:00.000Z',
  ]);
});

test('of two pools with one name the one that is used more stands whole', () => {
  const full = { utilization: 90, limit_dollars: 10, used_dollars: 9 };
  const empty = { utilization: 1, limit_dollars: 100, used_dollars: 1, remaining_dollars: 99 };
  const expected = [
    'usage.utilization{metric_name=a_b} 0.9',
    'credit_pool.used{metric_name=a_b} 9',
    'credit_pool.limit{metric_name=a_b} 10',
  ];
  expect(read({ 'a-b': full, a_b: empty })).toEqual(expected);
  expect(read({ 'a-b': empty, a_b: full })).toEqual(expected);
});

test.each([
  [{ limit_dollars: true }, 'limit_dollars'],
  [{ limit_dollars: [5] }, 'limit_dollars'],
  [{ limit_dollars: -5 }, 'limit_dollars'],
  [{ limit_dollars: 5, used_dollars: -5 }, 'used_dollars'],
  [{ limit_dollars: 5, remaining_dollars: 'all' }, 'remaining_dollars'],
  [{ limit_dollars: 5, utilization: 'all' }, 'utilization'],
])('a pool %o is a failure, and what can be read of it stands', (cinder_cove, field) => {
  expect(wrongParts({ cinder_cove })).toEqual([`schema: the usage answer has parts that cannot be read: cinder_cove.${field}`]);
  const limits = read({ cinder_cove, five_hour: null, seven_day: { utilization: 1 } }).filter((line) => line.includes('pool.limit'));
  expect(limits).toEqual(cinder_cove.limit_dollars === 5 ? ['credit_pool.limit{metric_name=cinder_cove} 5'] : []);
});

test('keys of the prototype are keys like others', () => {
  const body = JSON.parse('{"__proto__": {"limit_dollars": 5}, "constructor": {"limit_dollars": 6}}') as object;
  expect(read(body)).toEqual(['credit_pool.limit{metric_name=_proto_} 5', 'credit_pool.limit{metric_name=constructor} 6']);
  const inherited = JSON.parse('{"five_hour": {"__proto__": {"utilization": 5}}}') as object;
  expect(read(inherited)).toEqual([]);
});
