import { test } from 'vitest';
import { playSchedules } from './support/run.ts';

/** The same in every run; .ci/run plays others (`npm run test:simulation`). */
test.each([103, 117, 118])('whatever happens to the whole agent, its numbers are right and every point is accounted for: schedules of seed %i', async (seed) => {
  await playSchedules({ seed, count: 2 });
}, 120_000);
