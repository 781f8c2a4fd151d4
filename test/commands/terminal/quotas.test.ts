import fc from 'fast-check';
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import type { Quota } from '../../../src/metrics/picture.ts';
import { QuotaTable, drawBar } from '../../../src/commands/terminal/quotas.ts';
import { propertyOptions, propertyTimeoutMs } from '../../support/property.ts';
import { colouredCanvas, plainCanvas } from '../../support/canvas.ts';

const now = new Date('2026-11-21T21:45:00Z');

const quotas: readonly Quota[] = [
  { name: 'five_hour', used: 0.42, secondsToReset: 5340, elapsed: 0.7 },
  { name: 'seven_day', used: 0.81, secondsToReset: 2 * 86_400, elapsed: 0.714, binding: true },
  { name: 'seven_day_opus', used: 0 },
  { name: 'extra_usage', used: 1.42, amounts: { currency: 'EUR', used: 71, limit: 50 } },
  {
    name: 'iguana_necktie',
    used: 0.2298,
    secondsToReset: 41 * 86_400,
    amounts: { currency: 'USD', used: 57.45, limit: 250, remaining: 192.55 },
  },
  { name: 'credits', amounts: { currency: 'USD', used: 25.75, limit: 100.5, remaining: 74.75 } },
];

function draw(width: number): string[] {
  const table = new QuotaTable(quotas, ['key spend'], plainCanvas(width), { now, clock: true });
  return [...quotas.map((quota) => table.row(quota)), ...table.fact('key spend', '$1.25 today · $25.50 ever'), ...table.legend(quotas)];
}

test('80 columns show bars, percent, reset with its time of the day, pace and amounts', () => {
  expect(draw(80)).toEqual([
    '  five_hour      ███████░░░░┃░░░░   42 %  resets in 1h 29m (23:14) · pace 0.6×',
    '▸ seven_day      ███████████┃█░░░   81 %  resets in 2d (Mon 21:45) · pace 1.1×',
    '  seven_day_opus ░░░░░░░░░░░░░░░░    0 %  no reset yet',
    '  extra_usage    ███████████████▶  142 %  €71.00 of €50.00',
    '  iguana_necktie ████░░░░░░░░░░░░ 22.9 %  $192.55 left · resets in 41d (1 Jan)',
    '  credits        $74.75 left of $100.50',
    '  key spend      $1.25 today · $25.50 ever',
    '  ┃ time gone · × use against time, above 1 is too fast · ▸ the binding limit',
  ]);
});

test('120 columns leave out nothing', () => {
  expect(draw(120)).toEqual([
    '  five_hour      ████████████░░░░░░░░┃░░░░░░░░   42 %  resets in 1h 29m (23:14) · pace 0.6×',
    '▸ seven_day      ████████████████████┃██░░░░░░   81 %  resets in 2d (Mon 21:45) · pace 1.1×',
    '  seven_day_opus ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░    0 %  no reset yet',
    '  extra_usage    ████████████████████████████▶  142 %  €71.00 of €50.00',
    '  iguana_necktie ███████░░░░░░░░░░░░░░░░░░░░░░ 22.9 %  $192.55 left of $250.00 · resets in 41d (1 Jan)',
    '  credits        $74.75 left of $100.50',
    '  key spend      $1.25 today · $25.50 ever',
    '  ┃ time gone · × use against time, above 1 is too fast · ▸ the binding limit',
  ]);
});

test('40 columns keep the essential: bar, percent, time left or money', () => {
  expect(draw(40)).toEqual([
    '  five_hour      ███░┃░   42 %  1h 29m',
    '▸ seven_day      ████┃░   81 %  2d',
    '  seven_day_opus ░░░░░░    0 %',
    '  extra_usage    █████▶  142 %  €71.00',
    '  iguana_necktie █░░░░░ 22.9 %  $192.55',
    '  credits        $74.75 left of $100.50',
    '  key spend      $1.25 today · $25.50',
    '                 ever',
    '  ┃ time gone · ▸ the binding limit',
  ]);
});

test.each([
  [0, '░░░░░░░░░░'],
  [0.001, '█░░░░░░░░░'],
  [0.5, '█████░░░░░'],
  [0.999, '█████████░'],
  [1, '██████████'],
  [1.01, '█████████▶'],
  [25, '█████████▶'],
])('a bar of %f: something is never nothing, only what is used up is full, more ends in an arrow', (used, bar) => {
  expect(drawBar({ name: 'five_hour', used }, 10, plainCanvas(80))).toBe(bar);
});

test.each([
  [0, '┃████░░░░░'],
  [0.5, '█████┃░░░░'],
  [1, '█████░░░░┃'],
])('the mark of time gone stands at %f of the bar', (elapsed, bar) => {
  expect(drawBar({ name: 'five_hour', used: 0.5, elapsed }, 10, plainCanvas(80))).toBe(bar);
});

test('the mark of time gone never hides that a window is overdrawn', () => {
  expect(drawBar({ name: 'five_hour', used: 1.2, elapsed: 1 }, 10, plainCanvas(80))).toBe('████████┃▶');
});

test('a quota that is not known now says so, and draws nothing that could be taken for a value', () => {
  const unknown = { name: 'five_hour' };
  const table = new QuotaTable([unknown], [], plainCanvas(80), { now, clock: true });
  expect(table.row(unknown)).toMatch(/^ {2}five_hour ·+ –  not known now$/);
});

test('no row is wider than the terminal, whatever is in it, with colours and wide characters', { timeout: propertyTimeoutMs }, () => {
  const amount = fc.double({ min: -1e6, max: 1e6, noNaN: true });
  const quota: fc.Arbitrary<Quota> = fc
    .record(
      {
        name: fc.oneof(fc.stringMatching(/^[a-z_]{1,40}$/), fc.constantFrom('週間の上限', '한도', 'e\u0301te\u0301')),
        used: fc.double({ min: 0, max: 1e5, noNaN: true }),
        elapsed: fc.double({ min: 0, max: 1, noNaN: true }),
        secondsToReset: fc.integer({ min: 0, max: 1e8 }),
        binding: fc.boolean(),
        amounts: fc.record(
          { currency: fc.constantFrom('USD', 'JPY', 'XXX'), used: amount, limit: amount, remaining: amount },
          { requiredKeys: ['currency'] },
        ),
      },
      { requiredKeys: ['name'] },
    );
  fc.assert(
    fc.property(fc.array(quota, { minLength: 1, maxLength: 6 }), fc.integer({ min: 40, max: 220 }), (some, width) => {
      const table = new QuotaTable(some, [], colouredCanvas(width), { now, clock: true });
      for (const one of some) expect(stringWidth(table.row(one))).toBeLessThanOrEqual(width);
    }),
    propertyOptions(),
  );
});
