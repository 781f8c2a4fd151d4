import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dayMs, dayStart, oldestOpenPeriod, periodOf } from '../../src/model/calendar.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { type AttributeSet, attributeSet } from '../../src/model/attributes.ts';
import type { Cell, Report } from '../../src/model/report.ts';
import { atOnce } from '../support/steps.ts';
import { propertySeed } from '../support/property.ts';

const keys = ['a', 'b', 'c'].map((id) => attributeSet({ api_key_id: id }));

/** What an organization used, day by day: the truth that every report is read from. */
class Truth {
  readonly #used = new Map<number, Map<AttributeSet, bigint>>();

  use(day: number, key: AttributeSet, amount: bigint): void {
    const ofDay = this.#used.get(day) ?? new Map<AttributeSet, bigint>();
    this.#used.set(day, ofDay);
    const sum = (ofDay.get(key) ?? 0n) + amount;
    // A restatement takes back no more than there was.
    ofDay.set(key, sum < 0n ? 0n : sum);
  }

  report(fromMs: number, toMs: number): Report {
    const cells: Cell[] = [];
    for (const [day, ofDay] of this.#used) {
      if (day < fromMs || day >= toMs) continue;
      for (const [attributes, value] of ofDay) {
        // In two buckets and two rows: rows that share an identity are added.
        for (const [hour, part] of [[0, value / 2n], [0, 1n], [13, value - value / 2n - 1n]] as const) {
          cells.push({ metric: 'claude.tokens', bucketStart: new Date(day + hour * 3_600_000), attributes, value: part });
        }
      }
    }
    return { id: 'anthropic-usage', grouping: 'api_key_id', from: new Date(fromMs), to: new Date(toMs), cells };
  }

  sum(period: string, key: AttributeSet): bigint {
    let sum = 0n;
    for (const [day, ofDay] of this.#used) {
      if (periodOf('anthropic-usage', day).name === period) sum += ofDay.get(key) ?? 0n;
    }
    return sum;
  }
}

/** A backend that takes every fall for a reset and knows no start time, as Prometheus does. */
class DropOnlyBackend {
  readonly last = new Map<string, bigint>();
  readonly rises = new Map<string, bigint>();

  see(series: string, value: bigint): void {
    const last = this.last.get(series);
    if (last !== undefined) {
      expect(value, `${series} fell`).toBeGreaterThanOrEqual(last);
      this.rises.set(series, (this.rises.get(series) ?? 0n) + value - last);
    }
    this.last.set(series, value);
  }
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('use' as const), key: fc.nat(2), amount: fc.bigInt(1n, 1_000_000n), daysAgo: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restate' as const), key: fc.nat(2), amount: fc.bigInt(1n, 1_000_000n), daysAgo: fc.nat(5) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('read' as const), what: fc.constantFrom('recent', 'audit', 'whole') }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('export' as const), delivered: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), hours: fc.integer({ min: 1, max: 30 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sleep' as const), days: fc.integer({ min: 4, max: 70 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

test('with state every total rises only, backends see each rise once, and value − debt is the truth', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 60 }), fc.nat(40), fc.array(fc.nat(2)), (steps, startDay, usedBefore) => {
      const truth = new Truth();
      const backend = new DropOnlyBackend();
      let nowMs = Date.UTC(2026, 9, 10) + startDay * dayMs;
      let ledger = new Ledger();
      /** Sums that stood when the totals were first read: what a backend cannot see as a rise. */
      let baseline: Map<string, bigint> | undefined;

      const published = new Set<string>();

      const tomorrow = (): number => dayStart(nowMs) + dayMs;
      const readWhole = (): void => {
        atOnce(ledger.apply(truth.report(oldestOpenPeriod('anthropic-usage', nowMs).startMs, tomorrow())));
      };
      const read = (what: string): void => {
        const recent = dayStart(nowMs) - 3 * dayMs;
        const oldest = oldestOpenPeriod('anthropic-usage', nowMs).startMs;
        if (what === 'whole') readWhole();
        else if (what === 'recent') {
          if (atOnce(ledger.apply(truth.report(recent, tomorrow()))) === 'gap') readWhole();
        } else if (oldest < recent) atOnce(ledger.apply(truth.report(oldest, recent)));
      };
      const exportOnce = (delivered: boolean): Map<string, { value: bigint; debt: bigint }> => {
        const zeros: object[] = [];
        const seen = new Map<string, { value: bigint; debt: bigint }>();
        for (const { period, attributes, value, debt, zeroFor, series: handle } of ledger.totals()) {
          const series = `${period.name}/${attributes['api_key_id'] ?? ''}`;
          expect(seen.has(series), `${series} twice`).toBe(false);
          seen.set(series, { value, debt });
          if (zeroFor.pushed) zeros.push(handle);
          if (delivered) backend.see(series, value);
        }
        for (const series of published) {
          const finalMs = periodOf('anthropic-usage', Date.parse(`${series.slice(0, 7)}-01`)).finalMs;
          if (finalMs > nowMs) expect(seen.has(series), `${series} is gone`).toBe(true);
        }
        for (const series of seen.keys()) published.add(series);
        if (delivered) {
          ledger.acknowledge(zeros, 'pushed');
          baseline ??= new Map([...seen].map(([series, { value }]) => [series, value]));
        }
        return seen;
      };

      const play = (one: Step): void => {
        switch (one.kind) {
          case 'use':
            truth.use(dayStart(nowMs) - one.daysAgo * dayMs, keys[one.key] as AttributeSet, one.amount);
            break;
          case 'restate':
            truth.use(dayStart(nowMs) - one.daysAgo * dayMs, keys[one.key] as AttributeSet, -one.amount);
            break;
          case 'read':
            read(one.what);
            break;
          case 'export':
            exportOnce(one.delivered);
            break;
          case 'wait':
            nowMs += one.hours * 3_600_000;
            break;
          case 'sleep':
            nowMs += one.days * dayMs;
            break;
          case 'restart': {
            const [reports, series] = [ledger.sentReports(), [...ledger.sentSeries()]];
            ledger = new Ledger();
            ledger.restore(reports, series);
            readWhole();
            break;
          }
        }
      };

      for (const key of usedBefore) truth.use(dayStart(nowMs), keys[key] as AttributeSet, 7n);
      readWhole();
      for (const [series, { value }] of exportOnce(true)) {
        const [period = '', id = ''] = series.split('/');
        expect(value, `first value of ${series}`).toBe(truth.sum(period, attributeSet({ api_key_id: id })));
      }
      steps.forEach(play);
      // Quiet: one whole reading, the first zeros, then their values.
      readWhole();
      exportOnce(true);
      const last = exportOnce(true);
      const open = oldestOpenPeriod('anthropic-usage', nowMs);
      for (const period of new Set([open.name, periodOf('anthropic-usage', nowMs).name])) {
        for (const key of keys) {
          const series = `${period}/${key['api_key_id'] ?? ''}`;
          if (truth.sum(period, key) > 0n) expect(last.has(series), `${series} is missing`).toBe(true);
        }
      }
      for (const [series, { value, debt }] of last) {
        const [period = '', id = ''] = series.split('/');
        expect(value - debt, series).toBe(truth.sum(period, attributeSet({ api_key_id: id })));
        const began = baseline?.get(series) ?? 0n;
        expect(backend.rises.get(series) ?? 0n, `rises of ${series}`).toBe(value - began);
      }
    }),
    { numRuns: 1000, seed: propertySeed },
  );
});
