import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Run, Tally } from './run.ts';

/** Seeds of processes that play at once are so far apart that they never meet. */
const seedsApart = 1_000_003;

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

/**
 * Plays schedules in several processes at once: one has its time to itself, which is virtual. The first that shows something that
 * must not be ends the others. @returns how much was played in all. @throws with the command that plays it again.
 */
export async function playTogether(processes: number, { seed, milliseconds }: Required<Pick<Run, 'seed' | 'milliseconds'>>): Promise<Tally> {
  const children = Array.from({ length: processes }, (_, index) => {
    const options = ['--seed', String(seed + index * seedsApart), '--minutes', String(milliseconds / 60_000), '--processes', '1', '--json'];
    return spawn(process.execPath, [main, ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
  });
  const tallied = children.map(async (child): Promise<Tally> => {
    const [out, err]: [string[], string[]] = [[], []];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(err.join('').replace(/^Error: /, '') || `a process ended with ${code}`);
    return JSON.parse(out.join('')) as Tally;
  });
  try {
    return (await Promise.all(tallied)).reduce(sumOf);
  } finally {
    for (const child of children) child.kill();
    await Promise.allSettled(tallied);
  }
}

function sumOf(one: Tally, other: Tally): Tally {
  return {
    schedules: one.schedules + other.schedules,
    days: one.days + other.days,
    faults: one.faults + other.faults,
    cycles: one.cycles + other.cycles,
    requests: one.requests + other.requests,
    exchanges: one.exchanges + other.exchanges,
    lives: one.lives + other.lives,
  };
}
