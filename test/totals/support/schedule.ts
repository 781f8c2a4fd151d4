import fc from 'fast-check';
import { type ReportId, reportIds } from '../../../src/model/report.ts';

/** What happens to the agent, its upstream and its backend, one thing after the other. */
export type Step =
  | {
      readonly kind: 'cycle';
      readonly minutes: number;
      /** Chance of a fault for each request to the upstream. */
      readonly faults: number;
      /** What becomes of each request to the backend; `unseen`: it arrived, but nobody was told. */
      readonly deliveries: readonly Delivery[];
      /** Where the process is killed, if it is. */
      readonly killed?: 'collected' | 'kept' | 'sent';
    }
  | { readonly kind: 'sleep'; readonly hours: number }
  | { readonly kind: 'restart' }
  | { readonly kind: 'clock'; readonly offsetMs: number };

export type Delivery = 'acknowledged' | 'lost' | 'refused' | 'unseen';

export interface Schedule {
  readonly life: number;
  readonly seed: number;
  readonly startsAt: Date;
  readonly delta: boolean;
  /** Whether totals are scraped, too; not with deltas. */
  readonly scrapes: boolean;
  readonly keepsState: boolean;
  readonly mostPerPage: number;
  /** What the key may read. */
  readonly reports: readonly ReportId[];
  readonly steps: readonly Step[];
}

const minuteMs = 60_000;

const delivery = fc.oneof(
  { weight: 8, arbitrary: fc.constant('acknowledged' as const) },
  { weight: 2, arbitrary: fc.constantFrom<Delivery>('lost', 'unseen') },
  { weight: 1, arbitrary: fc.constant('refused' as const) },
);

const cycle = fc.record({
  kind: fc.constant('cycle' as const),
  minutes: fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 1, max: 20 }) }, { weight: 3, arbitrary: fc.integer({ min: 20, max: 400 }) }),
  faults: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 3, arbitrary: fc.constantFrom(0.03, 0.2, 0.7) }),
  deliveries: fc.array(delivery, { minLength: 1, maxLength: 3 }),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 30, arbitrary: cycle },
  { weight: 2, arbitrary: fc.tuple(cycle, fc.constantFrom('collected' as const, 'kept' as const, 'sent' as const)).map(([one, killed]) => ({ ...one, killed })) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('sleep' as const), hours: fc.oneof(fc.integer({ min: 5, max: 60 }), fc.integer({ min: 60, max: 900 })) }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'restart' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clock' as const), offsetMs: fc.constantFrom(-9 * minuteMs, 9 * minuteMs, -60 * minuteMs, 60 * minuteMs, 3_652 * 24 * 60 * minuteMs, -3_652 * 24 * 60 * minuteMs) }) },
);

/** Some hours before or after the end of a month, of a year, of February. */
const startsAt = fc
  .tuple(fc.constantFrom('2026-11-30', '2026-12-31', '2027-02-28', '2026-11-20'), fc.integer({ min: -4 * 24, max: 24 }))
  .map(([day, hours]) => new Date(Date.parse(`${day}T00:00:00Z`) + hours * 60 * minuteMs));

export const schedules: fc.Arbitrary<Schedule> = fc.record({
  life: fc.nat(40),
  seed: fc.nat(),
  startsAt,
  delta: fc.boolean(),
  keepsState: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  mostPerPage: fc.constantFrom(7, 24, 168, 1_000),
  // One or two for the most part: so there are more schedules.
  reports: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...reportIds).map((id) => [id]) },
    { weight: 2, arbitrary: fc.constant(['anthropic-usage', 'anthropic-cost'] as const) },
    { weight: 1, arbitrary: fc.constant(reportIds) },
  ),
  steps: fc.array(step, { minLength: 8, maxLength: 35 }),
  scrapes: fc.boolean(),
});
