import type { OrganizationWorld } from '../../support/organization.ts';
import type { Labels } from './prometheus.ts';
import type { ShiftedClock } from './shifted-clock.ts';

/** Exact integers by series: tokens, web searches, and cost in millionths of a cent. */
export type Amounts = ReadonlyMap<string, bigint>;

/** A use of the API that an organization is charged for. */
export interface Charge {
  /** One of {@link keyNames}; absent for the console. */
  readonly key?: KeyName;
  readonly model?: string;
  readonly uncachedInput?: number;
  readonly output?: number;
  readonly cacheRead?: number;
  readonly cacheWrite5m?: number;
  readonly cacheWrite1h?: number;
  readonly webSearches?: number;
  readonly requests?: number;
  readonly microCents?: bigint;
  /** When it happened; now where it is not given. */
  readonly at?: Date;
  /** When the reports have it; when it happened where it is not given. */
  readonly shownAt?: Date;
}

/** Keys: ids, owners and workspaces as the lists of the Admin API have them. */
const keys = {
  pipeline: { id: 'apikey_1', owner: { id: 'user_1', email: 'ada@example.com', name: 'Ada' }, workspace: { id: 'wrkspc_1', name: 'Research' } },
  bot: { id: 'apikey_2', owner: undefined, workspace: undefined },
  notebook: { id: 'apikey_3', owner: { id: 'user_2', email: 'grace@example.com', name: 'Grace' }, workspace: { id: 'wrkspc_1', name: 'Research' } },
  helpdesk: { id: 'apikey_4', owner: { id: 'user_2', email: 'grace@example.com', name: 'Grace' }, workspace: { id: 'wrkspc_2', name: 'Support' } },
} as const;

export type KeyName = keyof typeof keys;

const kinds = [
  ['uncachedInput', { type: 'input' }],
  ['output', { type: 'output' }],
  ['cacheRead', { type: 'cache_read' }],
  ['cacheWrite5m', { type: 'cache_creation', cache_ttl: '5m' }],
  ['cacheWrite1h', { type: 'cache_creation', cache_ttl: '1h' }],
] as const;

/** What an organization is charged: told to the simulator, and added up here by the series it belongs to. */
export class Charges {
  readonly #world: OrganizationWorld;
  readonly #clock: ShiftedClock;
  readonly #amounts = new Map<string, bigint>();

  /** Adds the people, workspaces and keys that {@link OrganizationWorld} does not have. */
  constructor(world: OrganizationWorld, clock: ShiftedClock) {
    this.#world = world;
    this.#clock = clock;
    const { users, workspaces, keys: listed } = world.organization;
    users.push({ ...keys.notebook.owner });
    workspaces.push({ ...keys.helpdesk.workspace, archivedAt: null });
    for (const name of ['notebook', 'helpdesk'] as const) {
      const { id, owner, workspace } = keys[name];
      listed.push({ id, name, createdBy: owner.id, workspaceId: workspace.id });
    }
  }

  /** The amounts so far. */
  get amounts(): Amounts {
    return new Map(this.#amounts);
  }

  /** Charges; negative numbers are a restatement downwards. */
  charge({ key, model = 'claude-sonnet-5', at = this.#clock.now(), shownAt = at, microCents = 0n, ...counts }: Charge): void {
    const { id = null, workspace } = key === undefined ? {} : keys[key];
    const place = { apiKeyId: id, workspaceId: workspace?.id ?? null, model };
    this.#world.organization.use({ ...place, ...counts, microCents, atMs: at.getTime(), shownAtMs: shownAt.getTime() });

    const period = at.toISOString().slice(0, 7);
    const ids = { ...namesOf(key), period, model, service_tier: 'standard', context_window: '0-200k' };
    for (const [field, kind] of kinds) this.#add({ __name__: 'claude_tokens_total', ...ids, ...kind }, BigInt(counts[field] ?? 0));
    this.#add({ __name__: 'claude_web_searches_total', ...ids }, BigInt(counts.webSearches ?? 0));
    this.#add({ __name__: 'claude_cost_USD_total', period, ...workspaceOf(key) }, microCents);
  }

  #add(labels: Labels, amount: bigint): void {
    const series = textOf(labels);
    if (amount !== 0n) this.#amounts.set(series, (this.#amounts.get(series) ?? 0n) + amount);
  }
}

/** Labels of a key; what is not known is no label. */
function namesOf(key: KeyName | undefined): Labels {
  const { id = 'console', owner } = key === undefined ? {} : keys[key];
  return {
    api_key_id: id,
    ...(key !== undefined && { api_key_name: key }),
    ...(owner !== undefined && { owner_email: owner.email, owner_name: owner.name }),
    ...workspaceOf(key),
  };
}

function workspaceOf(key: KeyName | undefined): Labels {
  const workspace = key === undefined ? undefined : keys[key].workspace;
  return workspace === undefined ? { workspace_id: 'default' } : { workspace_id: workspace.id, workspace_name: workspace.name };
}

/** How much more was charged at one instant than at another; every series is there, with 0 too. */
export function difference(later: Amounts, earlier: Amounts): Amounts {
  return new Map([...later].map(([series, amount]) => [series, amount - (earlier.get(series) ?? 0n)]));
}

/** Labels as one text, whatever their order. */
export function textOf(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).sort());
}
