import { dayMs, dayStart } from '../../model/calendar.ts';
import { dollarUnits } from '../../model/report.ts';
import type { CodeActivity, Use } from './events.ts';

/** From an instant on something has another name. */
export interface Renaming {
  readonly atMs: number;
  readonly name: string;
}

/** A key of the organization. */
export interface SimulatedKey {
  readonly id: string;
  name: string;
  /** Null: its maker is gone. */
  readonly createdBy: string | null;
  readonly workspaceId: string | null;
  /** Not listed before. */
  readonly createdAtMs?: number;
  readonly renamed?: Renaming;
}

/** A person of the organization. */
export interface SimulatedUser {
  readonly id: string;
  email: string;
  name: string;
  readonly renamed?: Renaming;
  /** Not listed from then on; what they used stays. */
  readonly deletedAtMs?: number;
}

/** A workspace beside the default one. */
export interface SimulatedWorkspace {
  readonly id: string;
  name: string;
  /** RFC 3339; an instant to come is not shown yet. */
  readonly archivedAt: string | null;
  readonly renamed?: Renaming;
}

/** A group of limits that the organization has. */
export interface SimulatedRateLimit {
  readonly id: string;
  readonly groupType: string;
  readonly displayName?: string;
  readonly models: readonly string[] | null;
  /** Values by limiter. */
  readonly limits: Readonly<Record<string, number>>;
}

/** How the analytics API is refreshed: every so often, complete up to so long before. */
export interface AnalyticsRefresh {
  readonly everyMs: number;
  readonly lagMs: number;
}

/** A use by hand: fields that are not given are 0 or usual. */
export type UseByHand = Partial<Use> & Pick<Use, 'atMs'> & {
  /** Its cost as input tokens, in millionths of a cent. */
  readonly microCents?: bigint;
};

/** Claude Code activity by hand: fields that are not given are 0 or usual. */
export type ActivityByHand = Partial<CodeActivity> & Pick<CodeActivity, 'atMs'>;

/** One event and when a report shows it. */
type ShownAt<E> = (event: E) => number;

const microCentUnits = dollarUnits / 100_000_000n;
const hourMs = 60 * 60_000;

/** Events by the UTC day they happened on, so that a report over few days walks these alone. */
class EventDays<E extends { readonly atMs: number }> {
  readonly #days = new Map<number, EventDay<E>>();
  count = 0;

  add(event: E): void {
    this.count += 1;
    const start = dayStart(event.atMs);
    let day = this.#days.get(start);
    if (day === undefined) this.#days.set(start, (day = new EventDay<E>()));
    day.add(event);
  }

  day(startMs: number): EventDay<E> | undefined {
    return this.#days.get(startMs);
  }

  *all(): Generator<E> {
    for (const day of this.#days.values()) yield* day.events;
  }
}

/** The events of one UTC day. */
export class EventDay<E> {
  readonly events: E[] = [];
  /** By what reads the instants: they are the same for as long as no event is added. */
  readonly #instants = new Map<ShownAt<E>, Float64Array>();
  readonly #made = new Map<string, { readonly shown: number; readonly value: unknown }>();

  add(event: E): void {
    this.events.push(event);
    this.#instants.clear();
    this.#made.clear();
  }

  /** What is made from the events that a report shows at an instant; made anew only when that shows others. */
  made<T>(what: string, shownAt: ShownAt<E>, nowMs: number, make: (shown: readonly E[]) => T): T {
    const shown = this.#shownCount(shownAt, nowMs);
    const before = this.#made.get(what);
    if (before?.shown === shown) return before.value as T;
    const value = make(this.events.filter((event) => shownAt(event) <= nowMs));
    this.#made.set(what, { shown, value });
    return value;
  }

