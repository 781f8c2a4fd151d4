import { hrTimeToMilliseconds } from '@opentelemetry/core';
import { type DataPoint, DataPointType, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { type SourceId, sourceIds } from '../../../src/model/reading.ts';
import type { ReadResult } from '../../../src/sources/poller.ts';
import { holds } from '../../totals/support/broken.ts';

/** A reading is shown for this many intervals at most. */
const validIntervals = 3;

/** Whose a gauge is, by the beginning of its name. */
const owners: readonly (readonly [RegExp, SourceId])[] = [
  [/^claude\.(usage|extra_usage|credit_pool|session)\./, 'claude-ai'],
  [/^openrouter\./, 'openrouter'],
  [/^claude\.(rate_limit|organization\.info)$/, 'anthropic-limits'],
  [/^claude\.(tokens|web_searches)\.current$/, 'anthropic-usage'],
  [/^claude\.cost\.current$/, 'anthropic-cost'],
  [/^claude\.requests\.current$/, 'anthropic-analytics'],
];

/** What claude.ai said of its windows, and from when on the agent may know it. */
interface Windows {
  readonly knownMs: number;
  /** Resets by the window's name; others without one. */
  readonly resets: ReadonlyMap<string, number>;
}

/** A read that said something. */
interface Answered {
  readonly beganMs: number;
  readonly validMs: number;
  /** When it began, by the wall clock. */
  readonly at: Date;
}

/** The name under which the cookie's expiry stands beside the windows' resets. */
const session = 'session cookie';

/** What one process may observe, and until when. */
export class GaugeRules {
  /** The last read that said anything, and the last that said all. */
  readonly #answered = new Map<SourceId, Answered>();
  readonly #succeeded = new Map<SourceId, Answered>();
  #served: ReadonlyMap<string, number> | undefined;
  #expiresMs = Number.NaN;
  #windows: Windows[] = [];
  readonly #sleeps: { readonly atMs: number; readonly ms: number }[] = [];
  /** The wall clock was: resets may have been past, by it, when they were read. */
  clockWasWrong = false;
  points = 0;

  /** The machine was suspended, now, for so long. */
  sleep(ms: number): void {
    this.#sleeps.push({ atMs: performance.now(), ms });
  }

  /** The cookie service has answered. @returns the cookies. */
  serveCookies(cookies: string): string {
    this.#expiresMs = Date.parse(/Expires=([^;]+)/.exec(cookies)?.[1] ?? '');
    return cookies;
  }

  /** claude.ai has answered. */
  serve(body: unknown): void {
    const { limits = [], iguana_necktie: pool } = body as {
      readonly limits?: readonly { readonly kind: string; readonly resets_at: string | null }[];
      readonly iguana_necktie?: { readonly resets_at: string };
    };
    const named = limits.map(({ kind, resets_at: at }) => [names[kind] ?? kind, Date.parse(at ?? '')] as const);
    this.#served = new Map([...named, ['iguana_necktie', Date.parse(pool?.resets_at ?? '')] as const, [session, this.#expiresMs] as const].filter(([, at]) => !Number.isNaN(at)));
  }

  /** A read has ended. */
  read({ source, outcome, durationMs, reading }: ReadResult): void {
    const nowMs = performance.now();
    const beganMs = nowMs - durationMs;
    const life = { beganMs, validMs: validIntervals * source.intervalMs, at: new Date(Date.now() - durationMs) };
    if (reading !== undefined) this.#answered.set(source.id, life);
    if (outcome === 'success') this.#succeeded.set(source.id, life);
    if (source.id === 'claude-ai' && outcome === 'success' && this.#served !== undefined) this.#windows.push({ knownMs: nowMs, resets: this.#served });
  }

  /** A collection, and when it began. @throws {Broken} */
  check({ scopeMetrics }: ResourceMetrics, beganMs: number): void {
    // What came during the collection may be in it or not; of what came before only the last counts.
    const before = this.#windows.filter(({ knownMs }) => knownMs < beganMs).slice(-1);
    this.#windows = [...before, ...this.#windows.filter(({ knownMs }) => knownMs >= beganMs)];
    for (const { metrics } of scopeMetrics) {
      for (const { descriptor, dataPointType, dataPoints } of metrics) {
        if (dataPointType !== DataPointType.GAUGE) continue;
        for (const point of dataPoints) this.#checkPoint(descriptor.name, point, beganMs);
      }
    }
  }

  /** Nothing has failed for so long: every source was read well. @throws {Broken} */
  checkRecovered(quietMs: number): void {
    for (const source of sourceIds) {
      const agoMs = performance.now() - (this.#succeeded.get(source)?.beganMs ?? Number.NEGATIVE_INFINITY);
      holds(agoMs <= quietMs, () => `${source} was read well ${agoMs / 1_000} s ago`);
    }
  }

  #checkPoint(name: string, { value, endTime, attributes }: DataPoint<number>, beganMs: number): void {
    this.points += 1;
    holds(Number.isFinite(value), () => `${name} is ${value}`);
    const source = owners.find(([pattern]) => pattern.test(name))?.[1];
    if (source !== undefined) {
      const reads = name.endsWith('.current') ? this.#succeeded : this.#answered;
      const life = reads.get(source);
      const ageMs = this.#ageMs(life, beganMs);
      holds(life !== undefined && ageMs < life.validMs, () => `${name} is shown ${ageMs / 1_000} s after its reading`);
    }
    const atMs = hrTimeToMilliseconds(endTime);
    const rules: Readonly<Record<string, () => void>> = {
      'claude.usage.seconds_to_reset': () => this.#checkCountdown(name, String(attributes['metric_name']), value, atMs),
      'claude.session.seconds_to_expiry': () => this.#checkCountdown(name, session, value, atMs),
      'openrouter.key.seconds_to_reset': () => this.#checkMonthsEnd(name, value, atMs),
      'openrouter.key.usage': () => this.#checkPeriod(name, String(attributes['window']), atMs),
    };
    const isWindow = name.startsWith('claude.usage.') || name.startsWith('claude.credit_pool.');
    if (rules[name] !== undefined) rules[name]();
    else if (isWindow) this.#checkWindow(name, String(attributes['metric_name']), atMs);
  }

  /** How old a read is then. While the machine was suspended it grew older, which a clock that was wrong cannot tell. */
  #ageMs(life: Answered | undefined, atMs: number): number {
    const beganMs = life?.beganMs ?? Number.NEGATIVE_INFINITY;
    const slept = this.clockWasWrong ? [] : this.#sleeps.filter((sleep) => sleep.atMs >= beganMs && sleep.atMs < atMs);
    return slept.reduce((ageMs, { ms }) => ageMs + ms, atMs - beganMs);
  }

  #checkMonthsEnd(name: string, value: number, atMs: number): void {
    const right = Math.floor((endOf('monthly', new Date(atMs)) - atMs) / 1_000);
    holds(this.clockWasWrong || value === right, () => `${name} is ${value}, should be ${right}`);
  }

  #checkCountdown(name: string, window: string, value: number, atMs: number): void {
    const right = this.#windows.map(({ resets }) => Math.floor(((resets.get(window) ?? Number.NaN) - atMs) / 1_000));
    holds(value >= 0 && right.includes(value), () => `${name} of ${window} is ${value}, should be ${right.join(' or ')}`);
  }

  #checkWindow(name: string, window: string, atMs: number): void {
    // A reset that was past when it was read ends nothing.
    const isOver = this.#windows.every(({ resets }) => (resets.get(window) ?? Number.POSITIVE_INFINITY) <= atMs);
    holds(!isOver || this.clockWasWrong, () => `${name} of ${window} is shown after its window's reset`);
  }

  /** What was used of a day, a week or a month is not what was used of the next. */
  #checkPeriod(name: string, window: string, atMs: number): void {
    const read = this.#answered.get('openrouter');
    if (window === 'total' || read === undefined || this.clockWasWrong) return;
    holds(endOf(window, read.at) > atMs, () => `${name} of ${window} is shown after its end`);
  }
}

/** The end of the calendar's day, week or month. */
function endOf(window: string, at: Date): number {
  const [year, month, day] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()];
  if (window === 'monthly') return Date.UTC(year, month + 1, 1);
  // A week begins on Monday.
  return Date.UTC(year, month, day + (window === 'daily' ? 1 : 7 - ((at.getUTCDay() + 6) % 7)));
}

const names: Readonly<Record<string, string>> = { session: 'five_hour', weekly_all: 'seven_day', weekly_scoped: 'seven_day_fable' };
