import type { Clock } from '../model/clock.ts';
import { type Episode, type Fault, type FaultPlan, type FaultyUpstream, episodesUntil } from './faults.ts';
import { randomOf } from './random.ts';

/** What a {@link World} is made of. The same seed and clock give the same world. */
export interface WorldOptions {
  readonly seed: number;
  readonly clock: Clock;
  /** How many times faster than the clock its time goes. */
  readonly speed: number;
  /** Absent: faults come by {@link World.setFault} only. */
  readonly faults?: FaultPlan;
}

const hourMs = 60 * 60 * 1000;
const dayMs = 24 * hourMs;
const weekMs = 7 * dayMs;
const monthMs = 30 * dayMs;
const sessionMs = 5 * hourMs;
/** From the start of a session to the start of the next: a window begins with its first use, so there are gaps. */
const roundMs = 5.5 * hourMs;
/** Uneven work: the share of a session's use that falls into each part of it. */
const partsOfSession = 12;
/** Of the week's limit, one session that is used up. */
const weekPerSession = 0.036;
/** Weeks before the world is looked at first. */
const pastWeeks = 10;
const poolDollars = 250;
const startingCredits = 40;
const topUp = 25;
const lowCredits = 5;

/** The organization that has the subscription; another one before it has the API only. */
export const organizationId = '00000000-0000-4000-8000-00000000000a';

/**
 * A made-up person's account: someone works in five-hour sessions, some busier than the limit allows, the week fills up,
 * what goes beyond is paid for, OpenRouter credits fall and are bought anew. A function of seed and time alone; faults
 * come by plan or by switch.
 */
