/*
 * npm run test:soak plays 100,000 cycles of the whole agent in virtual time, or --cycles N; with --within N no more than fit so
 * many minutes. With --minutes N (60 is a real hour) it runs the built agent in a process of its own instead, between simulators
 * on loopback. Ends with 1 when something rises that must not.
 */
import { parseArgs } from 'node:util';
import { mostBytesPerCycle, playCycles } from './cycles.ts';
import { handlesUnderWay, mostResidentBytes, runProcess } from './process.ts';

/** With fewer cycles the heap may rise by as much in all: what it takes to become warm is spread over fewer. */
const fullCycles = 100_000;

const { values } = parseArgs({
  options: { cycles: { type: 'string', default: String(fullCycles) }, within: { type: 'string', default: 'Infinity' }, minutes: { type: 'string' } },
});
const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
let isFlat: boolean;
if (values.minutes === undefined) {
  const startedMs = performance.now();
  const result = await playCycles(Number(values.cycles), startedMs + Number(values.within) * 60_000);
  const { cycles, bytesPerCycle, heapBytes, timers, resources, listeners } = result;
  isFlat = bytesPerCycle <= mostBytesPerCycle * Math.max(1, fullCycles / cycles) && [timers, resources, listeners].every(([first, last]) => last <= first);
  process.stdout.write(
    `${cycles} cycles in ${Math.round((performance.now() - startedMs) / 1000)} s: the heap, ${mebibytes(heapBytes)} MiB, rises by ${bytesPerCycle.toFixed(1)} bytes a cycle; ` +
      `timers ${timers.join(' → ')}, resources ${resources.join(' → ')}, listeners ${listeners.join(' → ')}\n`,
  );
} else {
  const result = await runProcess(Number(values.minutes));
  const [early, late] = result.handles;
  isFlat = result.exitCode === 0 && result.mostResidentBytes <= mostResidentBytes && late <= early + handlesUnderWay;
  process.stdout.write(
    `${values.minutes} minutes, ${result.cycles} pushes: at most ${mebibytes(result.mostResidentBytes)} MiB resident, ` +
      `${Math.round(result.residentBytesPerMinute / 1024)} KiB a minute; heap ${Math.round(result.heapBytesPerMinute / 1024)} KiB a minute; ` +
      `handles ${early} → ${late}; exit code ${result.exitCode}\n`,
  );
}
process.exit(isFlat ? 0 : 1);
