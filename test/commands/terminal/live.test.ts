import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import type { Arrival } from '../../../src/commands/arrivals.ts';
import { type Frame, drawFrame } from '../../../src/commands/terminal/live.ts';
import { colouredCanvas, plainCanvas } from '../../support/canvas.ts';

const at = new Date('2026-11-21T12:00:00Z');

const arrival: Arrival = {
  push: 8,
  at,
  points: [],
  sources: [
    {
      source: 'claude-ai',
      up: false,
      outcome: 'credential_expired',
      ageSeconds: 8,
      picture: {
        quotas: [
          { name: 'five_hour', used: 0.42, secondsToReset: 5340, elapsed: 0.7, binding: true },
          { name: 'seven_day', used: 0.6, secondsToReset: 200_000, elapsed: 0.5 },
          { name: 'seven_day_fable', used: 0.2, secondsToReset: 200_000, elapsed: 0.5 },
          { name: 'extra_usage' },
          { name: 'iguana_necktie', used: 0.2, amounts: { currency: 'USD', used: 50, limit: 250, remaining: 200 } },
        ],
        spent: {},
        secondsToSessionExpiry: 90_000,
      },
    },
    {
      source: 'openrouter',
      up: true,
      outcome: 'success',
      ageSeconds: 1,
      picture: {
        quotas: [
          { name: 'credits', amounts: { currency: 'USD', remaining: 27.2, limit: 90 } },
          { name: 'key limit', used: 0.1, secondsToReset: 800_000, amounts: { currency: 'USD', used: 50, limit: 500, remaining: 450 } },
        ],
        spent: { daily: 1, weekly: 2, monthly: 3, total: 4 },
      },
    },
  ],
};

const frame: Frame = {
  arrival,
  points: 578,
  intervalMs: 2_000,
  footer: ['Ctrl-C ends it. With your own account: claude-usage-metrics check', 'Ctrl-C ends it'],
  log: Array.from({ length: 12 }, (_, index) => ({ level: index === 11 ? 'warn' : 'info', time: at, text: `line ${index} ${'long '.repeat(40)}` })),
};

test.each([
  [80, 24],
  [120, 40],
  [40, 20],
  [200, 60],
])('at %i×%i a frame fits, explains itself, shows every source, the newest log line, and how to stop', (width, height) => {
  const lines = drawFrame(frame, plainCanvas(width), height - 1);
  expect(lines.length).toBeLessThan(height);
  for (const line of drawFrame(frame, colouredCanvas(width), height - 1)) expect(stringWidth(line)).toBeLessThanOrEqual(width);
  const text = lines.join('\n');
  expect(lines[0]).toMatch(/^claude-usage-metrics demo +push 8/);
  expect(lines[1]).toMatch(/^Simulated/);
  expect(text).toMatch(/claude\.ai +✗ credential_expired, (last read )?8s ago/);
  expect(text).toMatch(/OpenRouter +✓ up/);
  for (const name of ['five_hour', 'seven_day', 'extra_usage', 'credits', 'key limit']) expect(text).toContain(`${name} `);
  expect(text).toMatch(/^warn +[\d:]+ line 11/m);
  expect(lines.at(-1)).toMatch(/^Ctrl-C ends it/);
});

const organization = {
  period: '2026-11',
  cost: { month: 1_660.6, today: 58.61 },
  tokens: { month: 974_255_351, today: 21_879_613 },
  models: ['claude-sonnet-5', 'claude-opus-5', 'claude-haiku-5', 'claude-sonnet-4-5-20250929'].map((name) => ({ name, share: 0.25, value: 415 })),
  keys: ['pipeline', 'evals', 'indexer', 'ci'].map((name) => ({ name, owner: 'Ada', share: 0.25, value: 243_000_000 })),
};
const admin = (up: boolean) => ['cost', 'names', 'usage'].map((name) => ({ source: `anthropic-${name}`, up: up || name !== 'usage', outcome: 'rate_limited', ageSeconds: 3, picture: { quotas: [], spent: {} } }));
const withAdmin = (up: boolean): Frame => ({ ...frame, arrival: { ...arrival, sources: [...admin(up), ...arrival.sources], organization } });

test.each([
  [80, 24, 2],
  [120, 40, 3],
  [40, 20, 1],
])('at %i×%i the organization is one part, with its figures and its %i largest models and keys', (width, height, tops) => {
  const lines = drawFrame(withAdmin(true), plainCanvas(width), height - 1);
  expect(lines.length).toBeLessThan(height);
  for (const line of drawFrame(withAdmin(true), colouredCanvas(width), height - 1)) expect(stringWidth(line)).toBeLessThanOrEqual(width);
  const text = lines.join('\n');
  expect(text).toMatch(/^Admin API +✓ up$/m);
  expect(text).not.toContain('anthropic-');
  expect(text).toContain('$58.61 today');
  expect(text).toContain('21,879,613 today');
  expect(lines.filter((line) => line.startsWith('  claude-'))).toHaveLength(tops);
  expect(lines.filter((line) => /^ {2}(pipeline|evals|indexer|ci) /.test(line))).toHaveLength(tops);
  for (const name of ['five_hour', 'seven_day', 'extra_usage', 'credits', 'key limit']) expect(text).toContain(`${name} `);
  expect(text).toMatch(/^warn +[\d:]+ line 11/m);
  expect(lines.at(-1)).toMatch(/^Ctrl-C ends it/);
});

test('an organization whose usage cannot be read says which report fails, and goes on showing the last totals', () => {
  const text = drawFrame(withAdmin(false), plainCanvas(80), 23).join('\n');
  expect(text).toMatch(/^Admin API +✗ usage rate_limited$/m);
  expect(text).toContain('974,255,351 this month');
});

test('a terminal of a few lines keeps the end of the frame, and how to stop', () => {
  const lines = drawFrame(frame, plainCanvas(80), 5);
  expect(lines).toHaveLength(5);
  expect(lines.at(-1)).toMatch(/^Ctrl-C ends it/);
});

test('before the first push a frame says what is going on', () => {
  const text = drawFrame({ points: 0, intervalMs: 2_000, log: [], footer: ['Ctrl-C ends it'] }, plainCanvas(80), 23).join('\n');
  expect(text).toContain('Starting the agent');
  expect(text).toContain('Ctrl-C ends it');
});
