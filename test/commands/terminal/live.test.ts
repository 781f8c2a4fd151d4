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