  #shownCount(shownAt: ShownAt<E>, nowMs: number): number {
    let instants = this.#instants.get(shownAt);
    if (instants === undefined) this.#instants.set(shownAt, (instants = Float64Array.from(this.events, shownAt).sort()));
    let [low, high] = [0, instants.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((instants[middle] ?? Number.POSITIVE_INFINITY) <= nowMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** An organization whose every use is known: the truth that the reports are made of. */
export class SimulatedOrganization {
  readonly id = '00000000-0000-4000-8000-000000000001';
  readonly name = 'Simulated Organization';
  /** The id that the analytics API and `include_default` have for the workspace that is null elsewhere. */
  readonly defaultWorkspaceId = 'wrkspc_01SimulatedDefault';
  readonly keys: SimulatedKey[] = [];
  readonly users: SimulatedUser[] = [];
  readonly workspaces: SimulatedWorkspace[] = [];
  readonly rateLimits: SimulatedRateLimit[] = [
    {
      id: 'rl_sonnet',
      groupType: 'model_group',
      displayName: 'Claude Sonnet 5',
      models: ['claude-sonnet-5'],
      limits: { requests_per_minute: 4_000, input_tokens_per_minute_cache_aware: 2_000_000, output_tokens_per_minute: 400_000 },
    },
    { id: 'rl_batch', groupType: 'batch', models: null, limits: { enqueued_batch_requests: 500_000 } },
  ];
  analyticsRefresh: AnalyticsRefresh = { everyMs: hourMs, lagMs: 2 * hourMs };
  readonly #uses = new EventDays<Use>();
  readonly #activities = new EventDays<CodeActivity>();

  /** Records a use; shown at once where nothing else is given. */
  use({ microCents = 0n, ...use }: UseByHand): Use {
    const { shownAtMs = use.atMs, model = 'claude-sonnet-5' } = use;
    const asInput = { costType: 'tokens', tokenType: 'uncached_input_tokens', description: `${model} Usage - Input Tokens` } as const;
    const recorded: Use = {
      shownAtMs,
      costShownAtMs: shownAtMs,
      analyticsShownAtMs: shownAtMs,
      apiKeyId: null,
      workspaceId: null,
      accountId: null,
      serviceAccountId: null,
      model,
      serviceTier: 'standard',
      contextWindow: '0-200k',
      inferenceGeo: 'global',
      speed: 'standard',
      requests: 0,
      uncachedInput: 0,
      output: 0,
      cacheRead: 0,
      cacheWrite5m: 0,
      cacheWrite1h: 0,
      webSearches: 0,
      costs: microCents === 0n ? [] : [{ ...asInput, units: microCents * microCentUnits }],
      ...use,
    };
    this.#uses.add(recorded);
    return recorded;
  }

  /** Records Claude Code activity; shown after an hour where nothing else is given. */
  code(activity: ActivityByHand): CodeActivity {
    const recorded: CodeActivity = {
      shownAtMs: activity.atMs + hourMs,
      actor: { type: 'user_actor', email: 'ada@example.com' },
      customerType: 'api',
      subscriptionType: null,
      terminalType: 'vscode',
      isRemote: false,
      sessions: 0,
      linesAdded: 0,
      linesRemoved: 0,
      commits: 0,
      pullRequests: 0,
      tools: {},
      models: [],
      ...activity,
    };
    this.#activities.add(recorded);
    return recorded;
  }

  /** How many uses and activities there are. */
  get eventCount(): number {
    return this.#uses.count + this.#activities.count;
  }

  /** Every use, whenever it is shown, in no order. */
  uses(): Iterable<Use> {
    return this.#uses.all();
  }

  /** Every Claude Code activity, whenever it is shown, in no order. */
  activities(): Iterable<CodeActivity> {
    return this.#activities.all();
  }

  /** The days with uses that begin in `[dayStart(fromMs), toMs)`. */
  *useDays(fromMs: number, toMs: number): Generator<EventDay<Use>> {
    for (let start = dayStart(fromMs); start < toMs; start += dayMs) {
      const day = this.#uses.day(start);
      if (day !== undefined) yield day;
    }
  }

  /** Claude Code activity of the UTC day that begins then. */
  activityDay(startMs: number): EventDay<CodeActivity> | undefined {
    return this.#activities.day(startMs);
  }
}

/** The name something has at an instant. */
export function nameAt(named: { readonly name: string; readonly renamed?: Renaming }, nowMs: number): string {
  return named.renamed !== undefined && nowMs >= named.renamed.atMs ? named.renamed.name : named.name;
}
