/*
 * npm run test:simulation -- --minutes N plays the whole agent by fresh schedules for so long; with --seed and --path it plays
 * again the one that a failure named, and with --shrink searches a smaller one for so many minutes.
 */
import { parseArgs } from 'node:util';
import { playAgain, playSchedules } from './support/run.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string' }, path: { type: 'string' }, shrink: { type: 'string', default: '0' } },
});
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
if (values.path !== undefined) {
  await playAgain({ seed, path: values.path, shrinkMs: Number(values.shrink) * 60_000 });
  process.stdout.write('it holds\n');
} else {
  const startedMs = performance.now();
  const { schedules, days, faults, cycles, requests, exchanges, lives } = await playSchedules({ seed, milliseconds: Number(values.minutes) * 60_000 });
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  process.stdout.write(
    `${schedules} schedules of seed ${seed} in ${seconds} s: ${days} days, ${faults} faults, ${lives} processes, ${cycles} cycles, ` +
      `${requests} requests to upstreams, ${exchanges} to the collector; nothing was wrong\n`,
  );
}
process.exit();
