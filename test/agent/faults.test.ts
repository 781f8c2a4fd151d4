import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sourceIds } from '../../src/model/reading.ts';
import { type Lane, allAreWell, nextCycle, said, startLanes, stopLanes, withFailure } from '../support/lanes.ts';
import { canaries } from '../support/canaries.ts';
import { Exits, ways } from '../support/secret-scan.ts';
import { answeredFaults } from '../support/upstream-faults.ts';

const exits = new Exits();
let lanes: Lane[] = [];
beforeAll(async () => {
  lanes = await startLanes(sourceIds.length, 20_000, exits);
}, 60_000);
afterAll(() => stopLanes(lanes));

let cells = 0;

/**
 * A cycle in which another source of each lane has the fault. The one before it is due again, so that the cycle also shows whether
 * it is well.
 */
describe.each(answeredFaults.map((fault, turn) => ({ ...fault, turn })))('$name', ({ answer, reason, turn }) => {
  test(`is ${reason} of each source, costs no other, and what failed before is over`, async () => {
    const found = await Promise.all(
      lanes.map(async (lane, place) => {
        const index = (place + turn) % sourceIds.length;
        const source = sourceIds[index] ?? 'claude-ai';
        const before = lane.last;
        lane.world.fault = { sources: [source], answer };
        const states = said(await nextCycle(lane), before);
        // Pages take as long as reads do: with each fault those of two lanes are looked at, with the next ones of other sources.
        if (Math.floor(index / 2) === turn % (sourceIds.length / 2)) await lane.agent.askAll();
        return [source, withFailure(states, source)] as const;
      }),
    );
    for (const [source, states] of found) expect(states, source).toEqual({ ...allAreWell, [source]: `${reason}, up 0` });
    expect(new Set(found.map(([source]) => source)).size).toBe(sourceIds.length);
    cells += found.length;
  });
});

test('the last fault is over too', async () => {
  for (const lane of lanes) {
    const before = lane.last;
    lane.world.fault = undefined;
    expect(said(await nextCycle(lane), before)).toEqual(allAreWell);
  }
});

test('the table has not shrunk', () => {
  expect(cells).toBe(8 * 34);
});

test('no secret has left by any way', async () => {
  await stopLanes(lanes.splice(0));
  expect(exits.used).toEqual(ways);
  expect(exits.scan(canaries)).toEqual([]);
});
