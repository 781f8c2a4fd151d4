import { dayMs } from '../../model/calendar.ts';
import { dollarUnits } from '../../model/report.ts';
import type { Cast } from './cast.ts';
import type { CostPart, UseCounts, UseDimensions } from './events.ts';
import type { UseByHand } from './organization.ts';
import { billOf, models } from './prices.ts';

const hourMs = 60 * 60_000;

/** One of several, each with its weight; the weights come to 1. */
export function weighted(random: () => number, choices: readonly (readonly [choice: string, weight: number])[]): string {
  let left = random();
  for (const [choice, weight] of choices) if ((left -= weight) < 0) return choice;
  return choices.at(-1)?.[0] ?? '';
}

/** An instant of a day; its first and last milliseconds and full hours come up often. */
export function instantIn(startMs: number, random: () => number): number {
  const chance = random();
  const atMs = Math.floor(random() * dayMs);
  if (chance < 0.05) return startMs;
  if (chance < 0.1) return startMs + dayMs - 1;
  return startMs + (chance < 0.2 ? Math.floor(atMs / hourMs) * hourMs : atMs);
}

/** A count; most are small and few are large. */
export function heavyTailed(random: () => number, usual: number): number {
  return Math.floor(usual * (1 / (0.02 + random()) - 0.9));
}

/** A use with its bill, by someone who was there at the time, as large as `times` usual ones. */
export function drawUse(cast: Cast, atMs: number, random: () => number, times = 1): UseByHand & UseCounts & UseDimensions {
  const dimensions = drawDimensions(cast, atMs, random);
  const counts = drawCounts(random, times);
  const costs = billOf({ ...dimensions, ...counts });
  if (random() < 0.03) costs.push(codeExecution(random));
  return { ...dimensions, ...counts, atMs, costs };
}

function drawDimensions(cast: Cast, atMs: number, random: () => number): UseDimensions {
  const keys = cast.keys.filter(({ createdAtMs = Number.NEGATIVE_INFINITY }) => createdAtMs <= atMs);
  // The first keys do most of the work; the rest is console traffic.
  const key = random() < 0.08 ? undefined : keys[Math.floor(random() ** 2 * keys.length)];
  const byConsole = { apiKeyId: null, workspaceId: random() < 0.5 ? null : 'wrkspc_1', accountId: cast.users[0]?.id ?? null };
  const model = weighted(random, models.map(({ id, weight }) => [id, weight]));
  return {
    ...(key === undefined ? byConsole : { apiKeyId: key.id, workspaceId: key.workspaceId, accountId: null }),
    serviceAccountId: null,
    model,
    serviceTier: weighted(random, [['standard', 0.8], ['batch', 0.12], ['priority', 0.08]]),
    contextWindow: weighted(random, [['0-200k', 0.88], ['200k-1M', 0.12]]),
    inferenceGeo: model.includes('2025') ? 'not_available' : weighted(random, [['global', 0.8], ['us', 0.2]]),
    speed: weighted(random, [['standard', 0.94], ['fast', 0.06]]),
  };
}

function drawCounts(random: () => number, times: number): UseCounts {
  const caches = random() < 0.6;
  return {
    requests: 1 + heavyTailed(random, 3 * times),
    uncachedInput: 1 + heavyTailed(random, 900 * times),
    output: heavyTailed(random, 400 * times),
    cacheRead: caches ? heavyTailed(random, 9_000 * times) : 0,
    cacheWrite5m: caches ? heavyTailed(random, 700 * times) : 0,
    cacheWrite1h: caches && random() < 0.2 ? heavyTailed(random, 500 * times) : 0,
    webSearches: random() < 0.1 ? 1 + Math.floor(random() * 3 * times) : 0,
  };
}

/** Charged by time, so that it comes to odd fractions of a cent. */
function codeExecution(random: () => number): CostPart {
  const units = (BigInt(1 + Math.floor(random() * 5_000_000)) * dollarUnits) / 1_000_000_000n;
  return { costType: 'code_execution', tokenType: null, description: 'Code Execution Usage', units };
}

/** A credit: money back without any use. */
export function drawCredit(atMs: number, random: () => number): UseByHand {
  const units = -BigInt(1 + Math.floor(random() * 300)) * (dollarUnits / 100n);
  return { atMs, costs: [{ costType: 'tokens', tokenType: null, description: 'Promotional Credit', units, isCredit: true }] };
}
