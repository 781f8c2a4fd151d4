import { afterEach, beforeEach, expect, vi } from 'vitest';
import { attributeSet } from '../../src/model/attributes.ts';
import type { Clock } from '../../src/model/clock.ts';
import type { GaugePoint, ReadContext, Reading, Source } from '../../src/model/reading.ts';
import { SourceError } from '../../src/model/source-error.ts';
import { Poller, type PollerOptions } from '../../src/sources/poller.ts';

export const second = 1_000;
export const minute = 60 * second;
export const hour = 60 * minute;

/** When a test with {@link useSimulatedTime} begins. */
export const start = new Date('2026-11-21T12:00:00Z');

/** Time that passes when the test says so, and a wall clock that can be put. */
export class SimulatedClock implements Clock {
  /** How far the wall clock is off. */
  stepMs = 0;

  now(): Date {
    return new Date(Date.now() + this.stepMs);
  }

  monotonicMs(): number {
    return performance.now();
  }
}

/** The clock of the test that runs. */
export const clock = new SimulatedClock();

/** For every test of a file: time stands still until it is advanced, and no timer may be left behind. */
export function useSimulatedTime(): void {
  beforeEach(() => {
    clock.stepMs = 0;
    vi.useFakeTimers({ now: start });
  });
  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });
}

/** How a source answers one read. */
export type Answer = (context: ReadContext) => Promise<Reading>;

/** A source with an interval of a minute that answers as it is told; it counts its reads. */
export class FakeSource implements Source {
  readonly id = 'openrouter';
  readonly account = 'default';
  readonly intervalMs: number = minute;
  readonly startedAtMs: number[] = [];
  answer: Answer;

  constructor(answer: Answer) {
    this.answer = answer;
  }

  get reads(): number {
    return this.startedAtMs.length;
  }

  read(context: ReadContext): Promise<Reading> {
    this.startedAtMs.push(performance.now());
    return this.answer(context);
  }
}

/** A poller with the test's clock, a random of a half and a deadline of 20 s, unless told otherwise. */
export function pollerOf(source: Source, options: Partial<PollerOptions> = {}): Poller {
  return new Poller({ source, clock, random: () => 0.5, deadlineMs: 20 * second, ...options });
}

/** A point whose `window` attribute is all that matters. */
export function point(window: string, validUntil?: Date): GaugePoint {
  const attributes = attributeSet({ window });
  return { metric: 'openrouter.key.usage', value: 1, attributes, ...(validUntil && { validUntil }) };
}

/** A reading of these points, or of points with these windows. */
export function reading(windows: readonly (string | GaugePoint)[] = [], failures: readonly SourceError[] = []): Reading {
  const gauges = windows.map((window) => (typeof window === 'string' ? point(window) : window));
  return { at: clock.now(), gauges, failures, notices: [] };
}

/** A whole reading of one point. */
export const good: Answer = () => Promise.resolve(reading(['total']));
/** An upstream that fails. */
export const failing: Answer = () => Promise.reject(new SourceError('upstream', 'answered 500'));
/** An upstream that never answers, and a source that does not heed its deadline. */
export const hanging: Answer = () => new Promise(() => undefined);

/** A refusal that asks to be left alone. */
export function refusing(retryAfterMs: number): Answer {
  return () => Promise.reject(new SourceError('rate_limited', 'answered 429', { retryAfterMs }));
}

/** An answer that takes its time. */
export function after(ms: number, answer: Answer): Answer {
  return async (context) => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return answer(context);
  };
}

/** Windows of the points that the poller shows. */
export function shown(poller: Poller, at = clock.now()): (string | undefined)[] {
  return poller.points(at).map(({ attributes }) => attributes['window']);
}

/** Refreshes, and lets time pass until the read has ended. */
export async function refreshFor(poller: Poller, ms: number): Promise<void> {
  const read = poller.refresh();
  await vi.advanceTimersByTimeAsync(ms);
  await read;
}

/** Asserts that, from now on, the next read is due in so many milliseconds and not one sooner. */
export async function expectDueIn(poller: Poller, source: FakeSource, ms: number): Promise<void> {
  const { reads } = source;
  await vi.advanceTimersByTimeAsync(ms - 1);
  await poller.refresh();
  expect(source.reads, `a read ${ms - 1} ms later`).toBe(reads);
  await vi.advanceTimersByTimeAsync(1);
  await poller.refresh();
  expect(source.reads, `a read ${ms} ms later`).toBe(reads + 1);
}
