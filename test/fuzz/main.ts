/*
 * npm run test:fuzz -- --seconds N gives every reader of outside input whatever it may get, for so long each, on all
 * processors; --only takes the targets whose name has that in it, --seed those inputs again that a failure named.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { FuzzReport } from '../support/fuzz.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '20' }, seed: { type: 'string' }, only: { type: 'string' } },
});
const seconds = Number(values.seconds);
const seed = values.seed ?? String(Math.floor(Math.random() * 2 ** 31));
/** A target that has not ended by then hangs in an input; nothing within its process could tell. */
const hangsAfterMs = 2 * (seconds + 30) * 1_000;

const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
const reportFile = join(folder, 'report');
writeFileSync(reportFile, '');
const root = fileURLToPath(new URL('../..', import.meta.url));
const vitest = join(root, 'node_modules/vitest/vitest.mjs');
const only = values.only === undefined ? [] : ['--testNamePattern', values.only];
const startedMs = performance.now();
const runner = spawn(process.execPath, [vitest, 'run', '--maxWorkers', String(availableParallelism()), ...only, '.fuzz.test.ts'], {
  cwd: root,
  env: { ...process.env, PROPERTY_SECONDS: String(seconds), PROPERTY_SEED: seed, FUZZ_REPORT: reportFile },
  stdio: 'inherit',
});
const begunMs = new Map<string, number>();
const watch = setInterval(() => {
  for (const { target, inputs } of reports()) {
    if (inputs !== undefined) begunMs.delete(target);
    else if (!ended().has(target)) begunMs.set(target, begunMs.get(target) ?? performance.now());
  }
  for (const [target, sinceMs] of begunMs) {
    if (performance.now() - sinceMs < hangsAfterMs) continue;
    process.stderr.write(`${target}: an input holds it up for ever; npm run test:fuzz -- --only '${target}' --seed ${seed}\n`);
    runner.kill('SIGKILL');
  }
}, 1_000);
const code = await new Promise<number | null>((resolve) => runner.once('close', resolve));
clearInterval(watch);

let inputs = 0;
for (const { target, inputs: given = 0, slowestMs = 0 } of ended().values()) {
  inputs += given;
  process.stdout.write(`${String(given).padStart(10)}  ${slowestMs.toFixed(1).padStart(6)} ms at most  ${target}\n`);
}
const took = Math.round((performance.now() - startedMs) / 1_000);
process.stdout.write(`${inputs} inputs of seed ${seed} for ${ended().size} targets in ${took} s${code === 0 ? '' : '; not all of it holds'}\n`);
rmSync(folder, { recursive: true });
process.exitCode = code === 0 ? 0 : 1;

function reports(): FuzzReport[] {
  return readFileSync(reportFile, 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line) as FuzzReport);
}

function ended(): ReadonlyMap<string, FuzzReport> {
  return new Map(reports().filter(({ inputs }) => inputs !== undefined).map((report) => [report.target, report]));
}
