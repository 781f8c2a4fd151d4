import { LiveOrganization } from '../demo/anthropic/live.ts';
import { startReceiver } from '../demo/receiver.ts';
import { startUpstreams } from '../demo/upstreams.ts';
import { World } from '../demo/world.ts';
import { requestLimits } from '../export/split.ts';
import { systemClock } from '../model/clock.ts';
import { type Arrival, Arrivals } from './arrivals.ts';
import { type AgentEnd, type LogLine, startDemoAgent } from './demo-agent.ts';
import { type DemoViewOptions, demoView } from './demo-view.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import { stopSignal } from './stop-signal.ts';

/** What the demo is started with. */
export interface DemoOptions extends DemoViewOptions {
  /** File of this program. */
  readonly entry: string;
  /** Ends after so many pushes; absent: when interrupted. */
  readonly cycles?: number;
  readonly writeError: (text: string) => void;
}

/** Every run tells the same story. */
const seed = 7;

/** Five hours pass in a minute and a half. */
const speed = 200;

/** Longest wait for the first push. */
const firstPushWithinMs = 30_000;

const keptLogLines = 50;

/** Why the demo ends. */
type Ending =
  | { readonly kind: 'interrupted'; readonly signal: NodeJS.Signals }
  | { readonly kind: 'complete' | 'nothing arrived' }
  | { readonly kind: 'agent ended'; readonly end: AgentEnd };

/**
 * Runs the real agent between simulated upstreams and a receiver, and shows what arrives. Ends with 0 when interrupted or
 * when so many pushes have arrived, with another code when the agent failed or nothing arrived.
 */
export async function demo(options: DemoOptions): Promise<ExitCode> {
  const { entry, intervalMs, cycles = Number.POSITIVE_INFINITY } = options;
  const stop = stopSignal();
  const arrivals = new Arrivals();
  const log: LogLine[] = [];
  const view = await demoView(options, { arrivals, log });

  // Not before the first push, which takes seconds on a slow machine.
  const faults = { firstMs: Math.max(6 * intervalMs, 12_000), everyMs: 14 * intervalMs, lastMs: 4 * intervalMs };
  const world = new World({ seed, clock: systemClock, speed, faults });
  const upstreams = await startUpstreams(world, new LiveOrganization({ seed, clock: systemClock }));
  const ending = Promise.withResolvers<Ending>();
  const nothing = setTimeout(() => ending.resolve({ kind: 'nothing arrived' }), firstPushWithinMs);
  let shown = 0;
  let unshown: Arrival | undefined;
  const show = (arrival: Arrival): void => {
    if (shown >= cycles) return;
    view.arrived(arrival);
    shown = arrival.push;
    if (shown >= cycles) ending.resolve({ kind: 'complete' });
  };
  const receiver = await startReceiver({
    onRequest(requests) {
      clearTimeout(nothing);
      if (shown >= cycles) return;
      const arrival = arrivals.add(requests);
      if (unshown !== undefined && unshown.push !== arrival.push) show(unshown);
      // After a request that is full comes another one of the same push.
      unshown = requests.reduce((sum, { points }) => sum + points.length, 0) < requestLimits.points ? undefined : arrival;
      if (unshown === undefined) show(arrival);
    },
  });
  const agent = startDemoAgent({
    entry,
    settings: {
      ...upstreams.settings,
      CLAUDE_POLL_INTERVAL: `${intervalMs}ms`,
      OPENROUTER_POLL_INTERVAL: `${intervalMs}ms`,
      ...adminIntervals(intervalMs),
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${receiver.port}`,
      OTEL_METRIC_EXPORT_INTERVAL: String(intervalMs),
      // Its receiver takes metrics alone.
      OTEL_TRACES_EXPORTER: 'none',
      HTTP_ADDRESS: '127.0.0.1:0',
    },
    onLog(line) {
      log.push(line);
      if (log.length > keptLogLines) log.shift();
      view.logged();
    },
  });
  void agent.ended.then((end) => ending.resolve({ kind: 'agent ended', end }));
  void stop.received.then((signal) => ending.resolve({ kind: 'interrupted', signal }));
  // Whoever read along has gone (`demo | head`).
  process.stdout.once('error', () => ending.resolve({ kind: 'interrupted', signal: 'SIGPIPE' }));

  const why = await ending.promise;
  view.stopping();
  const end = why.kind === 'agent ended' ? why.end : await agent.stop(why.kind === 'interrupted' && why.signal === 'SIGINT');
  receiver.stop();
  if (unshown !== undefined) show(unshown);
  await upstreams.stop();
  view.end();
  return conclude(why, end, log, options.writeError);
}

/** The Admin API is read as often as its limit of sixty requests a minute lets. */
function adminIntervals(intervalMs: number): Readonly<Record<string, string>> {
  const usageMs = Math.max(intervalMs, 2_000);
  return {
    ANTHROPIC_USAGE_POLL_INTERVAL: `${usageMs}ms`,
    ANTHROPIC_COST_POLL_INTERVAL: `${2 * usageMs}ms`,
    ANTHROPIC_SLOW_POLL_INTERVAL: `${30 * usageMs}ms`,
  };
}

function conclude(why: Ending, end: AgentEnd, log: readonly LogLine[], writeError: (text: string) => void): ExitCode {
  if (why.kind === 'interrupted' || (why.kind === 'complete' && endedWell(end))) return exitCode.delivered;
  const what = why.kind === 'nothing arrived' ? 'nothing arrived' : `the agent ended ${why.kind === 'complete' ? 'badly' : 'by itself'}`;
  const how = end.code === null ? (end.signal ?? 'unknown') : `exit code ${end.code}`;
  writeError(`${what} (${how}); its last words:\n${log.slice(-5).map(({ text }) => `  ${text}\n`).join('')}`);
  if (why.kind === 'nothing arrived') return exitCode.notDelivered;
  return Object.values(exitCode).find((code) => code === end.code && code !== exitCode.delivered) ?? exitCode.bug;
}

/** Where there are no signals, a process is ended by force and has no code. */
function endedWell({ code, signal }: AgentEnd): boolean {
  return code === 0 || (process.platform === 'win32' && signal === 'SIGTERM');
}
