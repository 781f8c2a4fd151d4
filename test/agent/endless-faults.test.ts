import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SourceId, sourceIds } from '../../src/model/reading.ts';
import { patienceMs } from '../../src/sources/reads.ts';
import { valuesOf } from '../support/agent.ts';
import { type Lane, allAreWell, nextCycle, said, startLanes, stopLanes, withFailure } from '../support/lanes.ts';
import { canaries } from '../support/canaries.ts';
import { Exits, ways } from '../support/secret-scan.ts';
import { type UpstreamFault, endlessFaults } from '../support/upstream-faults.ts';

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

/** What was seen of a fault. */
interface Seen {
  readonly sources: readonly SourceId[];
  readonly during: States;
  readonly atDeadline: States;
  readonly afterwards: States;
  /** What a cycle took without any fault. */
  readonly calmMs: number;
  readonly pushedAfterMs: number;
  readonly readAfterMs: number;
}

type States = Readonly<Record<string, string>>;

const exits = new Exits();
const lanes: Lane[] = [];
const seen = new Map<string, readonly Seen[]>();

// One fault after the other; but while the reads of one go on to their deadlines, the next has its cycle.
beforeAll(async () => {
  const ends = [];
  for (const [turn, fault] of endlessFaults.entries()) {
    const sources = pairs(turn);
    const own = await startLanes(sources.length, readDeadlineMs, exits);
    lanes.push(...own);
    const calmMs = await timeOf(Promise.all(own.map(nextCycle)));
    const begun = own.map((lane, place) => begin(lane, fault, sources[place] ?? []));
    await Promise.all(begun.map(({ pushed }) => pushed));
    ends.push(Promise.all(begun.map(({ over }) => over)).then((all) => seen.set(fault.name, all.map((one) => ({ ...one, calmMs })))));
  }
  await Promise.all(ends);
}, 60_000);
afterAll(() => stopLanes(lanes));

/** A cycle with the fault, its end at the deadline, and a cycle without it. */
function begin(lane: Lane, { answer }: UpstreamFault, sources: readonly SourceId[]): { readonly pushed: Promise<unknown>; readonly over: Promise<Omit<Seen, 'calmMs'>> } {
  const { world, agent } = lane;
  const before = lane.last;
  world.fault = { sources, answer };
  const startedMs = performance.now();
  const pushed = nextCycle(lane).then((during) => ({ during, pushedAfterMs: performance.now() - startedMs }));
  const over = async (): Promise<Omit<Seen, 'calmMs'>> => {
    const { during, pushedAfterMs } = await pushed;
    await agent.readSources();
    const readAfterMs = performance.now() - startedMs;
    await agent.push();
    const atDeadline = valuesOf(world.pushes.at(-1));
    await agent.askAll();
    world.fault = undefined;
    const afterwards = await nextCycle(lane);
    return {
      sources,
      during: said(during, before),
      atDeadline: withFailure(said(atDeadline, during), ...sources),
      afterwards: said(afterwards, atDeadline),
      pushedAfterMs,
      readAfterMs,
    };
  };
  return { pushed, over: over() };
}

const eachOf = (sources: readonly SourceId[], state: unknown): Record<string, unknown> => Object.fromEntries(sources.map((source) => [source, state]));

describe.each(endlessFaults)('$name', ({ name, reason }) => {
  test(`is ${reason} of each source at its deadline, costs the others a second, and is over in the next cycle`, () => {
    const all = seen.get(name) ?? [];
    for (const { sources, during, atDeadline, afterwards, calmMs, pushedAfterMs, readAfterMs } of all) {
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

test('no secret has left by any way', async () => {
  await stopLanes(lanes.splice(0));
  expect(exits.used).toEqual(ways);
  expect(exits.scan(canaries)).toEqual([]);
});
