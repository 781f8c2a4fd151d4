/*
 * npm run bench:organization: what the built agent costs with a large organization, between an Admin API and an OTLP receiver on
 * loopback, each in a process of its own. The first cycle reads the whole of the open months, a steady one the days that are still
 * restated. The parts of a cycle are told apart by when requests begin and end. Arguments: rows a day, each a run of its own.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { noEnvFile, spawnAgent } from './agent-process.ts';
import type { AdminApiAddress, AdminApiFigures } from './organization/admin-api.ts';
import { type Cycle, type PartFigures, cyclesOf } from './organization/cycles.ts';
import type { LoopFigures, Moment } from './organization/probe.ts';
import type { ReceiverAddress, ReceiverFigures } from './organization/receiver.ts';
import { type Column, columns } from './table.ts';

const steadyCycles = 3;
const intervalMs = 30_000;
const adminKey = 'sk-ant-admin01-fake';
const dayMs = 24 * 60 * 60_000;

/** A peer in a process of its own. */
interface Peer<Address, Figures> {
  readonly address: Address;
  figures(): Promise<Figures>;
  stop(): void;
}

async function startPeer<Address, Figures>(file: string, ...args: string[]): Promise<Peer<Address, Figures>> {
  const child = fork(fileURLToPath(new URL(`organization/${file}`, import.meta.url)), args);
  const next = async <T>(): Promise<T> => {
    const [message] = (await once(child, 'message')) as [T];
    return message;
  };
  return {
    address: await next<Address>(),
    async figures() {
      const figures = next<Figures>();
      child.send({});
      return figures;
    },
    stop: () => child.disconnect(),
  };
}

/** Everything that was told until a number of cycles had ended. */
interface Watched {
  readonly moments: Moment[];
  readonly child: ChildProcess;
  cycles(count: number): Promise<void>;
  loop(): Promise<LoopFigures>;
}

function watch(child: ChildProcess): Watched {
  const moments: Moment[] = [];
  let onLoop: (figures: LoopFigures) => void = () => undefined;
  let onMoment = (): void => undefined;
  child.on('message', (message: Moment | LoopFigures) => {
    if ('p99Ms' in message) {
      onLoop(message);
      return;
    }
    moments.push(message);
    onMoment();
  });
  return {
    moments,
    child,
    /** A cycle is known to have ended when the next one begins. */
    cycles: (count) =>
      new Promise((resolve, reject) => {
        child.once('close', (code) => reject(new Error(`the agent ended with ${code ?? 'a signal'}`)));
        onMoment = () => {
          if (cyclesOf(moments, intervalMs).length >= count) resolve();
        };
      }),
    loop: () =>
      new Promise((resolve) => {
        onLoop = resolve;
        child.send({});
      }),
  };
}

/** The least requests that the API allows for what a cycle reads: pages of 31 days or 168 hours, lists of a thousand. */
function fewestRequests(kind: 'first' | 'steady'): number {
  const today = Math.floor(Date.now() / dayMs) * dayMs;
  const recent = today - 3 * dayMs;
  const oldest = Date.UTC(new Date(recent).getUTCFullYear(), new Date(recent).getUTCMonth());
  const olderPages = Math.ceil((recent - oldest) / dayMs / 31);
  const names = 10 + 1 + 1;
  return kind === 'steady' ? 1 : 2 * (1 + olderPages) + names;
}

interface Measured {
  readonly cycles: readonly Cycle[];
  readonly loops: readonly LoopFigures[];
  readonly admin: readonly AdminApiFigures[];
  readonly received: readonly ReceiverFigures[];
}

async function measure(rowsADay: number): Promise<Measured> {
  const admin = await startPeer<AdminApiAddress, AdminApiFigures>('admin-api.ts', String(rowsADay));
  const receiver = await startPeer<ReceiverAddress, ReceiverFigures>('receiver.ts');
  const preload = new URL('organization/probe.ts', import.meta.url).href;
  const agent = watch(
    spawnAgent(['run', ...noEnvFile], {
      LOG_LEVEL: 'warn',
      ANTHROPIC_ADMIN_API_KEY: adminKey,
      ANTHROPIC_ADMIN_BASE_URL: admin.address.url,
      ANTHROPIC_USAGE_POLL_INTERVAL: `${intervalMs}ms`,
      OTEL_METRIC_EXPORT_INTERVAL: String(intervalMs),
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.address.url,
    }, preload),
  );
  const loops: LoopFigures[] = [];
  const figures = { admin: [await admin.figures()], received: [await receiver.figures()] };
  for (const cycles of [1, 1 + steadyCycles]) {
    await agent.cycles(cycles);
    loops.push(await agent.loop());
    figures.admin.push(await admin.figures());
    figures.received.push(await receiver.figures());
  }
  agent.child.removeAllListeners('close');
  const ended = once(agent.child, 'close');
  agent.child.kill('SIGTERM');
  const [code] = (await ended) as [number | null];
  if (code !== 0) process.stdout.write(`The last push was not acknowledged: the agent ended with ${code ?? 'a signal'}.\n`);
  admin.stop();
  receiver.stop();
  return { cycles: cyclesOf(agent.moments, intervalMs), loops, ...figures };
}

