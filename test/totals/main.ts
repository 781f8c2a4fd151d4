/*
 * npm run test:ledger -- --minutes N plays fresh schedules for so long; with --seed and --path it plays again the one that a
 * failure named.
 */
import { parseArgs } from 'node:util';
import { playAgain, playSchedules } from './support/run.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string' }, path: { type: 'string' }, only: { type: 'string' } },
});
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
const only = values.only === undefined ? {} : { delta: values.only === 'delta' };
if (values.path !== undefined) {
  await playAgain({ seed, path: values.path, ...only });
  process.stdout.write('it holds\n');
} else {
  const startedMs = performance.now();
  const played = await playSchedules({ seed, milliseconds: Number(values.minutes) * 60_000, ...only });
  process.stdout.write(`${played} schedules of seed ${seed} in ${Math.round((performance.now() - startedMs) / 1000)} s: what was exported is what was used\n`);
}
// What is still held open belongs to agents that were killed.
process.exit();
