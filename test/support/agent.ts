import { fileURLToPath } from 'node:url';
import type { Metadata } from '@grpc/grpc-js';
import { type Agent, type AgentOptions, createAgent } from '../../src/agent.ts';
import { loadConfig } from '../../src/config/config.ts';
import type { HttpAnswer, SeenRequest } from '../../src/demo/http-server.ts';
import { startUpstream } from '../../src/demo/http-server.ts';
import type { ReceivedPoint, ReceivedRequest } from '../../src/demo/otlp-messages.ts';
import { type Answer, startReceiver } from '../../src/demo/receiver.ts';
import type { Clock } from '../../src/model/clock.ts';
import { createLogger } from '../../src/telemetry/log.ts';

/** Simulated upstreams and a receiver, each with a switch. */
export interface World {
  /** What claude.ai answers to a request for the usage. */
  claude: HttpAnswer;
  /** What OpenRouter answers, by path. */
  openRouter: Record<string, HttpAnswer>;
  /** What the receiver does with a push. */
  receiver: Answer;
  /** Everything that was pushed, a request at a time. */
  readonly pushes: readonly (readonly ReceivedRequest[])[];
  readonly settings: Readonly<Record<string, string>>;
  /** Every request to the upstreams. */
  readonly seen: readonly SeenRequest[];
  /** Metadata of every push. */
  readonly metadata: readonly Metadata[];
  stop(): Promise<void>;
}

/** Usage of one window at 42 %, which resets when told. */
export function usage(resetsAt: Date, percent = 42): HttpAnswer {
  return { status: 200, body: { limits: [{ kind: 'session', percent, resets_at: resetsAt.toISOString(), is_active: true }] } };
}

/** A key that has spent 25.5 dollars, and an account that has 60 of 100 left. */
export const openRouterAnswers = {
  '/key': {
    status: 200,
    body: {
      data: { usage: 25.5, usage_daily: 1, usage_weekly: 5, usage_monthly: 18, limit: 100, limit_remaining: 82, limit_reset: 'monthly', is_management_key: true },
    },
  },
  '/credits': { status: 200, body: { data: { total_credits: 100, total_usage: 40 } } },
} as const satisfies Record<string, HttpAnswer>;

const inTwoHours = (): Date => new Date(Date.now() + 2 * 3_600_000);

/** Starts the world of a healthy account. */
export async function startWorld(): Promise<World> {
  const pushes: (readonly ReceivedRequest[])[] = [];
  const metadata: Metadata[] = [];
  const claude = await startUpstream(({ path }: SeenRequest) =>
    path === '/api/organizations' ? { status: 200, body: [{ uuid: 'org-1', capabilities: ['chat'] }] } : world.claude,
  );
  const openRouter = await startUpstream(({ path }) => world.openRouter[path] ?? { status: 404, body: {} });
  const receiver = await startReceiver({
    answer: () => world.receiver,
    onRequest(requests, received) {
      pushes.push(requests);
      metadata.push(received);
    },
  });
  const world: World = {
    claude: usage(inTwoHours()),
    openRouter: openRouterAnswers,
    receiver: { kind: 'acknowledge' },
    pushes,
    metadata,
    get seen() {
      return [...claude.requests, ...openRouter.requests];
    },
    settings: {
      CLAUDE_SESSION_KEY: 'sk-ant-sid01-fake',
      CLAUDE_AI_BASE_URL: claude.url,
      OPENROUTER_API_KEY: 'sk-or-v1-fake',
      OPENROUTER_ACCOUNT_BASE_URL: openRouter.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${receiver.port}`,
    },
    async stop() {
      receiver.stop();
      await Promise.all([claude.stop(), openRouter.stop()]);
    },
  };
  return world;
}

/** A line of the agent's log. */
export type LogLine = Readonly<Record<string, unknown>>;

/**
 * A clock whose monotonic time goes on only when it is told to, so that nothing grows old while a test runs; and its wall
 * clock too, if it is given where to start.
 */
export class ManualClock implements Clock {
  readonly #startsAt: Date | undefined;
  #monotonicMs = 0;
  #suspendedMs = 0;

  constructor(startsAt?: Date) {
    this.#startsAt = startsAt;
  }

  now(): Date {
    return new Date((this.#startsAt === undefined ? Date.now() : this.#startsAt.getTime() + this.#monotonicMs) + this.#suspendedMs);
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  advance(ms: number): void {
    this.#monotonicMs += ms;
  }

  /** The machine is suspended for so long: the wall clock alone goes on. */
  suspend(ms: number): void {
    this.#suspendedMs += ms;
  }
}

/** An agent in this process, with everything it says. */
export interface TestAgent extends Agent {
  readonly log: readonly LogLine[];
  readonly written: readonly string[];
  readonly clock: ManualClock;
  /** Another cycle, so much later that every source which is well is due. */
  nextPush(): ReturnType<Agent['push']>;
}

/** Settings of nobody’s. */
export const emptyEnvFile = fileURLToPath(new URL('empty.env', import.meta.url));

/** Longer than the interval of each source, shorter than what it read is valid. */
const untilDueMs = 130_000;

/** Makes an agent of these settings and no others. */
export function agentOf(
  settings: Readonly<Record<string, string>>,
  options: Pick<AgentOptions, 'state' | 'firstZeros' | 'watch' | 'traces'> & { readonly readDeadlineMs?: number; readonly clock?: ManualClock } = {},
): TestAgent {
  const log: LogLine[] = [];
  const written: string[] = [];
  const clock = options.clock ?? new ManualClock();
  const agent = createAgent(loadConfig({ environment: settings, envFile: emptyEnvFile, flags: {} }), {
    logger: createLogger('debug', { write: (line: string) => void log.push(JSON.parse(line) as LogLine) }),
    readDeadlineMs: options.readDeadlineMs ?? 10_000,
    write: (text) => written.push(text),
    random: () => 0,
    clock,
    ...(options.state && { state: options.state }),
    ...(options.firstZeros !== undefined && { firstZeros: options.firstZeros }),
    ...(options.watch && { watch: options.watch }),
    ...(options.traces && { traces: options.traces }),
  });
  const nextPush = (): ReturnType<Agent['push']> => {
    clock.advance(untilDueMs);
    return agent.push();
  };
  return { ...agent, log, written, clock, nextPush };
}

/** The points of one push. */
export function pointsOf(push: readonly ReceivedRequest[] | undefined): readonly ReceivedPoint[] {
  return (push ?? []).flatMap((request) => request.points);
}

/** Values by metric and attributes, without the account: `name{key=value,…}`. */
export function valuesOf(push: readonly ReceivedRequest[] | undefined): Readonly<Record<string, number>> {
  return Object.fromEntries(pointsOf(push).map((point) => [nameOf(point), point.value]));
}

function nameOf({ metric, attributes }: ReceivedPoint): string {
  const pairs = Object.entries(attributes).filter(([key]) => key !== 'account');
  if (pairs.length === 0) return metric;
  return `${metric}{${pairs.map(([key, value]) => `${key}=${value}`).sort().join()}}`;
}
