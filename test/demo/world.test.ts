import { expect, test } from 'vitest';
import { type FaultPlan, episodesUntil } from '../../src/demo/faults.ts';
import { World } from '../../src/demo/world.ts';
import { readUsage } from '../../src/sources/claude-ai/read.ts';
import { readCredits, readKey } from '../../src/sources/openrouter/read.ts';
import { TestClock } from '../support/simulated.ts';

const start = new Date('2026-11-21T12:00:00Z');
const faults: FaultPlan = { firstMs: 10_000, everyMs: 20_000, lastMs: 5_000 };

function worldAndClock(options: { seed?: number; faults?: FaultPlan } = {}) {
  const clock = new TestClock(start);
  const { seed = 3, ...rest } = options;
  return { clock, world: new World({ seed, clock, speed: 200, ...rest }) };
}

function story(seed: number): unknown[] {
  const { clock, world } = worldAndClock({ seed, faults });
  return Array.from({ length: 60 }, () => {
    clock.advance(2_000);
    const fault = [world.fault('claude-ai'), world.fault('openrouter')];
    return { usage: world.usage(), key: world.key(), credits: world.credits(), cookies: world.cookies(), fault };
  });
}

test('the same seed and clock tell the same story, another seed another one', () => {
  expect(story(3)).toEqual(story(3));
  expect(story(3)).not.toEqual(story(4));
});

test('every body is one that the sources read without a fault, all through an hour', () => {
  const { clock, world } = worldAndClock();
  for (let second = 0; second < 3_600; second += 7) {
    const usage = readUsage(world.usage(), clock.now());
    expect(usage.failures).toEqual([]);
    expect(usage.notices).toEqual([]);
    for (const { metric, value } of usage.gauges) {
      if (metric !== 'claude.usage.utilization') continue;
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThanOrEqual(1);
    }
    expect(readKey(world.key(), clock.now()).failures).toEqual([]);
    expect(readCredits(world.credits(), true)?.failures).toEqual([]);
    clock.advance(7_000);
  }
});

test('the session window fills, resets and begins anew, and its countdown agrees with the share of its time', () => {
  const { clock, world } = worldAndClock();
  let resets = 0;
  let before = 0;
  for (let second = 0; second < 600; second += 2) {
    const [session] = (world.usage() as { limits: { percent: number; resets_at: string | null }[] }).limits;
    const percent = session?.percent ?? Number.NaN;
    if (percent < before) {
      expect(percent).toBe(0);
      resets += 1;
    }
    if (session?.resets_at != null) {
      const leftMs = Date.parse(session.resets_at) - clock.now().getTime();
      expect(leftMs).toBeGreaterThan(0);
      expect(leftMs).toBeLessThanOrEqual(5 * 60 * 60 * 1000);
    } else expect(percent).toBe(0);
    before = percent;
    clock.advance(2_000);
  }
  // Five and a half hours at 200 times are 99 s.
  expect(resets).toBe(6);
});

test('OpenRouter credits fall all the time, and are bought before they are gone', () => {
  const { clock, world } = worldAndClock();
  let falls = 0;
  let purchases = 0;
  let before = Number.POSITIVE_INFINITY;
  for (let second = 0; second < 3_600; second += 20) {
    const { data } = world.credits() as { data: { total_credits: number; total_usage: number } };
    const left = data.total_credits - data.total_usage;
    expect(left).toBeGreaterThan(0);
    if (left < before) falls += 1;
    else purchases += 1;
    before = left;
    clock.advance(20_000);
  }
  expect(purchases).toBeGreaterThanOrEqual(1);
  expect(falls).toBeGreaterThan(100);
});

test('planned faults come one at a time, each kind before any comes again', () => {
  const episodes = episodesUntil(7 * 20_000 + 9_999, faults, 3);
  expect(episodes).toHaveLength(7);
  expect(new Set(episodes.map(({ upstream, fault }) => `${upstream} ${fault}`)).size).toBe(7);
  episodes.forEach(({ fromMs, untilMs }, index) => {
    expect(fromMs).toBe(10_000 + index * 20_000);
    expect(untilMs).toBe(fromMs + 5_000);
  });
  expect(episodesUntil(9_999, faults, 3)).toEqual([]);
});

test('a planned fault is there from its begin to its end', () => {
  const { clock, world } = worldAndClock({ faults });
  const [first] = episodesUntil(10_000, faults, 3);
  const upstream = first?.upstream ?? 'claude-ai';
  const seen = [9_999, 1, 4_999, 1].map((ms) => {
    clock.advance(ms);
    return world.fault(upstream);
  });
  expect(seen).toEqual([undefined, first?.fault, first?.fault, undefined]);
});

test('a fault that is switched on stays until it is switched off, and touches no other upstream', () => {
  const { clock, world } = worldAndClock();
  world.setFault('openrouter', 'slow');
  clock.advance(1_000_000);
  expect(world.fault('openrouter')).toBe('slow');
  expect(world.fault('claude-ai')).toBeUndefined();
  world.setFault('openrouter', undefined);
  expect(world.fault('openrouter')).toBeUndefined();
});

test('an expired cookie is refused until the cookie service has the renewed one', () => {
  const { world } = worldAndClock();
  const accepted = (): boolean => world.cookies().includes(`sessionKey=${world.acceptedSession};`);
  expect(accepted()).toBe(true);
  world.setFault('claude-ai', 'cookie_expired');
  expect(accepted()).toBe(false);
  world.setFault('claude-ai', undefined);
  expect(accepted()).toBe(true);
});
