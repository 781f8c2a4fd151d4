import { appendFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { propertyOptions, propertyTimeoutMs } from './property.ts';

/** No input may hold the process up for longer. */
const longestMs = 100;

/** Where each target says when it begins and what it came to; a line of JSON each. */
const reportFile = process.env['FUZZ_REPORT'];

/** A line of the report. */
export interface FuzzReport {
  readonly target: string;
  /** Absent when it begins. */
  readonly inputs?: number;
  readonly slowestMs?: number;
}

const prototypes: readonly object[] = [Object.prototype, Array.prototype, String.prototype, Number.prototype, Function.prototype, Map.prototype, Set.prototype, Promise.prototype];

function propertiesOfPrototypes(): string {
  return prototypes.map((prototype) => Reflect.ownKeys(prototype).map(String).join()).join('\n');
}

const untouched = propertiesOfPrototypes();

/**
 * A test that gives whatever an arbitrary makes to a reader of outside input, until the budget of {@link propertyOptions} is
 * spent. Whatever `check` throws is a failure; so is an input that holds it up for twice a tenth of a second, and then again,
 * and one after which a prototype has other properties.
 */
export function fuzz<T>(target: string, input: fc.Arbitrary<T>, check: (input: T) => void | Promise<void>): void {
  test(
    target,
    async () => {
      report({ target });
      let inputs = 0;
      let slowestMs = 0;
      const tookMs = async (one: T): Promise<number> => {
        const startedMs = performance.now();
        const checked = check(one);
        // Most checks are not asynchronous, and a turn of the event loop is not theirs.
        if (checked instanceof Promise) await checked;
        return performance.now() - startedMs;
      };
      const property = fc.asyncProperty(input, async (one) => {
        inputs += 1;
        let ms = await tookMs(one);
        // Other work of the machine, or the garbage of earlier inputs, holds up one run and hardly the next ones too.
        for (let again = 0; again < 3 && ms >= longestMs; again++) ms = Math.min(ms, await tookMs(one));
        slowestMs = Math.max(slowestMs, ms);
        expect(ms, `milliseconds for one input of ${target}`).toBeLessThan(2 * longestMs);
        expect(propertiesOfPrototypes()).toBe(untouched);
      });
      try {
        await fc.assert(property, propertyOptions());
      } finally {
        // Also of one that failed: it does not hang.
        report({ target, inputs, slowestMs });
      }
    },
    propertyTimeoutMs,
  );
}

function report(line: FuzzReport): void {
  if (reportFile !== undefined && reportFile !== '') appendFileSync(reportFile, `${JSON.stringify(line)}\n`);
}
