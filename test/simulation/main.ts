/*
 * npm run test:simulation -- --minutes N plays the whole agent by fresh schedules for so long, in as many processes as there are
 * processors; with --seed and --path it plays again the one that a failure named, and with --shrink searches a smaller one for so
 * many minutes.
 */
import { availableParallelism } from 'node:os';
import { inspect, parseArgs } from 'node:util';
import { playAgain, playSchedules } from './support/run.ts';
import { playTogether } from './support/together.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    processes: { type: 'string', default: String(availableParallelism()) },
    seed: { type: 'string' },
    path: { type: 'string' },
    shrink: { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
  },
});
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 30) : Number(values.seed);
const milliseconds = Number(values.minutes) * 60_000;
const processes = Number(values.processes);
try {
  if (values.path !== undefined) {
    await playAgain({ seed, path: values.path, shrinkMs: Number(values.shrink) * 60_000 });
    process.stdout.write('it holds\n');
  } else {
    const startedMs = performance.now();
    const tally = processes === 1 ? await playSchedules({ seed, milliseconds }) : await playTogether(processes, { seed, milliseconds });
    const { schedules, days, faults, cycles, requests, exchanges, lives } = tally;
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    const told =
      `${schedules} schedules of seed ${seed} in ${seconds} s: ${days} days, ${faults} faults, ${lives} processes, ${cycles} cycles, ` +
      `${requests} requests to upstreams, ${exchanges} to the collector; nothing was wrong`;
    process.stdout.write(`${values.json ? JSON.stringify(tally) : told}\n`);
  }
} catch (thrown) {
  process.stderr.write(`${inspect(thrown)}\n`);
  process.exitCode = 1;
}
// What is still held open belongs to agents that were killed.
process.exit();