export class World {
  readonly #options: WorldOptions;
  readonly #startedMs: number;
  readonly #startsAtMs: number;
  readonly #switched = new Map<FaultyUpstream, Fault>();
  #sessionsLost = 0;
  #sessionsRenewed = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.#startedMs = options.clock.monotonicMs();
    const random = randomOf(options.seed, 0);
    // The account has a past, its week is well under way, and so is the session.
    const rounds = Math.ceil((pastWeeks * weekMs) / roundMs) + 12 + Math.floor(random() * 8);
    this.#startsAtMs = rounds * roundMs + sessionMs * (0.4 + random() * 0.15);
  }

  /** Switches a fault on, or off with undefined; it comes before the plan's. */
  setFault(upstream: FaultyUpstream, fault: Fault | undefined): void {
    const before = this.#switched.get(upstream);
    if (before === fault) return;
    if (before === 'cookie_expired') this.#sessionsRenewed += 1;
    if (fault === 'cookie_expired') this.#sessionsLost += 1;
    if (fault === undefined) this.#switched.delete(upstream);
    else this.#switched.set(upstream, fault);
  }

  /** What is wrong with an upstream now. */
  fault(upstream: FaultyUpstream): Fault | undefined {
    const nowMs = this.#elapsedMs();
    const planned = this.#episodes().find((episode) => episode.upstream === upstream && nowMs < episode.untilMs);
    return this.#switched.get(upstream) ?? planned?.fault;
  }

  /** The session cookie that claude.ai accepts now. */
  get acceptedSession(): string {
    return sessionCookie(this.#sessionsLost + this.#expiries().length);
  }

  /** What the cookie service has: Set-Cookie strings joined by `; `. After an expiry, the old ones until they are renewed. */
  cookies(): string {
    const over = this.#expiries().filter((episode) => this.#elapsedMs() >= episode.untilMs);
    const session = sessionCookie(this.#sessionsRenewed + over.length);
    const expires = new Date(this.#options.clock.now().getTime() + 26 * dayMs).toUTCString();
    return [
      `sessionKey=${session}; Domain=.claude.ai; Path=/; Expires=${expires}; HttpOnly; Secure; SameSite=Lax`,
      `lastActiveOrg=${organizationId}; Domain=.claude.ai; Path=/; Secure`,
      '_analytics=never-sent-on; Domain=.claude.ai; Path=/',
    ].join('; ');
  }

  /** Body of `GET /api/organizations`. */
  organizations(): object {
    return [
      { uuid: '00000000-0000-4000-8000-00000000000b', name: 'API only', capabilities: ['api'] },
      { uuid: organizationId, name: 'Demo', capabilities: ['chat', 'claude_max'] },
    ];
  }

  /** Body of `GET /api/organizations/{org}/usage`. */
  usage(): object {
    const nowMs = this.#nowMs();
    const week = Math.floor(nowMs / weekMs);
    const month = Math.floor(nowMs / monthMs);
    const session = this.#session(Math.floor(nowMs / roundMs), nowMs);
    const weekly = Math.min(1, this.#rounds(week * weekMs, nowMs).reduce((sum, { within }) => sum + within * weekPerSession, 0));
    const beyond = this.#rounds(month * monthMs, nowMs).reduce((sum, round) => sum + round.beyond, 0);
    const scopedShare = 0.3 + 0.3 * randomOf(this.#options.seed, week)();
    const pool = Math.min(poolDollars, poolDollars * 0.8 * ((nowMs % monthMs) / monthMs) + 40);
    const rows = [
      // Between two sessions there is no window.
      session.endsAtMs === undefined
        ? row('session', 'session', 0, null)
        : row('session', 'session', session.within, this.#instant(session.endsAtMs)),
      row('weekly_all', 'weekly', weekly, this.#instant((week + 1) * weekMs)),
      {
        ...row('weekly_scoped', 'weekly', weekly * scopedShare, this.#instant((week + 1) * weekMs)),
        scope: { model: { id: null, display_name: 'Fable' }, surface: null },
      },
    ];
    const highest = Math.max(...rows.map(({ percent }) => percent));
    const binding = rows.findIndex(({ percent }) => percent === highest);
    return {
      limits: rows.map((limit, index) => ({ ...limit, is_active: index === binding })),
      extra_usage: {
        is_enabled: true,
        monthly_limit: 5000,
        used_credits: Math.min(5000, Math.round(640 + beyond * 900)),
        utilization: null,
        currency: 'USD',
        decimal_places: 2,
      },
      iguana_necktie: {
        utilization: round((pool / poolDollars) * 100, 2),
        resets_at: this.#instant((month + 1) * monthMs),
        limit_dollars: poolDollars,
        used_dollars: round(pool, 2),
        remaining_dollars: round(poolDollars - pool, 2),
      },
    };
  }

  /** Body of OpenRouter's `GET /key`: this key does four fifths of the account's spending. */
  key(): object {
    const nowMs = this.#nowMs();
    const since = (fromMs: number): number => round((this.#spent(nowMs) - this.#spent(fromMs)) * 0.8, 6);
    const monthly = since(Math.floor(nowMs / monthMs) * monthMs);
    return {
      data: {
        label: 'sk-or-v1-demo...key',
        usage: since(0),
        usage_daily: since(Math.floor(nowMs / dayMs) * dayMs),
        usage_weekly: since(Math.floor(nowMs / weekMs) * weekMs),
        usage_monthly: monthly,
        limit: 250,
        limit_remaining: round(250 - monthly, 6),
        limit_reset: 'monthly',
        is_management_key: true,
      },
    };
  }

  /** Body of OpenRouter's `GET /credits`; credits are bought when few are left. */
  credits(): object {
    const spent = this.#spent(this.#nowMs());
    const bought = Math.ceil(Math.max(0, spent - (startingCredits - lowCredits)) / topUp);
    return { data: { total_credits: startingCredits + bought * topUp, total_usage: round(spent, 6) } };
  }

  /** Time since the world began, in the clock's time. */
  #elapsedMs(): number {
    return this.#options.clock.monotonicMs() - this.#startedMs;
  }

  /** The world's own time: milliseconds since its first session. */
  #nowMs(): number {
    return this.#startsAtMs + this.#elapsedMs() * this.#options.speed;
  }

  /** An instant of the world's time as the clock's: as far ahead of now. */
  #instant(atMs: number): string {
    return new Date(this.#options.clock.now().getTime() + Math.round(atMs - this.#nowMs())).toISOString();
  }

  #episodes(): Episode[] {
    const { faults, seed } = this.#options;
    return faults === undefined ? [] : episodesUntil(this.#elapsedMs(), faults, seed);
  }

  #expiries(): Episode[] {
    return this.#episodes().filter(({ fault }) => fault === 'cookie_expired');
  }

  #session(index: number, nowMs: number): Session {
    const random = randomOf(this.#options.seed, index);
    const beginsAtMs = index * roundMs + (0.1 + 0.3 * random()) * (roundMs - sessionMs);
    const demand = 0.5 + 0.75 * random();
    const parts = Array.from({ length: partsOfSession }, () => 0.15 + random());
    const progress = Math.min(1, Math.max(0, (nowMs - beginsAtMs) / sessionMs));
    const used = demand * shareOf(parts, progress);
    const runs = progress > 0 && progress < 1;
    return {
      within: Math.min(1, used),
      beyond: Math.max(0, used - 1),
      ...(runs && { endsAtMs: beginsAtMs + sessionMs }),
    };
  }

  /** The sessions that began from an instant on, as of another. */
  #rounds(fromMs: number, nowMs: number): Session[] {
    const rounds: Session[] = [];
    for (let index = Math.ceil(fromMs / roundMs); index * roundMs <= nowMs; index++) rounds.push(this.#session(index, nowMs));
    return rounds;
  }

  /** Dollars spent on OpenRouter up to an instant of the world's time. */
  #spent(untilMs: number): number {
    let dollars = 0;
    for (let index = 0; index * roundMs <= untilMs; index++) {
      const perRound = 0.5 + 2 * randomOf(this.#options.seed, -index)();
      dollars += perRound * Math.min(1, (untilMs - index * roundMs) / roundMs);
    }
    return dollars;
  }
}

/** A session as of an instant: what was used within the limit and beyond it, as shares of the limit. */
interface Session {
  readonly within: number;
  readonly beyond: number;
  /** Only while it runs. */
  readonly endsAtMs?: number;
}

function sessionCookie(number: number): string {
  return `sk-ant-sid01-demo-${number}`;
}

function row(kind: string, group: string, used: number, resetsAt: string | null) {
  return { kind, group, percent: Math.floor(used * 100), severity: 'normal', resets_at: resetsAt, scope: null as object | null };
}

/** How much of the whole lies before a point of the way. */
function shareOf(parts: readonly number[], progress: number): number {
  const whole = parts.reduce((sum, part) => sum + part, 0);
  const position = progress * parts.length;
  const before = parts.map((part, index) => part * Math.min(1, Math.max(0, position - index)));
  return before.reduce((sum, part) => sum + part, 0) / whole;
}

function round(value: number, places: number): number {
  return Number(value.toFixed(places));
}
