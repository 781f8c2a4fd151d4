import type { SimulatedKey, SimulatedUser, SimulatedWorkspace } from './organization.ts';

/** Who is in an organization, from a seed. */
export interface Cast {
  readonly users: readonly SimulatedUser[];
  readonly workspaces: readonly SimulatedWorkspace[];
  readonly keys: readonly SimulatedKey[];
}

const people = ['Ada', 'Boris', 'Chen', 'Dilek', 'Emeka', 'Freya', 'Goran', 'Hana'];
const projects = ['Research', 'Support', 'Search', 'Billing'];
const jobs = ['pipeline', 'chat', 'indexer', 'evals', 'ci', 'batch', 'notebook', 'triage'];

/**
 * People, workspaces and keys of a time span. In it one person leaves and one is renamed, a workspace is archived and one
 * renamed, a key is renamed and others are made; of one key nobody knows who made it, and some are of the default workspace.
 */
export function castOf(random: () => number, keyCount: number, fromMs: number, toMs: number): Cast {
  const between = (): number => Math.floor(fromMs + (0.2 + 0.7 * random()) * (toMs - fromMs));
  const users = people.map((name, i): SimulatedUser => ({
    id: `user_${i + 1}`,
    name,
    email: `${name.toLowerCase()}@example.com`,
    ...(i === 1 && { deletedAtMs: between() }),
    ...(i === 2 && { renamed: { atMs: between(), name: `${name} Weber` } }),
  }));
  const workspaces = projects.map((name, i): SimulatedWorkspace => ({
    id: `wrkspc_${i + 1}`,
    name,
    archivedAt: i === 1 ? new Date(between()).toISOString() : null,
    ...(i === 2 && { renamed: { atMs: between(), name: `${name} 2` } }),
  }));
  const keys = Array.from({ length: keyCount }, (_, i): SimulatedKey => {
    const job = jobs[i % jobs.length] ?? '';
    return {
      id: `apikey_${i + 1}`,
      name: i < jobs.length ? job : `${job}-${Math.floor(i / jobs.length) + 1}`,
      createdBy: i === 3 ? null : (users[i % users.length]?.id ?? null),
      workspaceId: random() < 0.25 ? null : (workspaces[Math.floor(random() * workspaces.length)]?.id ?? null),
      ...(i === 2 && { renamed: { atMs: between(), name: `${job}-blue` } }),
      ...(i > 0 && (i === keyCount - 1 || random() < 0.2) && { createdAtMs: between() }),
    };
  });
  return { users, workspaces, keys };
}
