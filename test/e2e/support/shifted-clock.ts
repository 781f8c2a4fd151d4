import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Clock, systemClock } from '../../../src/model/clock.ts';

/** A clock that the test, its simulated upstream and the built agent share. It goes on as the machine's does. */
export interface ShiftedClock extends Clock {
  /** Sets it, for everyone at once. */
  set(instant: Date): void;
  /** Options for Node, and a variable, with which an agent lives by it. */
  readonly nodeArgs: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** A clock that shows an instant now. */
export function shiftedClock(instant: Date): ShiftedClock {
  const folder = mkdtempSync(join(tmpdir(), 'clock-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'shift');
  let shiftMs = 0;
  const clock: ShiftedClock = {
    now: () => new Date(Date.now() + shiftMs),
    monotonicMs: () => systemClock.monotonicMs(),
    set(to) {
      shiftMs = to.getTime() - Date.now();
      // Moved into its place: no reader finds half a number.
      writeFileSync(`${file}.new`, String(shiftMs));
      renameSync(`${file}.new`, file);
    },
    nodeArgs: ['--import', new URL('clock-shift.ts', import.meta.url).href],
    environment: { CLOCK_SHIFT_FILE: file },
  };
  clock.set(instant);
  return clock;
}
