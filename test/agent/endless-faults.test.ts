import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SourceId, sourceIds } from '../../src/model/reading.ts';
import { patienceMs } from '../../src/sources/reads.ts';
import { valuesOf } from '../support/agent.ts';
import { type Lane, allAreWell, nextCycle, said, startLanes, stopLanes, withFailure } from '../support/lanes.ts';
import { endlessFaults } from '../support/upstream-faults.ts';

const readDeadlineMs = 3_000;

/**
 * Two sources that hang in the same agent, as the wait is for both together; with each fault other two, so that none is always
 * beside the same one.
 */
const pairs = (turn: number): (readonly [SourceId, SourceId])[] =>
  sourceIds.flatMap((source, place) => {
    const other = sourceIds[place ^ (turn + 1)];
    return other === undefined || sourceIds.indexOf(other) < place ? [] : [[source, other] as const];
  });
const cells = endlessFaults.flatMap((fault, turn) => pairs(turn).map((sources) => ({ ...fault, sources })));

/** What was seen of a fault. */
interface Seen {
  readonly sources: readonly SourceId[];
  readonly during: Readonly<Record<string, string>>;
  readonly atDeadline: Readonly<Record<string, string>>;
  readonly afterwards: Readonly<Record<string, string>>;
  readonly pushedAfterMs: number;
  readonly readAfterMs: number;
}

let lanes: readonly Lane[] = [];
let calmMs = 0;
const seen = new Map<string, Seen[]>();

// All at once: most of it is waiting for deadlines.
beforeAll(async () => {
  lanes = await startLanes(cells.length, readDeadlineMs);
  // What a cycle takes here without any fault.
  calmMs = await timeOf(Promise.all(lanes.map(nextCycle)));
  await Promise.all(
    cells.map(async ({ name, answer, sources }, place) => {
      const lane = lanes[place];
      if (lane === undefined) throw new Error('there is a lane for each');
      const { world, agent } = lane;
      const before = valuesOf(world.pushes.at(-1));
      world.fault = { sources, answer };
      const startedMs = performance.now();
      const during = await nextCycle(lane);
      const pushedAfterMs = performance.now() - startedMs;
      await agent.readSources();
      const readAfterMs = performance.now() - startedMs;
      await agent.push();
      const atDeadline = valuesOf(world.pushes.at(-1));
      world.fault = undefined;
      const afterwards = await nextCycle(lane);
      const states = {
        during: said(during, before),
        atDeadline: withFailure(said(atDeadline, during), ...sources),
        afterwards: said(afterwards, atDeadline),
      };
      seen.set(name, [...(seen.get(name) ?? []), { sources, ...states, pushedAfterMs, readAfterMs }]);
    }),
  );
}, 60_000);
afterAll(() => stopLanes(lanes));

const eachOf = (sources: readonly SourceId[], state: unknown): Record<string, unknown> => Object.fromEntries(sources.map((source) => [source, state]));

describe.each(endlessFaults)('$name', ({ name, reason }) => {
  test(`is ${reason} of each source at its deadline, costs the others a second, and is over in the next cycle`, () => {
    const all = seen.get(name) ?? [];
    for (const { sources, during, atDeadline, afterwards, pushedAfterMs, readAfterMs } of all) {
      const which = sources.join(' and ');
      expect(during, which).toEqual({ ...allAreWell, ...eachOf(sources, expect.stringMatching(/^no read/)) });
      expect(atDeadline, which).toEqual({ ...eachOf(sourceIds, 'no read, up 1, shown'), ...eachOf(sources, `${reason}, up 0`) });
      expect(afterwards, which).toEqual(allAreWell);
      expect(pushedAfterMs, `${which}: the others' points`).toBeLessThan(calmMs + 2 * patienceMs);
      expect(readAfterMs, `${which}: the read's deadline`).toBeLessThan(calmMs + 2 * readDeadlineMs);
    }
    expect(all.flatMap(({ sources }) => sources).sort()).toEqual([...sourceIds].sort());
  });
});

async function timeOf(work: Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work;
  return performance.now() - startedMs;
}

test('the table has not shrunk', () => {
  expect([...seen.values()].flat().length * 2).toBe(8 * 5);
});
