import { expect, test } from 'vitest';
import { readUsage } from '../../../src/sources/claude-ai/read.ts';
import { lines } from '../../support/points.ts';

const now = new Date('2026-10-02T12:00:00Z');

/** Points of a body as lines, without what is the same in all: the metric's prefix and the validity. */
function read(body: object): string[] {
  return lines(readUsage(body, now).gauges).map((line) => line.replace('claude.', '').replace(/ until .*/, ''));
}

/** What a reading that has good parts says of the bad ones. */
function unreadable(body: object): string | undefined {
  const { gauges, failures } = readUsage(body, now);
  expect(gauges).not.toEqual([]);
  expect(failures.map(({ reason }) => reason)).toEqual(['schema']);
  return failures[0]?.message.replace('the usage answer has parts that cannot be read: ', '');
}

const session = { kind: 'session', percent: 42 };
const sessionLine = 'usage.utilization{metric_name=five_hour} 0.42';

test.each([
  [{ kind: 'session' }, 'five_hour'],
  [{ kind: 'weekly_all' }, 'seven_day'],
  [{ kind: 'weekly_scoped', scope: { model: { id: 'claude-fable-5', display_name: 'Fable' } } }, 'seven_day_claude_fable_5'],
  [{ kind: 'weekly_scoped', scope: { model: { id: null, display_name: 'Fable' }, surface: 'design' } }, 'seven_day_fable'],
  [{ kind: 'weekly_scoped', scope: { model: { id: ' ', display_name: 5 }, surface: 'Claude  Design!' } }, 'seven_day_claude_design_'],
  [{ kind: 'weekly_scoped', scope: { model: null, surface: { display_name: 'Cowork' } } }, 'seven_day_cowork'],
  [{ kind: 'weekly_scoped', scope: { model: { display_name: '模型' } } }, 'seven_day__'],
  [{ kind: 'Monthly Spend' }, 'monthly_spend'],
  [{ kind: 'spend' }, 'spend'],
])('a row %o is the window %s', (row, name) => {
  expect(read({ limits: [{ ...row, percent: 7 }] })).toEqual([`usage.utilization{metric_name=${name}} 0.07`]);
});

test('a scope of all models repeats the weekly window and is left out, with one debug line', () => {
  const all = { kind: 'weekly_scoped', percent: 99, scope: { model: { display_name: 'All models' } } };
  const { gauges, failures, notices } = readUsage({ limits: [all, { kind: 'weekly_all', percent: 99 }, all] }, now);
  expect(lines(gauges)).toEqual(['claude.usage.utilization{metric_name=seven_day} 0.99']);
  expect(failures).toEqual([]);
  expect(notices).toHaveLength(1);
});

test.each([
  [{ percent: 5 }, 'limits[].kind'],
  [{ kind: '', percent: 5 }, 'limits[].kind'],
  [{ kind: 7, percent: 5 }, 'limits[].kind'],
  [{ kind: 'weekly_scoped', percent: 5, scope: null }, 'limits[weekly_scoped].scope'],
  [{ kind: 'weekly_scoped', percent: 5, scope: ['Fable'] }, 'limits[weekly_scoped].scope'],
  [{ kind: 'weekly_scoped', percent: 5, scope: { model: { id: null, display_name: null }, surface: null } }, 'limits[weekly_scoped].scope'],
  [['session', 5], 'limits[]'],
  ['session', 'limits[]'],
])('a row without a name, %o, is a failure and costs the others nothing', (row, part) => {
  expect(read({ limits: [row, session] })).toEqual([sessionLine]);
  expect(unreadable({ limits: [row, session] })).toBe(part);
});

test('of two rows with one name the higher stands whole', () => {
  const low = { kind: 'session', percent: 12, resets_at: '2026-10-02T13:00:00Z', is_active: true };
  const high = { kind: 'session', percent: 13, resets_at: null, is_active: false };
  const expected = ['usage.utilization{metric_name=five_hour} 0.13', 'usage.limit_active{metric_name=five_hour} 0'];
  expect(read({ limits: [low, high] })).toEqual(expected);
  expect(read({ limits: [high, low] })).toEqual(expected);
  expect(read({ limits: [{ kind: 'session', percent: null }, session] })).toEqual([sessionLine]);
});

