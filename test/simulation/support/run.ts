import fc from 'fast-check';
import { Play, type Played } from './play.ts';
import { schedules } from './schedule.ts';
import { machineMs } from './virtual-time.ts';

/** Which schedules are played. */
export interface Run {
  /** As many, or as many as there is time for. */
  readonly count?: number;
  readonly milliseconds?: number;
  readonly seed: number;
}

/** How much was played. */
export interface Tally extends Played {
  schedules: number;
  days: number;
  faults: number;
}

/** Plays schedules until one shows something that must not be. @returns how much was played. @throws with the command that plays it again. */
export async function playSchedules({ count, milliseconds, seed }: Run): Promise<Tally> {
  const tally: Tally = { schedules: 0, days: 0, faults: 0, cycles: 0, requests: 0, exchanges: 0, lives: 0 };
  const endMs = milliseconds === undefined ? Number.POSITIVE_INFINITY : machineMs() + milliseconds;
  const property = fc.asyncProperty(schedules, async (schedule) => {
    // fast-check's own limit would wait on timers that are virtual.
    if (machineMs() > endMs) return;
    const { cycles, requests, exchanges, lives } = await new Play(schedule).run();
    tally.schedules += 1;
    tally.days += schedule.days;
    tally.faults += schedule.faults.length;
    tally.cycles += cycles;
    tally.requests += requests;
    tally.exchanges += exchanges;
    tally.lives += lives;
  });
  for (let round = 0; machineMs() < endMs && (count === undefined || tally.schedules < count); round++) {
    const details = await fc.check(property, { seed: seed + round, numRuns: count ?? 50, endOnFailure: true });
    if (!details.failed) continue;
    const { counterexamplePath, errorInstance } = details;
    const again = `npm run test:simulation -- --seed ${details.seed} --path ${counterexamplePath ?? ''}`;
    throw new Error(`after ${tally.schedules} schedules: ${errorInstance instanceof Error ? errorInstance.message : 'it failed'}\nagain: ${again}`, { cause: errorInstance });
  }
  return tally;
}

/** Plays the one schedule that a failure named; with `shrink`, searches for a smaller one that fails too, for so many milliseconds. */
export async function playAgain({ seed, path, shrinkMs = 0 }: Pick<Run, 'seed'> & { readonly path: string; readonly shrinkMs?: number }): Promise<void> {
  const endMs = machineMs() + shrinkMs;
  let isFirst = true;
  await fc.assert(
    fc.asyncProperty(schedules, async (schedule) => {
      if (!isFirst && machineMs() > endMs) return;
      isFirst = false;
      await new Play(schedule).run();
      }),
    { seed, path, numRuns: 1, endOnFailure: shrinkMs === 0 },
  );
}
