import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { valuesOf } from '../support/agent.ts';
import { type Lane, allAreWell, nextCycle, said, startLanes, stopLanes, withFailure } from '../support/lanes.ts';
import { answeredFaults } from '../support/upstream-faults.ts';

let lanes: readonly Lane[] = [];
beforeAll(async () => {
  lanes = await startLanes(20_000);
}, 60_000);
afterAll(() => stopLanes(lanes));

let cells = 0;

describe.each(answeredFaults)('$name', ({ answer, reason }) => {
  test(`is ${reason} of each source, costs no other, and is over in the next cycle`, async () => {
    const found = await Promise.all(
      lanes.map(async (lane) => {
        const { source, world } = lane;
        const before = valuesOf(world.pushes.at(-1));
        world.fault = { source, answer };
        const during = await nextCycle(lane);
        world.fault = undefined;
        const afterwards = await nextCycle(lane);
        return [withFailure(said(during, before), source), said(afterwards, during)];
      }),
    );
    expect(found).toEqual(lanes.map(({ source }) => [{ ...allAreWell, [source]: `${reason}, up 0` }, allAreWell]));
    cells += lanes.length;
  });
});

test('the table has not shrunk', () => {
  expect(cells).toBe(8 * 34);
});
