import { SimulatedOrganization } from '../../src/demo/anthropic/organization.ts';
import { startAdminApi } from '../../src/demo/anthropic/server.ts';
import type { HttpAnswer, SeenRequest } from '../../src/demo/http-server.ts';
import type { ReceivedPoint, ReceivedRequest } from '../../src/demo/otlp-messages.ts';
import { type Answer, startReceiver } from '../../src/demo/receiver.ts';
import type { Clock } from '../../src/model/clock.ts';
import { ManualClock, pointsOf } from './agent.ts';
import { adminKey } from './canaries.ts';

/** An organization with its Admin API, and a switch. */
export interface OrganizationWorld {
  readonly organization: SimulatedOrganization;
  /** Settings that lead the agent to it. */
  readonly settings: Readonly<Record<string, string>>;
  /** Decides before the API does. */
  fault: (path: string, request: SeenRequest) => HttpAnswer | undefined;
  /** Paths that were asked for since the last call, below `/v1/organizations/`. */
  requests(): string[];
  stop(): Promise<void>;
}

/** Starts an organization of two keys, one of a person's in a workspace. Its Admin key is a canary. */
export async function startOrganization(clock: Clock): Promise<OrganizationWorld> {
  const organization = new SimulatedOrganization();
  organization.users.push({ id: 'user_1', email: 'ada@example.com', name: 'Ada' });
  organization.workspaces.push({ id: 'wrkspc_1', name: 'Research', archivedAt: null });
  organization.keys.push({ id: 'apikey_1', name: 'pipeline', createdBy: 'user_1', workspaceId: 'wrkspc_1' });
  organization.keys.push({ id: 'apikey_2', name: 'bot', createdBy: null, workspaceId: null });
  const api = await startAdminApi({
    organization,
    adminKey: adminKey.value,
    now: () => clock.now(),
    fault: (request) => world.fault(pathOf(request), request),
  });
  let seen = 0;
  const world: OrganizationWorld = {
    organization,
    settings: { ANTHROPIC_ADMIN_API_KEY: adminKey.value, ANTHROPIC_ADMIN_BASE_URL: api.url },
    fault: () => undefined,
    requests() {
      const paths = api.requests.slice(seen).map(pathOf);
      seen = api.requests.length;
      return paths;
    },
    stop: () => api.stop(),
  };
  return world;
}

/** {@link startOrganization} with a receiver beside it, for agents between the two. */
export interface OrganizationRun {
  readonly clock: ManualClock;
  readonly world: OrganizationWorld;
  /** What arrived, a push or a part of one each. */
  readonly pushes: (readonly ReceivedRequest[])[];
  /** Settings that lead an agent from the one to the other. */
  readonly settings: Readonly<Record<string, string>>;
  /** The points of a metric in the last push. */
  readonly last: (metric: string) => readonly ReceivedPoint[];
}

/**
 * Starts an organization on a Saturday afternoon, and a receiver.
 * @param after is given what stops both. @param answer what the receiver says to each push.
 */
export async function startOrganizationRun(after: (stop: () => unknown) => void, answer: () => Answer = () => ({ kind: 'acknowledge' })): Promise<OrganizationRun> {
  const clock = new ManualClock(new Date('2026-11-21T15:30:00Z'));
  const world = await startOrganization(clock);
  after(() => world.stop());
  const pushes: (readonly ReceivedRequest[])[] = [];
  const receiver = await startReceiver({ answer, onRequest: (requests) => pushes.push(requests) });
  after(() => receiver.stop());
  return {
    clock,
    world,
    pushes,
    settings: { ...world.settings, OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${receiver.port}` },
    last: (metric) => pointsOf(pushes.at(-1)).filter((point) => point.metric === metric),
  };
}

function pathOf({ path }: SeenRequest): string {
  return new URL(path, 'http://localhost').pathname.replace('/v1/organizations/', '');
}
