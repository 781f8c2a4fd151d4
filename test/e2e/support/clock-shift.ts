/**
 * Preloaded into the agent (`node --import`): moves what `Date` says the time is by the milliseconds in the file that
 * CLOCK_SHIFT_FILE names, read each time, so that a test can move the clock of a running agent. Timers and
 * `performance.now` stay as they are.
 */
import { readFileSync } from 'node:fs';

const file = process.env['CLOCK_SHIFT_FILE'] ?? '';
const MachineDate = Date;

function now(): number {
  return MachineDate.now() + Number(readFileSync(file, 'utf8'));
}

globalThis.Date = new Proxy(MachineDate, {
  construct: (target, args: unknown[], made) => Reflect.construct(target, args.length === 0 ? [now()] : args, made) as object,
  apply: () => new MachineDate(now()).toString(),
  get: (target, name, receiver) => (name === 'now' ? now : (Reflect.get(target, name, receiver) as unknown)),
});
