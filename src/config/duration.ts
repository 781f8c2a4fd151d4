import { longestTimerMs } from '../model/clock.ts';

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** Milliseconds of a duration such as `90s`, `1.5m` or `250ms`; undefined when it is none, zero, or longer than a timer can be. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)$/.exec(text.trim());
  const unit = match?.[2] as keyof typeof units | undefined;
  if (match === null || unit === undefined) return undefined;
  const milliseconds = Number(match[1]) * units[unit];
  return milliseconds > 0 && milliseconds <= longestTimerMs ? milliseconds : undefined;
}
