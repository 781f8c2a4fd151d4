import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { patienceMs } from '../../src/sources/reads.ts';
import { valuesOf } from '../support/agent.ts';
import { type Lane, allAreWell, nextCycle, said, startLanes, stopLanes, withFailure } from '../support/lanes.ts';
import { sourceIds } from '../../src/model/reading.ts';
import { endlessFaults } from '../support/upstream-faults.ts';

const readDeadlineMs = 3_000;

let lanes: readonly Lane[] = [];
beforeAll(async () => {
  lanes = await startLanes(readDeadlineMs);
}, 60_000);
afterAll(() => stopLanes(lanes));

let cells = 0;

describe.each(endlessFaults)('$name', ({ answer, reason }) => {
  test(`is ${reason} of each source at its deadline, costs the others a second, and is over in the next cycle`, async () => {
    // What a cycle takes here without any fault.
    const calmMs = await timeOf(Promise.all(lanes.map(nextCycle)));
    const found = await Promise.all(
      lanes.map(async (lane) => {
        const { source, world, agent } = lane;
        const before = valuesOf(world.pushes.at(-1));
        world.fault = { source, answer };
        const startedMs = performance.now();
        const during = await nextCycle(lane);
        const pushedAfterMs = performance.now() - startedMs;
        await agent.readSources();
        const readAfterMs = performance.now() - startedMs;
        await agent.push();
        const atDeadline = valuesOf(world.pushes.at(-1));
        world.fault = undefined;
        const afterwards = await nextCycle(lane);
        expect(pushedAfterMs, `${source}: the others' points`).toBeLessThan(calmMs + 2 * patienceMs);
        expect(readAfterMs, `${source}: the read's deadline`).toBeLessThan(calmMs + 2 * readDeadlineMs);
        return [said(during, before), withFailure(said(atDeadline, during), source), said(afterwards, atDeadline)];
      }),
    );
    const others = (now: string): Record<string, string> => Object.fromEntries(sourceIds.map((source) => [source, now]));
    expect(found).toEqual(
      lanes.map(({ source }) => [
        { ...allAreWell, [source]: expect.stringMatching(/^no read/) as string },
        { ...others('no read, up 1, shown'), [source]: `${reason}, up 0` },
        allAreWell,
      ]),
    );
    cells += lanes.length;
  });
});

async function timeOf(work: Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work;
  return performance.now() - startedMs;
}

test('the table has not shrunk', () => {
  expect(cells).toBe(8 * 5);
});