const mebibytes = (count: number): string => (count / 2 ** 20).toFixed(1);
const seconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(2);
const whole = (count: number): string => Math.round(count).toLocaleString('en-US');

/** The first cycle, and the mean of the steady ones. */
function shown(measured: Measured, steady: boolean): Column {
  const cycles = steady ? measured.cycles.slice(1, 1 + steadyCycles) : measured.cycles.slice(0, 1);
  const at = steady ? 1 : 0;
  const mean = (of: (cycle: Cycle) => number): number => cycles.reduce((total, cycle) => total + of(cycle), 0) / cycles.length;
  const most = (of: (cycle: Cycle) => number): number => Math.max(...cycles.map(of));
  const each = <T>(figures: readonly T[], of: (figure: T) => number): number => {
    const [before, after] = [figures[at], figures[at + 1]];
    return before === undefined || after === undefined ? Number.NaN : (of(after) - of(before)) / cycles.length;
  };
  const part = (name: string, of: (cycle: Cycle) => PartFigures): Record<string, string> => ({
    [`${name}: wall, s`]: seconds(mean((cycle) => of(cycle).wallMs)),
    [`${name}: CPU of all threads, s`]: seconds(mean((cycle) => of(cycle).cpuMs)),
    [`${name}: CPU of the main thread, s`]: seconds(mean((cycle) => of(cycle).mainCpuMs)),
    [`${name}: event loop held up at most, ms`]: whole(most((cycle) => of(cycle).heldUpMs)),
  });
  const loop = measured.loops[at];
  return {
    'requests to the Admin API': whole(mean((cycle) => cycle.adminRequests)),
    '  the fewest that it allows': whole(fewestRequests(steady ? 'steady' : 'first')),
    'JSON read, MiB': mebibytes(each(measured.admin, ({ jsonBytes }) => jsonBytes)),
    '  on the wire, MiB': mebibytes(each(measured.admin, ({ wireBytes }) => wireBytes)),
    ...part('read', (cycle) => cycle.read),
    'read: resident memory at most, MiB': whole(most((cycle) => cycle.readMiB)),
    ...part('last page, ledger, points', (cycle) => cycle.ledger),
    ...part('push', (cycle) => cycle.push),
    ...part('whole cycle', (cycle) => cycle.whole),
    'event loop delay p99, ms': whole(loop?.p99Ms ?? Number.NaN),
    '  longest, ms': whole(loop?.longestMs ?? Number.NaN),
    'peak resident memory until then, MiB': whole(loop?.peakMiB ?? Number.NaN),
    'requests to the receiver': whole(mean((cycle) => cycle.pushRequests)),
    '  on the wire, MiB ': mebibytes(each(measured.received, ({ wireBytes }) => wireBytes)),
    'points acknowledged': whole(each(measured.received, ({ points }) => points)),
  };
}

const asked = process.argv.slice(2).map(Number);
for (const rowsADay of asked.length > 0 ? asked : [10_000, 100_000]) {
  const measured = await measure(rowsADay);
  const { model = 'unknown processor' } = cpus()[0] ?? {};
  const load = loadavg()[0] ?? 0;
  const table = columns({ 'first cycle': shown(measured, false), [`steady, mean of ${steadyCycles}`]: shown(measured, true) });
  process.stdout.write(`10,000 keys × 5 models, ${whole(rowsADay)} rows a day\n`);
  process.stdout.write(`Node.js ${process.versions.node}, ${process.platform} ${process.arch}, ${availableParallelism()} × ${model.trim()}\n`);
  if (load > 0.75 * availableParallelism()) process.stdout.write(`The machine is busy (load ${load.toFixed(1)}): times are too long.\n`);
  process.stdout.write(`\n${table}\n\n`);
}
process.exit();
