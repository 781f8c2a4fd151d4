import { serverWatch } from '../../src/commands/server-watch.ts';
import { type Agent, createAgent } from '../../src/agent.ts';
import { loadConfig } from '../../src/config/config.ts';
import { SimulatedOrganization } from '../../src/demo/anthropic/organization.ts';
import { startAdminApi } from '../../src/demo/anthropic/server.ts';
import { randomOf } from '../../src/demo/random.ts';
import { startReceiver } from '../../src/demo/receiver.ts';
import { startUpstreams } from '../../src/demo/upstreams.ts';
import { World } from '../../src/demo/world.ts';
import { Cycles } from '../../src/server/cycles.ts';
import { StatusPage } from '../../src/server/page/status-page.ts';
import { startServer } from '../../src/server/server.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { fileURLToPath } from 'node:url';
import { ManualClock } from './agent.ts';

/** The status page of an agent that has run for a day. */
export interface SimulatedDay {
  readonly url: string;
  readonly world: World;
  readonly agent: Agent;
  /** Another cycle, so much later. */
  cycle(laterMs: number): Promise<void>;
  stop(): Promise<void>;
}

const minuteMs = 60_000;
const stepMs = 10 * minuteMs;
/** Five sessions of the simulated person, so that one is half way at the end. */
const lastsMs = 27.5 * 60 * minuteMs;
const adminKey = 'sk-ant-admin01-fake';

/** Lets a real agent live through the day before an instant and a little more, between simulated upstreams, and serves its status page. */
export async function startSimulatedDay(endsAt: Date, seed: number): Promise<SimulatedDay> {
  const clock = new ManualClock(new Date(endsAt.getTime() - lastsMs));
  const world = new World({ seed, clock, speed: 1 });
  const [upstreams, receiver] = await Promise.all([startUpstreams(world), startReceiver()]);
  const organization = organizationOf(endsAt, seed);
  const admin = await startAdminApi({ organization, adminKey, now: () => clock.now() });
  const settings = {
    ...upstreams.settings,
    ANTHROPIC_ADMIN_API_KEY: adminKey,
    ANTHROPIC_ADMIN_BASE_URL: admin.url,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${receiver.port}`,
  };
  const config = loadConfig({ environment: settings, envFile: fileURLToPath(new URL('empty.env', import.meta.url)), flags: {} });
  const cycles = new Cycles({ clock, intervalMs: 60_000, timeoutMs: 30_000, readDeadlineMs: 10_000, pushes: true });
  const fail = (error: unknown): void => {
    throw error;
  };
  const page: StatusPage = new StatusPage({ cycles, clock, pushes: true, sources: () => agent.pollers, onError: fail });
  const agent: Agent = createAgent(config, {
    logger: createLogger('error', process.stderr),
    readDeadlineMs: 10_000,
    write: () => undefined,
    random: () => 0,
    clock,
    watch: serverWatch(cycles, page),
  });
  const cycle = async (laterMs: number): Promise<void> => {
    clock.advance(laterMs);
    await agent.readSources();
    await agent.push();
  };
  for (let ms = 0; ms < lastsMs; ms += stepMs) await cycle(stepMs);
  const server = await startServer({ host: '127.0.0.1', port: 0, loopback: true, routes: page.routes(), onError: fail });
  return {
    url: `${server.url}/`,
    world,
    agent,
    cycle,
    async stop() {
      await server.stop();
      await agent.close();
      receiver.stop();
      await Promise.all([upstreams.stop(), admin.stop()]);
    },
  };
}

const models = ['claude-opus-5', 'claude-sonnet-5', 'claude-haiku-5', 'claude-fable-5', 'claude-opus-4-8'] as const;

/** An organization that used a few models since the first of the month. */
function organizationOf(endsAt: Date, seed: number): SimulatedOrganization {
  const organization = new SimulatedOrganization();
  for (const [id, name] of Object.entries({ user_1: 'Ada Lovelace', user_2: 'Grace Hopper' })) organization.users.push({ id, name, email: `${id}@example.com` });
  for (const [id, name] of Object.entries({ wrkspc_1: 'Research', wrkspc_2: 'Support' })) organization.workspaces.push({ id, name, archivedAt: null });
  organization.keys.push(
    { id: 'apikey_1', name: 'pipeline', createdBy: 'user_1', workspaceId: 'wrkspc_1' },
    { id: 'apikey_2', name: 'helpdesk', createdBy: 'user_2', workspaceId: 'wrkspc_2' },
    { id: 'apikey_3', name: 'notebook', createdBy: 'user_1', workspaceId: 'wrkspc_1' },
  );
  const random = randomOf(seed, 1);
  const monthStartMs = Date.UTC(endsAt.getUTCFullYear(), endsAt.getUTCMonth(), 1);
  for (let atMs = monthStartMs; atMs < endsAt.getTime(); atMs += 30 * minuteMs) {
    const chosen = Math.floor(models.length * random() ** 2);
    const size = 0.2 + random();
    // Most of it is of the first.
    const key = organization.keys[Math.floor(organization.keys.length * random() ** 2)];
    organization.use({
      atMs,
      apiKeyId: key?.id ?? null,
      workspaceId: key?.workspaceId ?? null,
      model: models[chosen] ?? models[0],
      uncachedInput: Math.round(40_000 * size),
      output: Math.round(22_000 * size),
      cacheRead: Math.round(600_000 * size * random()),
      cacheWrite5m: Math.round(30_000 * size),
      microCents: BigInt(Math.round(260 * size * (1 - chosen / 7))) * 1_000_000n,
    });
  }
  for (let hours = 2; hours < 9; hours++) {
    const atMs = endsAt.getTime() - hours * 60 * minuteMs;
    const email = `user_${1 + (hours % 2)}@example.com`;
    organization.code({ atMs, shownAtMs: atMs, actor: { type: 'user_actor', email }, sessions: 1 + (hours % 3), linesAdded: 20 * hours, commits: hours % 2 });
  }
  return organization;
}
