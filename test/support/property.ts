import { type Parameters, interruptAfterTimeLimit } from 'fast-check';

/** Budget of one property in seconds, in place of the default of a thousand runs or two seconds. */
const seconds = Number(process.env['PROPERTY_SECONDS'] ?? 0);

/** Repeats the runs of a failure; fast-check prints its seed. */
const seed = process.env['PROPERTY_SEED'];

/** For the test around a property: vitest's own timeout must not end it before its budget. */
export const propertyTimeoutMs = 2 * Math.max(10, seconds) * 1000;

/** How a property runs, for `fc.assert`: until its budget is spent, with a seed that is printed on failure. */
export function propertyOptions(): Parameters<unknown> {
  return {
    numRuns: seconds > 0 ? Number.MAX_SAFE_INTEGER : 1_000,
    plugins: [interruptAfterTimeLimit(seconds > 0 ? seconds * 1_000 : 2_000)],
    ...(seed !== undefined && seed !== '' && { seed: Number(seed) }),
  };
}
