import { test } from 'vitest';
import { playSchedules } from './support/run.ts';

/** The same in every run; .ci/run plays others (`npm run test:ledger`). */
test.each([1, 2])('whatever happens, what is exported is what was used: a hundred schedules of seed %i', async (seed) => {
  await playSchedules({ seed, count: 100, delta: false });
}, 120_000);
