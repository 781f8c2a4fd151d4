import stringWidth from 'string-width';
import { amountsText, leftText, paceText, resetText, usedText } from '../../metrics/describe.ts';
import { criticalUse, highUse, paceOf } from '../../metrics/pace.ts';
import type { Quota } from '../../metrics/picture.ts';
import { durationText, moneyText, percentText } from '../../model/format.ts';
import { type Canvas, narrow } from './screen.ts';
import { column, hanging } from './text.ts';

/** When the drawing is, and whether a reset says the time of the day. */
export interface DrawingTime {
  readonly now: Date;
  readonly clock: boolean;
}

const longestName = 24;
const shortestBar = 6;
const longestBar = 40;
/** Share of the columns beside name and percent that the bar gets. */
const barShare = 0.31;

/** Draws quotas as rows under each other: name, bar, percent, and as much of amounts, reset and pace as there is room for. */
export class QuotaTable {
  readonly #canvas: Canvas;
  readonly #time: DrawingTime;
  readonly #widths: { readonly name: number; readonly percent: number; readonly bar: number; readonly tail: number };

  /**
   * @param quotas all that will be drawn, so that the columns of several groups stand under each other.
   * @param facts names of all facts and parts that will be drawn among them.
   * @param parts shares of the parts.
   */
  constructor(quotas: readonly Quota[], facts: readonly string[], canvas: Canvas, time: DrawingTime, parts: readonly number[] = []) {
    this.#canvas = canvas;
    this.#time = time;
    const name = Math.min(widest([...quotas.map((quota) => quota.name), ...facts]), longestName, Math.floor(canvas.width * 0.35));
    const percent = widest([...quotas.map((quota) => usedText(quota) ?? '–'), ...parts.map(percentText)]);
    const left = canvas.width - (2 + name + 1 + 1 + percent + 2);
    const bar = Math.max(shortestBar, Math.min(longestBar, Math.floor(left * barShare)));
    this.#widths = { name, percent, bar, tail: Math.max(0, left - bar) };
  }

  /** One row. */
  row(quota: Quota): string {
    const { paint } = this.#canvas;
    const { name, percent, bar, tail } = this.#widths;
    const shownName = column(quota.name, name);
    if (quota.used === undefined && quota.amounts !== undefined) {
      const colour = (quota.amounts.remaining ?? 0) < 0 ? 'red' : 'dim';
      return `  ${shownName} ${paint(colour, this.#tail(quota, bar + percent + tail + 3).trimEnd())}`;
    }
    const used = column(usedText(quota) ?? '–', percent, 'right');
    return [
      quota.binding === true ? paint('bold', '▸ ') + paint('bold', shownName) : `  ${shownName}`,
      ` ${drawBar(quota, bar, this.#canvas)}`,
      ` ${(quota.used ?? 0) >= highUse ? paint(colourOf(quota.used ?? 0), used) : used}`,
      `  ${paint('dim', this.#tail(quota, tail).trimEnd())}`,
    ].join('').trimEnd();
  }

  /** A part of a whole: as a row, but nothing that could run out. */
  part(name: string, share: number, text: string): string {
    const { paint } = this.#canvas;
    const { name: nameWidth, percent, bar, tail } = this.#widths;
    const filled = Math.max(share > 0 ? 1 : 0, Math.round(share * bar));
    return [
      `  ${column(name, nameWidth)} `,
      paint('cyan', '█'.repeat(filled)) + paint('dim', '░'.repeat(bar - filled)),
      ` ${column(percentText(share), percent, 'right')}`,
      `  ${paint('dim', column(text, tail).trimEnd())}`,
    ].join('').trimEnd();
  }

  /** A fact that has no bar, in as many lines as it needs. */
  fact(name: string, text: string): string[] {
    const { width, paint } = this.#canvas;
    const prefix = `  ${column(name, this.#widths.name)} `;
    return hanging(prefix, paint('dim', text), width, prefix.length);
  }

  /** What marks and words mean; nothing where none of them was drawn. */
  legend(quotas: readonly Quota[]): string[] {
    const { width, paint } = this.#canvas;
    const parts = [
      ...(quotas.some(({ elapsed }) => elapsed !== undefined) ? ['┃ time gone'] : []),
      ...(width >= narrow && quotas.some((quota) => paceOf(quota) !== undefined) ? ['× use against time, above 1 is too fast'] : []),
      ...(quotas.some(({ binding }) => binding === true) ? ['▸ the binding limit'] : []),
    ];
    if (parts.length === 0) return [];
    return hanging('  ', parts.join(' · '), width, 2).map((line) => paint('dim', line));
  }

  /** The fullest of several wordings that fits. */
  #tail(quota: Quota, width: number): string {
    const wordings = wordingsOf(quota, this.#time, this.#canvas.timeZone);
    return column(wordings.find((text) => stringWidth(text) <= width) ?? wordings.at(-1) ?? '', width);
  }
}

/** Wordings of what stands behind the percent, the fullest first. */
function wordingsOf(quota: Quota, { now, clock }: DrawingTime, timeZone: string | undefined): string[] {
  const zone = { now, ...(timeZone !== undefined && { timeZone }) };
  const full = resetText(quota, clock ? zone : undefined);
  const reset = resetText(quota);
  const { amounts, secondsToReset } = quota;
  if (amounts === undefined && quota.used === undefined) return ['not known now', ''];
  if (amounts === undefined) {
    const pace = paceText(quota);
    return [
      ...(full === undefined || pace === undefined ? [] : [`${full} · pace ${pace}`, `${full} · ${pace}`]),
      ...[full, reset].filter((text) => text !== undefined),
      ...(secondsToReset === undefined ? [] : [durationText(secondsToReset)]),
      '',
    ];
  }
  const { currency, used, limit, remaining } = amounts;
  const long = amountsText(amounts);
  const short = remaining === undefined ? long : leftText(remaining, currency);
  return [
    ...[long, short].flatMap((money) =>
      [full, reset].flatMap((text) => (text === undefined ? [] : [`${money} · ${text}`])),
    ),
    long,
    short,
    moneyText(remaining ?? used ?? limit ?? 0, currency),
  ];
}

function colourOf(used: number): 'green' | 'yellow' | 'red' {
  return used >= criticalUse ? 'red' : used >= highUse ? 'yellow' : 'green';
}

/**
 * A bar of so many cells: what is used, and a mark where the time is. Something used is never nothing, and only what is
 * used up is full; more than that ends in an arrow.
 */
export function drawBar({ used, elapsed }: Quota, width: number, { paint }: Pick<Canvas, 'paint'>): string {
  if (used === undefined) return paint('dim', '·'.repeat(width));
  const filled = used >= 1 ? width : Math.min(width - 1, Math.max(used > 0 ? 1 : 0, Math.round(used * width)));
  const cells: string[] = Array.from({ length: width }, (_, index) => (index < filled ? '█' : '░'));
  if (used > 1) cells[width - 1] = '▶';
  const lastMark = used > 1 ? width - 2 : width - 1;
  const mark = elapsed === undefined ? undefined : Math.min(lastMark, Math.floor(elapsed * width));
  const colour = colourOf(used);
  const paintCells = (from: number, to: number): string => {
    const full = cells.slice(from, Math.min(to, filled)).join('');
    const empty = cells.slice(Math.max(from, filled), to).join('');
    return (full === '' ? '' : paint(colour, full)) + (empty === '' ? '' : paint('dim', empty));
  };
  if (mark === undefined) return paintCells(0, width);
  return paintCells(0, mark) + paint('bold', '┃') + paintCells(mark + 1, width);
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map((text) => stringWidth(text)));
}
