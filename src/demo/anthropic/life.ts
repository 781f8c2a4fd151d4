import { dayMs, dayStart } from '../../model/calendar.ts';
import { randomOf } from '../random.ts';
import { castOf } from './cast.ts';
import { drawCredit, drawUse, instantIn } from './draw.ts';
import { type Use, restatement } from './events.ts';
import { playCode } from './life-code.ts';
import { SimulatedOrganization } from './organization.ts';

/** A life of an organization. The same options give the same life. */
export interface LifeOptions {
  readonly seed: number;
  /** It begins and ends at a UTC midnight. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly usesPerDay?: number;
  /** How many usual uses each is as large as. */
  readonly timesUsual?: number;
  readonly activitiesPerDay?: number;
  readonly keys?: number;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** After a month's end its usage and cost may change for so long, analytics for longer: a day less than is published. */
const settledAfterMs = 2 * dayMs;
const analyticsSettledAfterMs = 30 * dayMs;

/**
 * An organization that lives: people and keys that come, go and are renamed, uses of every kind with the latencies of each
 * report, late arrivals, restatements up and down, days that shrink, credits. No cell of a report is ever negative but in
 * money.
 */
export function simulatedLife(options: LifeOptions): SimulatedOrganization {
  const { seed, activitiesPerDay = 6, keys = 6 } = options;
  const [fromMs, toMs] = [dayStart(options.fromMs), dayStart(options.toMs)];
  const organization = new SimulatedOrganization();
  const cast = castOf(randomOf(seed, 0), keys, fromMs, toMs);
  organization.users.push(...cast.users);
  organization.workspaces.push(...cast.workspaces);
  organization.keys.push(...cast.keys);
  for (let startMs = fromMs; startMs < toMs; startMs += dayMs) {
    const random = randomOf(seed, startMs / dayMs);
    playUses(organization, startMs, random, options);
    playCode(organization, startMs, activitiesPerDay, random);
  }
  return organization;
}

function playUses(organization: SimulatedOrganization, startMs: number, random: () => number, options: LifeOptions): void {
  const { usesPerDay = 30, timesUsual } = options;
  const uses = Array.from({ length: Math.round(usesPerDay * (0.5 + random())) }, () => {
    const atMs = instantIn(startMs, random);
    return organization.use(settled({ ...drawUse(organization, atMs, random, timesUsual), ...latencies(organization, atMs, random) }));
  });
  const takenBack = new Set<Use>();
  const restate = (use: Use, permille: number, delayMs: number): void => {
    if (permille < 0) takenBack.add(use);
    organization.use(settled(restatement(use, permille, delayMs)));
  };
  for (const use of uses) {
    const chance = random();
    const delayMs = Math.floor((0.5 + random() * 60) * hourMs);
    if (chance < 0.04) restate(use, -Math.ceil(random() * 1000), delayMs);
    else if (chance < 0.07) restate(use, Math.ceil(random() * 500), delayMs);
  }
  // Duplicates were counted: half of what one key used that day goes at once.
  const duplicated = uses[0];
  if (duplicated !== undefined && random() < 0.12) {
    const delayMs = Math.floor((2 + random() * 40) * hourMs);
    for (const use of uses) if (use.apiKeyId === duplicated.apiKeyId && !takenBack.has(use)) restate(use, -500, delayMs);
  }
  if (random() < 0.1) {
    const atMs = instantIn(startMs, random);
    organization.use(settled({ ...drawCredit(atMs, random), ...latencies(organization, atMs, random) }));
  }
}

interface ShownAt {
  readonly shownAtMs: number;
  readonly costShownAtMs: number;
  readonly analyticsShownAtMs: number;
}

/** Minutes for usage and cost, an export or more for analytics; a few uses arrive days late, in analytics weeks. */
function latencies({ analyticsRefresh: { everyMs, lagMs } }: SimulatedOrganization, atMs: number, random: () => number): ShownAt {
  const late = random() < 0.05;
  const lateMs = late ? random() * 5 * dayMs : 0;
  const shownAtMs = Math.floor(atMs + (0.3 + random() * 5) * minuteMs + lateMs);
  const exportMs = Math.ceil((atMs + random() * lagMs) / everyMs) * everyMs;
  return {
    shownAtMs,
    costShownAtMs: Math.floor(shownAtMs + random() * hourMs),
    analyticsShownAtMs: Math.floor(exportMs + (late ? random() * 25 * dayMs : 0)),
  };
}

/** Nothing changes when its month is about to be final. */
function settled<U extends ShownAt & { readonly atMs: number }>(use: U): U {
  const at = new Date(use.atMs);
  const monthEndMs = Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1);
  return {
    ...use,
    shownAtMs: Math.min(use.shownAtMs, monthEndMs + settledAfterMs),
    costShownAtMs: Math.min(use.costShownAtMs, monthEndMs + settledAfterMs),
    analyticsShownAtMs: Math.min(use.analyticsShownAtMs, monthEndMs + analyticsSettledAfterMs),
  };
}
