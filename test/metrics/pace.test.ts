import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { forecastOf, heatOf, paceOf } from '../../src/metrics/pace.ts';
import { propertySeed } from '../support/property.ts';

const hour = 3600;

describe('pace', () => {
  test('is the used share over the share of time that is gone', () => {
    expect(paceOf({ used: 0.6, elapsed: 0.4 })).toBeCloseTo(1.5);
    expect(paceOf({ used: 0, elapsed: 0.4 })).toBe(0);
  });

  test('is nothing where a part of it is not known, and in a window’s first minutes', () => {
    expect(paceOf({ used: 0.6 })).toBeUndefined();
    expect(paceOf({ elapsed: 0.6 })).toBeUndefined();
    expect(paceOf({ used: 0.1, elapsed: 0.01 })).toBeUndefined();
    expect(paceOf({ used: 0.1, elapsed: 0 })).toBeUndefined();
  });
});

describe('forecast', () => {
  test('a window at 1.5 times the even pace is full two thirds of its way', () => {
    // Two of five hours gone: sixty per cent used, full after 3 h 20 min.
    const forecast = forecastOf({ used: 0.6, elapsed: 0.4, secondsToReset: 3 * hour });
    expect(forecast).toEqual({ kind: 'fills', seconds: expect.closeTo(80 * 60) as number });
  });

  test('a window at a slower pace lasts, and says how much will be used', () => {
    expect(forecastOf({ used: 0.2, elapsed: 0.4, secondsToReset: 3 * hour })).toEqual({ kind: 'lasts', usedAtReset: 0.5 });
    expect(forecastOf({ used: 0, elapsed: 0.4, secondsToReset: 3 * hour })).toEqual({ kind: 'lasts', usedAtReset: 0 });
  });

  test('what is used up is full, whatever else is known', () => {
    expect(forecastOf({ used: 1 })).toEqual({ kind: 'full' });
    expect(forecastOf({ used: 1.2, elapsed: 0.01, secondsToReset: hour })).toEqual({ kind: 'full' });
  });

  test.each([
    ['the share', { elapsed: 0.4, secondsToReset: hour }],
    ['the time gone', { used: 0.4, secondsToReset: hour }],
    ['the reset', { used: 0.4, elapsed: 0.4 }],
  ])('nothing is said where %s is not known', (_, progress) => {
    expect(forecastOf(progress)).toBeUndefined();
  });

  test('nothing is said in a window’s first minutes, nor at its very end', () => {
    expect(forecastOf({ used: 0.4, elapsed: 0.04, secondsToReset: hour })).toBeUndefined();
    expect(forecastOf({ used: 0.99, elapsed: 1, secondsToReset: 0 })).toBeUndefined();
  });

  test('a window that fills does so before its reset, and every number is finite', () => {
    const share = fc.double({ min: 0, max: 2, noNaN: true });
    fc.assert(
      fc.property(share, share, fc.integer({ min: 0, max: 7 * 24 * hour }), (used, elapsed, secondsToReset) => {
        const forecast = forecastOf({ used, elapsed, secondsToReset });
        if (forecast?.kind !== 'fills') return;
        expect(forecast.seconds).toBeGreaterThanOrEqual(0);
        expect(forecast.seconds).toBeLessThanOrEqual(secondsToReset * (1 + 1e-9));
      }),
      { seed: propertySeed },
    );
  });
});

test.each([
  ['little used', { used: 0.3, elapsed: 0.5, secondsToReset: hour }, 'calm'],
  ['little used, no time known', { used: 0.3 }, 'calm'],
  ['little used, but too fast', { used: 0.5, elapsed: 0.3, secondsToReset: hour }, 'warm'],
  ['much used, but it lasts', { used: 0.8, elapsed: 0.9, secondsToReset: hour }, 'warm'],
  ['much used, and too fast', { used: 0.8, elapsed: 0.5, secondsToReset: hour }, 'hot'],
  ['nearly used up', { used: 0.95, elapsed: 0.99, secondsToReset: hour }, 'hot'],
  ['overdrawn', { used: 1.2 }, 'hot'],
  ['not known', { elapsed: 0.5 }, undefined],
])('a window with %s is %s', (_, progress, heat) => {
  expect(heatOf(progress)).toBe(heat);
});
