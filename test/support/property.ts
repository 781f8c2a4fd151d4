import { type Parameters, interruptAfterTimeLimit } from 'fast-check';

/** Budget of one property in seconds, in place of the default of a thousand runs or one second. */
const seconds = Number(process.env['PROPERTY_SECONDS'] ?? 0);

const ownSeed = process.env['PROPERTY_SEED'];

/** Of every property that names none: the same at each run of the tests, which prove a change and not luck; PROPERTY_SEED is another. */
export const propertySeed = ownSeed === undefined || ownSeed === '' ? 1 : Number(ownSeed);

/** For the test around a property: vitest's own timeout must not end it before its budget. */
export const propertyTimeoutMs = 2 * Math.max(10, seconds) * 1000;

/** How a property runs, for `fc.assert`: until its budget is spent, with {@link propertySeed}. */
export function propertyOptions(): Parameters<unknown> {
  return {
    numRuns: seconds > 0 ? Number.MAX_SAFE_INTEGER : 1_000,
    plugins: [interruptAfterTimeLimit(seconds > 0 ? seconds * 1_000 : 1_000)],
    seed: propertySeed,
  };
}
