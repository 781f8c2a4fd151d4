import { seededRandom } from './random.ts';

/** The upstreams that can fail. */
export type FaultyUpstream = 'claude-ai' | 'openrouter' | 'anthropic';

/**
 * What can be wrong with an upstream: the session cookie is refused until the cookie service has a new one, a challenge
 * page comes in place of JSON, it was asked too often, it fails, or it takes longer than a push waits.
 */
export type Fault = 'cookie_expired' | 'challenged' | 'rate_limited' | 'failing' | 'slow';

/** A fault for a while; times count from the start. */
export interface Episode {
  readonly upstream: FaultyUpstream;
  readonly fault: Fault;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** When faults come: the first after a while, then one at a time. */
export interface FaultPlan {
  readonly firstMs: number;
  readonly everyMs: number;
  readonly lastMs: number;
}

/** Every fault comes once before one comes again. */
const deck: readonly (readonly [FaultyUpstream, Fault])[] = [
  ['claude-ai', 'cookie_expired'],
  ['openrouter', 'rate_limited'],
  ['claude-ai', 'challenged'],
  ['openrouter', 'failing'],
  ['claude-ai', 'slow'],
  ['openrouter', 'slow'],
  ['claude-ai', 'failing'],
  ['anthropic', 'failing'],
  ['anthropic', 'rate_limited'],
];

/** The episodes of a plan that have begun by an instant; the same for the same seed. */
export function episodesUntil(nowMs: number, plan: FaultPlan, seed: number): Episode[] {
  const random = seededRandom(seed);
  const episodes: Episode[] = [];
  let hand: (readonly [FaultyUpstream, Fault])[] = [];
  for (let fromMs = plan.firstMs; fromMs <= nowMs; fromMs += plan.everyMs) {
    if (hand.length === 0) hand = [...deck];
    const [drawn] = hand.splice(Math.floor(random() * hand.length), 1);
    if (drawn === undefined) continue;
    const [upstream, fault] = drawn;
    episodes.push({ upstream, fault, fromMs, untilMs: fromMs + plan.lastMs });
  }
  return episodes;
}
