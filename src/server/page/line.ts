import { percentText } from '../../model/format.ts';
import { type Line, slots } from './history.ts';
import { type Html, html } from './html.ts';

/** Size of a line in its own units: a slot is one wide. */
const width = slots;
const height = 40;

/** What the values of a line are, for words and scale. */
export interface LineKind {
  /** A value in words. */
  readonly text: (value: number) => string;
  /** The top of the scale, unless a value is higher. */
  readonly top: number;
}

/** Shares, from nothing to all. */
export const shareLine: LineKind = { text: percentText, top: 1 };

/** Whether there is more to a line than a dot: ten minutes of it. */
export function isWorthALook(line: Line): boolean {
  return line.filter((value) => value !== undefined).length > 2;
}

/** The last 24 hours of a value as a small line, with the same in words. */
export function drawLine(line: Line, { text, top }: LineKind): Html {
  const runs = runsOf(line);
  const known = line.filter((value) => value !== undefined);
  const [first, last] = [known.at(0) ?? 0, known.at(-1) ?? 0];
  const [lowest, highest] = known.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [first, first]);
  const scale = Math.max(top, highest);
  const floor = Math.min(0, lowest);
  const y = (value: number): string => round(height - 2 - ((value - floor) / (scale - floor || 1)) * (height - 4));
  const path = runs.map((run) => run.map(([x, value], index) => `${index === 0 ? 'M' : 'L'}${x} ${y(value)}`).join('')).join('');
  const area = runs
    .map((run) => `M${run[0]?.[0] ?? 0} ${height}${run.map(([x, value]) => `L${x} ${y(value)}`).join('')}L${run.at(-1)?.[0] ?? 0} ${height}Z`)
    .join('');
  const words =
    lowest === highest ? `${text(last)} throughout` : `from ${text(first)} to ${text(last)}, lowest ${text(lowest)}, highest ${text(highest)}`;
  return html`<svg class="line" role="img" aria-label="Last 24 hours: ${words}" viewBox="0 0 ${width} ${height}" preserveAspectRatio="none"><path class="area" d="${area}"/><path class="stroke" d="${path}"/></svg>`;
}

type Run = readonly (readonly [x: number, value: number])[];

/** Cycles may be longer than a slot, and a read may fail: a gap of so many slots is none to look at. */
const bridged = 3;

/** Stretches without a gap, as the corners that a line through them has. */
function runsOf(line: Line): Run[] {
  const runs: [number, number][][] = [];
  let run: [number, number][] | undefined;
  for (const [index, value] of line.entries()) {
    if (value === undefined) continue;
    const gap = index - (run?.at(-1)?.[0] ?? index);
    // A stretch of one slot is as wide as a slot.
    if (run === undefined || gap > bridged) runs.push((run = [[index, value]]));
    const [before, beforeThat] = [run.at(-1), run.at(-2)];
    // Three of the same height in a row are one level piece.
    if (before?.[1] === value && beforeThat?.[1] === value) before[0] = index + 1;
    else run.push([index + 1, value]);
  }
  return runs;
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}
