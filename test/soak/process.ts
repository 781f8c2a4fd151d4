import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { noEnvFile, spawnAgent } from '../../bench/agent-process.ts';
import { startReceiver } from '../../src/demo/receiver.ts';
import { startUpstreams } from '../../src/demo/upstreams.ts';
import { World } from '../../src/demo/world.ts';
import { systemClock } from '../../src/model/clock.ts';
import { slopeOf } from './slope.ts';

/** Most that the process may have in memory. */
export const mostResidentBytes = 160 * 1024 * 1024;

/** Handles that may come and go with what is under way at a sample. */
export const handlesUnderWay = 6;

interface Sample {
  readonly rss: number;
  /** What is left of the heap after a collection; only where one was asked for. */
  readonly heapUsed?: number;
  /** Sockets, timers and whatever else keeps a process alive. */
  readonly handles: number;
}

/** What the built agent has shown between simulators. */
export interface ProcessResult {
  readonly cycles: number;
  readonly mostResidentBytes: number;
  readonly residentBytesPerMinute: number;
  readonly heapBytesPerMinute: number;
  /** Most handles in the first and in the last quarter after the warm-up. */
  readonly handles: readonly [number, number];
  readonly exitCode: number | null;
}

const probe = `data:text/javascript,${encodeURIComponent(`
  const { setFlagsFromString } = await import('node:v8');
  const { runInNewContext } = await import('node:vm');
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  process.on('message', ({ collects }) => {
    const { rss } = process.memoryUsage();
    if (collects) collect();
    process.send({ rss, handles: process.getActiveResourcesInfo().length, ...(collects && { heapUsed: process.memoryUsage().heapUsed }) });
  });
  process.channel.unref();
`)}`;

const sampleMs = 2_000;

/** Once in so many samples the heap is collected: what is garbage does not count, and what a collection frees is not seen as little need. */
const collectEach = 30;

/** Runs the built agent for so long, with a cycle each second, between simulators on loopback whose faults come and go. */
export async function runProcess(minutes: number): Promise<ProcessResult> {
  const faults = { everyMs: 60_000, longestMs: 15_000 };
  const world = new World({ seed: 1, clock: systemClock, speed: 60 });
  const upstreams = await startUpstreams(world);
  let cycles = 0;
  const receiver = await startReceiver({ onRequest: () => void (cycles += 1) });
  const child = spawnAgent(['run', ...noEnvFile], {
    ...upstreams.settings,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${receiver.port}`,
    OTEL_METRIC_EXPORT_INTERVAL: '1000',
    CLAUDE_POLL_INTERVAL: '1s',
    OPENROUTER_POLL_INTERVAL: '1s',
    HTTP_ADDRESS: '127.0.0.1:0',
    LOG_LEVEL: 'silent',
  }, probe);
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const samples: (readonly [minute: number, sample: Sample])[] = [];
  const startedMs = performance.now();
  for (let elapsedMs = 0; elapsedMs < minutes * 60_000; elapsedMs = performance.now() - startedMs) {
    await sleep(sampleMs);
    const isFaulty = elapsedMs % faults.everyMs < faults.longestMs;
    world.setFault('claude-ai', isFaulty ? 'cookie_expired' : undefined);
    world.setFault('openrouter', isFaulty ? 'failing' : undefined);
    const answer = once(child, 'message');
    child.send({ collects: samples.length % collectEach === collectEach - 1 });
    const [sample] = (await answer) as [Sample];
    samples.push([elapsedMs / 60_000, sample]);
  }
  child.kill('SIGTERM');
  const exitCode = await ended;
  receiver.stop();
  await upstreams.stop();
  const warm = samples.slice(Math.floor(samples.length / 4));
  const quarter = Math.max(1, Math.floor(warm.length / 4));
  const most = (of: readonly (readonly [number, Sample])[]): number => Math.max(...of.map(([, { handles }]) => handles));
  return {
    cycles,
    mostResidentBytes: Math.max(...samples.map(([, { rss }]) => rss)),
    residentBytesPerMinute: slopeOf(warm.map(([minute, { rss }]) => [minute, rss])),
    heapBytesPerMinute: slopeOf(warm.flatMap(([minute, { heapUsed }]) => (heapUsed === undefined ? [] : [[minute, heapUsed] as const]))),
    handles: [most(warm.slice(0, quarter)), most(warm.slice(-quarter))],
    exitCode,
  };
}