test('names that are the same in their first 128 bytes are one window, whose name is no longer', () => {
  const scoped = (end: string, percent: number): object => ({
    kind: 'weekly_scoped',
    percent,
    scope: { model: { display_name: 'M'.repeat(1_000_000) + end } },
  });
  const [line, ...others] = read({ limits: [scoped('a', 1), scoped('b', 2)] });
  expect(line).toBe(`usage.utilization{metric_name=seven_day_${'m'.repeat(118)}} 0.02`);
  expect(others).toEqual([]);
});

test('the keys are windows only where limits[] has no row', () => {
  const keys = {
    five_hour: { utilization: 1 },
    seven_day: { utilization: 2 },
    seven_day_opus: { utilization: 3 },
    seven_day_new_thing: { utilization: 4 },
    seven_day_breakdown: { utilization: 5 },
    sevenday: { utilization: 6 },
    nimbus_quill: { utilization: 7 },
  };
  const expected = ['five_hour} 0.01', 'seven_day} 0.02', 'seven_day_opus} 0.03', 'seven_day_new_thing} 0.04'].map(
    (line) => `usage.utilization{metric_name=${line}`,
  );
  for (const limits of [undefined, null, [], [null], {}, 'none', 5, [5], [[]]]) expect(read({ ...keys, limits })).toEqual(expected);
  expect(unreadable({ ...keys, limits: {} })).toBe('limits');
  expect(unreadable({ ...keys, limits: [5] })).toBe('limits[]');
  expect(readUsage({ ...keys, limits: [null] }, now).failures).toEqual([]);
  expect(read({ ...keys, limits: [session] })).toEqual([sessionLine]);
  expect(() => readUsage({ ...keys, limits: [{}] }, now)).toThrow(expect.objectContaining({ reason: 'schema' }));
});

test.each([
  [42, 0.42],
  [100.5, 1.005],
  [1e6, 10_000],
  [0, 0],
  ['42', 0.42],
  ['4.2e1', 0.42],
])('percent %o is %d', (percent, share) => {
  const { gauges, failures } = readUsage({ limits: [{ kind: 'session', percent }], five_hour: {} }, now);
  expect(gauges.map(({ value }) => value)).toEqual([share]);
  expect(failures).toEqual([]);
});

test('percent -0 is 0', () => {
  expect(readUsage(JSON.parse('{"five_hour": {"utilization": -0.0}}'), now).gauges[0]?.value).toBe(0);
});

test.each(['-1', '1e400', '-1e400', '"1e400"', '"0x10"', '"12 %"', '"12,5"', '""', '" "', 'true', 'false', '[42]', '{"value": 42}'])(
  'percent %s is a failure, and the other fields of its row stand',
  (percent) => {
    const row = `{"kind": "weekly_all", "percent": ${percent}, "resets_at": "2026-10-05T12:00:00Z", "is_active": true}`;
    const body = JSON.parse(`{"limits": [${row}]}`) as object;
    expect(read(body)).toEqual([
      'usage.seconds_to_reset{metric_name=seven_day} at 2026-10-05T12:00:00.000Z',
      'usage.elapsed{metric_name=seven_day} 168h before 2026-10-05T12:00:00.000Z',
      'usage.limit_active{metric_name=seven_day} 1',
    ]);
    expect(unreadable(body)).toBe('limits[seven_day].percent');
    const old = JSON.parse(`{"seven_day": {"utilization": ${percent}}, "five_hour": {"utilization": 42}}`) as object;
    expect(read(old)).toEqual([sessionLine]);
    expect(unreadable(old)).toBe('seven_day.utilization');
  },
);

