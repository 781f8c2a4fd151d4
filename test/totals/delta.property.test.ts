import { test } from 'vitest';
import { playSchedules } from './support/run.ts';

/** The same in every run; .ci/run plays others (`npm run test:ledger`). */
test('whatever happens, what is exported is what was used: a hundred schedules', async () => {
  await playSchedules({ seed: 1, count: 100, delta: true });
}, 120_000);
