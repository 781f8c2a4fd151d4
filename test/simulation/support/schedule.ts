import fc from 'fast-check';
import { type Config } from '../../../src/config/config.ts';
import { type SourceId, sourceIds } from '../../../src/model/reading.ts';

/** What a source's upstream does instead of its work. */
export const sourceFaults = ['failing', 'failing_partly', 'busy', 'limited', 'limited_date', 'limited_silently', 'limited_partly', 'unauthorized', 'hang', 'slow', 'cut', 'page', 'refused', 'mixed'] as const;
export const collectorFaults = ['refused', 'unreachable', 'hang', 'unseen', 'partial', 'busy', 'busy_long', 'slow', 'not_otlp'] as const;
export const cookieFaults = ['missing', 'unreachable', 'hang', 'expired', 'nonsense'] as const;
export const diskFaults = ['ENOSPC', 'EIO', 'hang'] as const;

type Temporality = Config['export']['temporality'];

/** Where something can be wrong for a time, and with what. */
export type Trouble =
  | { readonly of: SourceId; readonly kind: (typeof sourceFaults)[number] }
  | { readonly of: 'collector'; readonly kind: (typeof collectorFaults)[number] }
  | { readonly of: 'cookies'; readonly kind: (typeof cookieFaults)[number] }
  | { readonly of: 'disk'; readonly kind: (typeof diskFaults)[number] }
  /** The wall clock is off by so much. */
  | { readonly of: 'clock'; readonly byMs: number }
  /** The process is killed, or ended and started anew. */
  | { readonly of: 'process'; readonly kind: 'killed' | 'restarted' }
  /** The machine is suspended. */
  | { readonly of: 'machine' };

/** Something that goes wrong. */
export type Fault = Trouble & {
  /** Share of the schedule that is over when it begins. */
  readonly at: number;
  /** How long after the beginning of a cycle. */
  readonly offsetMs: number;
  readonly minutes: number;
};

export interface Schedule {
  readonly life: number;
  readonly seed: number;
  readonly startsAt: Date;
  readonly days: number;
  readonly intervalMinutes: number;
  readonly temporality: Temporality;
  /** Whether what was exported is kept on the disk. */
  readonly keepsState: boolean;
  readonly faults: readonly Fault[];
}

const minuteMs = 60_000;

/** No clock shows the same instants twice, to the millisecond: cycles would coincide that were an hour apart. */
const wrongByMs = [9, -9, 60, -60, 3_652 * 1_440, -3_652 * 1_440].map((minutes, index) => minutes * minuteMs + 1_237 + 101 * index);

const trouble: fc.Arbitrary<Trouble> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ of: fc.constantFrom(...sourceIds), kind: fc.constantFrom(...sourceFaults) }) },
  { weight: 4, arbitrary: fc.record({ of: fc.constant('collector' as const), kind: fc.constantFrom(...collectorFaults) }) },
  { weight: 1, arbitrary: fc.record({ of: fc.constant('cookies' as const), kind: fc.constantFrom(...cookieFaults) }) },
  { weight: 2, arbitrary: fc.record({ of: fc.constant('disk' as const), kind: fc.constantFrom(...diskFaults) }) },
  { weight: 2, arbitrary: fc.record({ of: fc.constant('clock' as const), byMs: fc.constantFrom(...wrongByMs) }) },
  { weight: 3, arbitrary: fc.record({ of: fc.constant('process' as const), kind: fc.constantFrom('killed' as const, 'restarted' as const) }) },
  { weight: 1, arbitrary: fc.record({ of: fc.constant('machine' as const) }) },
);

const fault: fc.Arbitrary<Fault> = fc
  .tuple(trouble, fc.noBias(fc.nat(9_700)).map((share) => share / 10_000), fc.oneof(fc.nat(900), fc.nat(12_000), fc.nat(30 * minuteMs)), fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 20, max: 2_000 })))
  .map(([what, at, offsetMs, minutes]) => ({ ...what, at, offsetMs, minutes }));

/** Cycles are as frequent as the days are few. */
const length = fc.oneof(
  { weight: 2, arbitrary: fc.record({ days: fc.constant(1), intervalMinutes: fc.constantFrom(1, 2) }) },
  { weight: 8, arbitrary: fc.record({ days: fc.constant(1), intervalMinutes: fc.constantFrom(5, 10, 30) }) },
  { weight: 4, arbitrary: fc.record({ days: fc.integer({ min: 2, max: 7 }), intervalMinutes: fc.constantFrom(30, 60) }) },
);

/** Some hours before or after the end of a month, of a year, of February. */
const startsAt = fc
  .tuple(fc.constantFrom('2026-11-30', '2026-12-31', '2027-02-28', '2026-11-20'), fc.integer({ min: -4 * 24, max: 24 }))
  .map(([day, hours]) => new Date(Date.parse(`${day}T00:00:00Z`) + hours * 60 * minuteMs));

const kept = fc.record({
  temporality: fc.oneof(
    { weight: 4, arbitrary: fc.constant('cumulative' as const) },
    { weight: 3, arbitrary: fc.constant('delta' as const) },
    { weight: 1, arbitrary: fc.constant('lowmemory' as const) },
  ),
  keepsState: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
});

export const schedules: fc.Arbitrary<Schedule> = fc
  .tuple(fc.nat(40), fc.nat(), startsAt, length, kept, fc.array(fault, { minLength: 1, maxLength: 20, size: 'max' }))
  .map(([life, seed, starts, long, keeping, faults]) => ({ life, seed, startsAt: starts, ...long, ...keeping, faults }));
