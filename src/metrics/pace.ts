/** How far a window is: both shares are of the same window, at the same instant. */
export interface Progress {
  /** Used share; above 1 when it is overdrawn. */
  readonly used?: number;
  /** Share of its time that is gone. */
  readonly elapsed?: number;
  readonly secondsToReset?: number;
}

/** In a window's first minutes any use at all is many times the even pace. */
const paceFrom = 0.02;

/** What is said of the hours to come needs more of the past: 15 minutes of five hours, 8 hours of seven days. */
const forecastFrom = 0.05;

/** Used share over the share of time that is gone: above 1 the window is used up before it resets. Undefined too early to say. */
export function paceOf({ used, elapsed }: Progress): number | undefined {
  return used === undefined || elapsed === undefined || elapsed < paceFrom ? undefined : used / elapsed;
}

/** What becomes of a window if it is used on as it was so far. */
export type Forecast =
  | { readonly kind: 'full' }
  /** Used up so many seconds from now, before it resets. */
  | { readonly kind: 'fills'; readonly seconds: number }
  /** At its reset this share will be used. */
  | { readonly kind: 'lasts'; readonly usedAtReset: number };

/** The forecast at an even pace; undefined where time gone or reset is not known, and too early to say. */
export function forecastOf({ used, elapsed, secondsToReset }: Progress): Forecast | undefined {
  if (used === undefined) return undefined;
  if (used >= 1) return { kind: 'full' };
  if (elapsed === undefined || secondsToReset === undefined || elapsed < forecastFrom || elapsed >= 1) return undefined;
  const usedAtReset = used / elapsed;
  if (usedAtReset <= 1) return { kind: 'lasts', usedAtReset };
  const lengthSeconds = secondsToReset / (1 - elapsed);
  return { kind: 'fills', seconds: ((1 - used) * elapsed * lengthSeconds) / used };
}

/** How a window stands: calm; warm, to keep an eye on; hot, used up or about to be. */
export type Heat = 'calm' | 'warm' | 'hot';

/** From this share on a window is warm. This and the two below are where the alerts are (deploy/prometheus/thresholds.yml). */
export const highUse = 0.8;

/** From this share on a window is hot. */
export const criticalUse = 0.95;

/** Below so many dollars what is left of prepaid credits is warm: not much is left to notice it in. */
export const lowBalance = 5;

/** How prepaid credits stand, by the dollars that are left. */
export function heatOfBalance(remaining: number): Heat {
  if (remaining <= 0) return 'hot';
  return remaining < lowBalance ? 'warm' : 'calm';
}

/** How a window stands, by its share and, where that can be said, by its pace. Undefined: the share is not known. */
export function heatOf(progress: Progress): Heat | undefined {
  const { used } = progress;
  if (used === undefined) return undefined;
  if (used >= criticalUse) return 'hot';
  const fills = forecastOf(progress)?.kind === 'fills';
  if (used >= highUse) return fills ? 'hot' : 'warm';
  return fills ? 'warm' : 'calm';
}