test.each([null, undefined])('percent %s is absence, not a failure and not zero', (percent) => {
  const reading = readUsage({ limits: [{ kind: 'session', percent }], five_hour: { utilization: percent } }, now);
  expect(reading).toMatchObject({ gauges: [], failures: [] });
});

test.each(['yes', 1, [], {}])('is_active %o is a failure and no point', (is_active) => {
  expect(read({ limits: [{ ...session, is_active }] })).toEqual([sessionLine]);
  expect(unreadable({ limits: [{ ...session, is_active }] })).toBe('limits[five_hour].is_active');
});

test.each([
  ['2026-10-02T13:00:00Z', '2026-10-02T13:00:00.000Z'],
  ['2026-10-02T13:00:00.123456+00:00', '2026-10-02T13:00:00.123Z'],
  ['2026-10-02T22:00:00+09:00', '2026-10-02T13:00:00.000Z'],
  [1790946000, '2026-10-02T13:00:00.000Z'],
  [1790946000.5, '2026-10-02T13:00:00.500Z'],
  ['1790946000', '2026-10-02T13:00:00.000Z'],
])('reset %o is an instant', (resets_at, instant) => {
  expect(read({ limits: [{ ...session, resets_at }] })).toEqual([
    sessionLine,
    `usage.seconds_to_reset{metric_name=five_hour} at ${instant}`,
    `usage.elapsed{metric_name=five_hour} 5h before ${instant}`,
  ]);
});

test.each([
  ['milliseconds', 1790946000000],
  ['milliseconds as text', '1790946000000'],
  ['microseconds', 1790946000000000],
  ['seconds that are left', 3600],
  ['zero', 0],
  ['a negative number', -1790946000],
  ['beyond every date', 1e300],
  ['no zone', '2026-10-02T13:00:00'],
  ['a day that is not', '2026-02-30T13:00:00Z'],
  ['the year 9999', '9999-10-02T13:00:00Z'],
  ['a date', '2026-10-03'],
  ['words', 'soon'],
  ['empty', ''],
  ['a boolean', true],
  ['an array', ['2026-10-02T13:00:00Z']],
  ['an object', { at: '2026-10-02T13:00:00Z' }],
  ['null', null],
  ['the present', '2026-10-02T12:00:00Z'],
  ['the past', '2026-10-02T11:59:59.999Z'],
])('a reset that is %s costs the countdown, and nothing else', (_what, resets_at) => {
  for (const body of [{ limits: [{ ...session, resets_at }] }, { five_hour: { utilization: 42, resets_at } }]) {
    const reading = readUsage(body, now);
    expect(lines(reading.gauges)).toEqual(['claude.usage.utilization{metric_name=five_hour} 0.42']);
    expect(reading.failures).toEqual([]);
  }
});

test.each([
  [{ kind: 'session', resets_at: '2026-10-02T17:00:00Z' }, '5h'],
  // Resets jitter around their minute.
  [{ kind: 'session', resets_at: '2026-10-02T17:00:59Z' }, '5h'],
  [{ kind: 'session', resets_at: '2026-10-02T17:01:01Z' }, undefined],
  [{ kind: 'session', resets_at: '2026-10-02T12:00:01Z' }, '5h'],
  [{ kind: 'weekly_all', resets_at: '2026-10-09T12:00:00Z' }, '168h'],
  [{ kind: 'weekly_all', resets_at: '2026-10-10T12:00:00Z' }, undefined],
  [{ kind: 'some_kind', group: 'session', resets_at: '2026-10-02T17:00:00Z' }, '5h'],
  [{ kind: 'some_kind', group: 'weekly', resets_at: '2026-10-02T17:00:00Z' }, '168h'],
  [{ kind: 'some_kind', group: 'monthly', resets_at: '2026-10-02T17:00:00Z' }, undefined],
  [{ kind: 'some_kind', resets_at: '2026-10-02T17:00:00Z' }, undefined],
])('of %o the share of time that is gone has the length %s', (row, length) => {
  const points = read({ limits: [row] });
  expect(points.filter((line) => line.includes('seconds_to_reset'))).toHaveLength(1);
  expect(points.filter((line) => line.includes('elapsed')).map((line) => /(\d+h)/.exec(line)?.[1])).toEqual(
    length === undefined ? [] : [length],
  );
});

