import fc from 'fast-check';
import { Play } from './play.ts';
import { schedules } from './schedule.ts';

/** Which schedules are played. */
export interface Run {
  /** As many, or as many as there is time for. */
  readonly count?: number;
  readonly milliseconds?: number;
  readonly seed: number;
  /** Only with totals, or only with deltas. */
  readonly delta?: boolean;
}

/** Plays schedules until one shows something that must not be. @returns how many were played. @throws with the command that plays it again. */
export async function playSchedules({ count, milliseconds, seed, delta }: Run): Promise<number> {
  let played = 0;
  const property = fc.asyncProperty(schedules, async (schedule) => {
    await new Play(delta === undefined ? schedule : { ...schedule, delta }).run();
    played += 1;
  });
  const details = await fc.check(property, {
    seed,
    numRuns: count ?? Number.MAX_SAFE_INTEGER,
    ...(milliseconds !== undefined && { interruptAfterTimeLimit: milliseconds, markInterruptAsFailure: false }),
    endOnFailure: true,
  });
  if (!details.failed) return played;
  const { counterexamplePath, errorInstance } = details;
  const only = delta === undefined ? '' : ` --only ${delta ? 'delta' : 'cumulative'}`;
  const again = `npm run test:ledger -- --seed ${details.seed} --path ${counterexamplePath ?? ''}${only}`;
  throw new Error(`after ${played} schedules: ${errorInstance instanceof Error ? errorInstance.message : 'it failed'}\nagain: ${again}`, { cause: errorInstance });
}

/** Plays the one schedule that a failure named, and shrinks it to the smallest that still fails. */
export async function playAgain({ seed, path, delta }: Pick<Run, 'seed' | 'delta'> & { readonly path: string }): Promise<void> {
  await fc.assert(
    fc.asyncProperty(schedules, (schedule) => new Play(delta === undefined ? schedule : { ...schedule, delta }).run()),
    { seed, path, numRuns: 1, interruptAfterTimeLimit: 60_000 },
  );
}
