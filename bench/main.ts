/*
 * npm run bench: what the built agent costs, between simulators on loopback. Start-up is that of whole processes, from the call
 * that starts them; the figures of `run` are of a steady state in which every cycle reads both sources.
 */
import { availableParallelism, cpus, loadavg } from 'node:os';
import { type AgentProcess, noEnvFile, startAgent } from './agent-process.ts';
import { type Peers, type Push, startPeers } from './peers.ts';
import { type Row, table } from './table.ts';

const starts = 15;
const runs = 3;
const warmUpCycles = 30;
const cycles = 100;
const intervalMs = 200;

/** The next push, or what kept it from coming. */
async function nextPush(peers: Peers, agent: AgentProcess): Promise<Push> {
  const ended = agent.ended.then((code) => {
    throw new Error(`the agent ended with ${code ?? 'a signal'} before its push`);
  });
  return Promise.race([peers.nextPush(), ended]);
}

/** From the start of the process to its end. */
async function timeOfVersion(): Promise<number> {
  const agent = startAgent(['--version']);
  await agent.ended;
  return performance.now() - agent.startedMs;
}

interface OnceTimes {
  /** To the moment at which the receiver has the push, just before it acknowledges it. */
  readonly pushedMs: number;
  readonly wholeMs: number;
}

async function timeOfOnce(peers: Peers): Promise<OnceTimes> {
  const agent = startAgent(['once', ...noEnvFile], peers.settings);
  await nextPush(peers, agent);
  const pushedMs = performance.now() - agent.startedMs;
  const code = await agent.ended;
  if (code !== 0) throw new Error(`once ended with ${code}`);
  return { pushedMs, wholeMs: performance.now() - agent.startedMs };
}

interface RunFigures {
  readonly cpuMs: number;
  readonly residentMiB: number;
  readonly bytes: number;
  readonly points: number;
}

async function figuresOfRun(peers: Peers, compression: 'none' | 'gzip'): Promise<RunFigures> {
  const agent = startAgent(['run', ...noEnvFile], {
    ...peers.settings,
    CLAUDE_POLL_INTERVAL: `${intervalMs}ms`,
    OPENROUTER_POLL_INTERVAL: `${intervalMs}ms`,
    OTEL_METRIC_EXPORT_INTERVAL: String(intervalMs),
    OTEL_EXPORTER_OTLP_COMPRESSION: compression,
  });
  const pushAfter = async (count: number): Promise<Push> => {
    let push = await nextPush(peers, agent);
    for (let cycle = 1; cycle < count; cycle++) push = await nextPush(peers, agent);
    return push;
  };
  const first = await pushAfter(warmUpCycles);
  const before = await agent.usage();
  const last = await pushAfter(cycles);
  const after = await agent.usage();
  agent.stop();
  await agent.ended;
  return {
    cpuMs: (after.cpuMs - before.cpuMs) / cycles,
    residentMiB: after.residentMiB,
    bytes: (last.wireBytes - first.wireBytes) / cycles,
    points: last.points,
  };
}

/** One after the other: they would else disturb each other. */
async function times<T>(count: number, measure: () => Promise<T>): Promise<T[]> {
  const measured: T[] = [];
  for (let index = 0; index < count; index++) measured.push(await measure());
  return measured;
}

const peers = await startPeers();
// The first start reads the files from the disk.
await timeOfOnce(peers);
const versions = await times(starts, timeOfVersion);
const onces = await times(starts, () => timeOfOnce(peers));
const plain = await times(runs, () => figuresOfRun(peers, 'none'));
const zipped = await times(runs, () => figuresOfRun(peers, 'gzip'));
peers.stop();

const points = plain[0]?.points ?? 0;
const rows: Row[] = [
  { what: '--version, whole process', unit: 'ms', values: versions },
  { what: 'once, start to push', unit: 'ms', values: onces.map(({ pushedMs }) => pushedMs) },
  { what: 'once, whole process', unit: 'ms', values: onces.map(({ wholeMs }) => wholeMs) },
  { what: 'run, CPU time a cycle', unit: 'ms', values: plain.map(({ cpuMs }) => cpuMs) },
  { what: 'run, CPU time a cycle with gzip', unit: 'ms', values: zipped.map(({ cpuMs }) => cpuMs) },
  { what: `run, resident memory after ${warmUpCycles + cycles} cycles`, unit: 'MiB', values: plain.map(({ residentMiB }) => residentMiB) },
  { what: `run, a push of ${points} points on the wire`, unit: 'bytes', values: plain.map(({ bytes }) => bytes) },
  { what: `run, a push of ${points} points on the wire with gzip`, unit: 'bytes', values: zipped.map(({ bytes }) => bytes) },
];
const { model = 'unknown processor' } = cpus()[0] ?? {};
const load = loadavg()[0] ?? 0;
process.stdout.write(`Node.js ${process.versions.node}, ${process.platform} ${process.arch}, ${availableParallelism()} × ${model.trim()}\n`);
if (load > 0.75 * availableParallelism()) process.stdout.write(`The machine is busy (load ${load.toFixed(1)}): times are too long.\n`);
process.stdout.write(`\n${table(rows)}\n`);
process.exit();