test('a reset beyond the next window has no countdown; the value ends with it all the same: the machine may have slept since the read began', () => {
  const rows = [
    { kind: 'session', percent: 10, resets_at: '2026-10-02T22:02:00Z' },
    { kind: 'weekly_all', percent: 20, resets_at: '2199-01-01T00:00:00Z' },
  ];
  expect(read({ limits: rows })).toEqual(['usage.utilization{metric_name=five_hour} 0.1', 'usage.utilization{metric_name=seven_day} 0.2']);
  const ends = readUsage({ limits: rows }, now).gauges.map(({ validUntil }) => validUntil?.toISOString());
  expect(ends).toEqual(['2026-10-02T22:02:00.000Z', '2199-01-01T00:00:00.000Z']);
});

test('of two windows with one name that are used alike the one with a reset is taken', () => {
  const rows = [
    { kind: 'session', percent: 10, resets_at: null },
    { kind: 'session', percent: 10, resets_at: '2026-10-02T13:00:00Z' },
  ];
  expect(read({ limits: rows }).filter((line) => line.includes('seconds_to_reset'))).toHaveLength(1);
});

test('every key that begins with seven_day is a window of seven days, breakdowns apart', () => {
  const resets_at = '2026-10-05T12:00:00Z';
  const points = read({ seven_day2: { utilization: 5, resets_at }, seven_days: { utilization: 6 }, seven_day_x_breakdown: { utilization: 7 } });
  expect(points.filter((line) => line.startsWith('usage.utilization'))).toEqual([
    'usage.utilization{metric_name=seven_day2} 0.05',
    'usage.utilization{metric_name=seven_days} 0.06',
  ]);
  expect(points.filter((line) => line.startsWith('usage.elapsed{metric_name=seven_day2} 168h'))).toHaveLength(1);
});

test.each(['{}', '[]', 'null', '5', '"text"', 'true', '{"member_dashboard_available": true}', '{"nimbus_quill": {"utilization": 5}}'])(
  'a body %s has no known key',
  (body) => {
    expect(() => readUsage(JSON.parse(body), now)).toThrow(expect.objectContaining({ reason: 'schema' }));
  },
);

test.each(['five_hour', 'seven_day', 'seven_day_anything', 'limits', 'extra_usage', 'spend', 'cinder_cove', 'iguana_necktie'])(
  'a body of nothing but a null %s is a success without windows',
  (key) => expect(readUsage({ [key]: null }, now)).toMatchObject({ gauges: [], failures: [], notices: [] }),
);

test('a body of which nothing can be read is a failure whole', () => {
  for (const body of [{ five_hour: [] }, { five_hour: 'x' }, { extra_usage: 5 }, { limits: 'x' }, { five_hour: { utilization: true } }]) {
    expect(() => readUsage(body, now)).toThrow(expect.objectContaining({ reason: 'schema' }));
  }
});

test('other keys that say something are one debug line', () => {
  const { notices } = readUsage({ five_hour: null, tangelo: null, b: { utilization: 5 }, a: 'text', cinder_cove: { utilization: 5 } }, now);
  expect(notices).toEqual([{ level: 'debug', text: 'usage keys not used: a, b, cinder_cove' }]);
});

test('hundreds of windows are windows; windows beyond all reason are refused', () => {
  const limits = (count: number): object => ({ limits: Array.from({ length: count }, (_, i) => ({ kind: `kind ${i}`, percent: i })) });
  expect(read(limits(1_000))).toHaveLength(1_000);
  expect(() => readUsage(limits(1_001), now)).toThrow(expect.objectContaining({ reason: 'too_large' }));
});
