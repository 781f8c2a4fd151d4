import fc from 'fast-check';
import { test } from 'vitest';
import { Play } from './support/play.ts';
import { schedules } from './support/schedule.ts';

test('schedules', async () => {
  let n = 0;
  await fc.assert(
    fc.asyncProperty(schedules, async (schedule) => {
      const t = performance.now();
      await new Play(schedule).run();
      if (process.env['VERB']) console.log(++n, schedule.steps.length, Math.round(performance.now() - t));
    }),
    { endOnFailure: !process.env['SHRINK'], numRuns: Number(process.env['RUNS'] ?? 30), ...(process.env['SEED'] && { seed: Number(process.env['SEED']), path: process.env['PATH_'] ?? '' }) },
  );
}, 600_000);
