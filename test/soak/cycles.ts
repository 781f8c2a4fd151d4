import { simulatedLife } from '../../src/demo/anthropic/life.ts';
import { seededRandom } from '../../src/demo/random.ts';
import { World } from '../../src/demo/world.ts';
import { dayMs } from '../../src/model/calendar.ts';
import { MemoryDisk } from '../state/memory-disk.ts';
import { MemoryCollector } from '../simulation/support/collector.ts';
import { memoryCookies } from '../simulation/support/cookies.ts';
import { beginLife } from '../simulation/support/life.ts';
import { memoryUpstreams } from '../simulation/support/upstreams.ts';
import { VirtualTime, machineMs } from '../simulation/support/virtual-time.ts';
import { slopeOf } from './slope.ts';

const intervalMs = 10_000;

/** Collected and looked at each time that so many cycles have passed. */
const sampleEach = 100;

/** Most that the heap may rise for each cycle. */
export const mostBytesPerCycle = 16;

/** What many cycles in virtual time have shown. */
export interface CyclesResult {
  readonly cycles: number;
  readonly bytesPerCycle: number;
  readonly heapBytes: number;
  /** Timers, and what else the process waits for, at the first and at the last sample. */
  readonly timers: readonly [number, number];
  readonly resources: readonly [number, number];
  readonly listeners: readonly [number, number];
}

/**
 * Plays cycles of the whole agent in virtual time, of which one in ten has a source that fails and one in twenty a collector that
 * does. The organization's reports stand still, so that whatever rises is the agent's.
 * @param endMs no more are played from then on, in the machine's time.
 */
export async function playCycles(wanted: number, endMs: number): Promise<CyclesResult> {
  const collectGarbage = globalThis.gc;
  if (collectGarbage === undefined) throw new Error('run node with --expose-gc');
  const startMs = Date.UTC(2026, 10, 5);
  const random = seededRandom(1);
  const time = new VirtualTime(startMs);
  const nowMs = (): number => startMs + performance.now();
  let cycles = 0;
  const collector = new MemoryCollector({ random, fault: () => (cycles % 20 === 7 ? 'unreachable' : undefined), writtenEach: 1, onRequest: () => undefined });
  const account = new World({ seed: 1, clock: { now: () => new Date(startMs), monotonicMs: () => 0 }, speed: 1 });
  const { agent } = await beginLife({
    intervalMs,
    random,
    collector,
    disk: new MemoryDisk(false),
    settings: { CLAUDE_POLL_INTERVAL: '10s', OPENROUTER_POLL_INTERVAL: '10s', ANTHROPIC_USAGE_POLL_INTERVAL: '30s', ANTHROPIC_COST_POLL_INTERVAL: '30s', ANTHROPIC_SLOW_POLL_INTERVAL: '60s' },
    transports: {
      connect: memoryUpstreams({
        organization: simulatedLife({ seed: 1, fromMs: startMs - 35 * dayMs, toMs: startMs - 8 * dayMs, usesPerDay: 1, activitiesPerDay: 1, keys: 2 }),
        account,
        nowMs,
        random,
        fault: () => (cycles % 10 === 3 ? 'failing' : undefined),
        rules: { begin: () => () => undefined },
        looked: (look) => look(),
        onUsage: () => undefined,
      }),
      cookieService: memoryCookies({ cookies: () => account.cookies(), random, fault: () => undefined }),
    },
    onCollected: () => void (cycles += 1),
    onDelivered: () => undefined,
    onRead: () => undefined,
    onSave: () => () => undefined,
    onLog: () => undefined,
  });
  void agent.start();
  const samples: { readonly cycle: number; readonly heapBytes: number; readonly timers: number; readonly resources: number; readonly listeners: number }[] = [];
  while (cycles < wanted && machineMs() < endMs) {
    await time.advance(sampleEach * intervalMs);
    collectGarbage();
    collectGarbage();
    samples.push({
      cycle: cycles,
      heapBytes: process.memoryUsage().heapUsed,
      timers: time.timers,
      resources: process.getActiveResourcesInfo().length,
      listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
    });
  }
  time.end();
  const warm = samples.slice(Math.ceil(samples.length / 4));
  const [first, last] = [warm[0], warm.at(-1)];
  if (first === undefined || last === undefined || warm.length < 4) throw new Error('too few cycles to tell anything');
  const pair = (of: 'timers' | 'resources' | 'listeners'): readonly [number, number] => [first[of], last[of]];
  return {
    cycles,
    bytesPerCycle: slopeOf(warm.map(({ cycle, heapBytes }) => [cycle, heapBytes])),
    heapBytes: last.heapBytes,
    timers: pair('timers'),
    resources: pair('resources'),
    listeners: pair('listeners'),
  };
}
