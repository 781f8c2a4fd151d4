import type { SourceId } from '../../model/reading.ts';
import { spentTexts } from '../describe.ts';
import { durationText, tookText } from '../format.ts';
import { type Picture, pictureOf } from '../picture.ts';
import type { SourceReport } from '../source-report.ts';
import { type DrawingTime, QuotaTable } from './quotas.ts';
import type { Canvas } from './screen.ts';
import { column, hanging } from './text.ts';

const titles: Readonly<Record<SourceId, string>> = { 'claude-ai': 'claude.ai', openrouter: 'OpenRouter' };

/** A source’s name as people know it. */
export function titleOf(source: string): string {
  return source in titles ? titles[source as SourceId] : source;
}

/** Columns of a heading before its text: the longest title, and the mark. */
const headingWidth = 14;

/** Below so many columns text under a heading is indented less. */
export const narrow = 60;

/** Columns that text under a heading is indented by. */
export function indentOf({ width }: Pick<Canvas, 'width'>): number {
  return width < narrow ? 4 : headingWidth;
}

/** A heading with what there is to say of it: `claude.ai   ✓ read in 412ms`. */
export function heading(title: string, state: 'good' | 'bad' | 'unknown', text: string, canvas: Canvas): string[] {
  const { paint, width } = canvas;
  const mark = { good: paint('green', '✓'), bad: paint('red', '✗'), unknown: paint('dim', '–') }[state];
  const name = width < narrow ? title : column(title, headingWidth - 3);
  return hanging(`${paint('bold', name)} ${mark} `, text, width, indentOf(canvas));
}

/** A remark under a heading. */
export function remark(text: string, canvas: Canvas): string[] {
  return hanging('', text, canvas.width, indentOf(canvas));
}

/** What to do about a failure, under it. */
export function advice(remedy: string, canvas: Canvas): string[] {
  const indent = indentOf(canvas) + 2;
  const prefix = `${' '.repeat(indent - 2)}→ `;
  return hanging(prefix, remedy, canvas.width, indent).map((line) => canvas.paint('yellow', line));
}

/** Each source with its state, reasons and remedies, and below it what it said. */
export function drawSources(reports: readonly SourceReport[], canvas: Canvas, time: DrawingTime): string[] {
  const pictures = reports.map(({ points }) => pictureOf(points));
  const quotas = pictures.flatMap((picture) => picture.quotas);
  const table = new QuotaTable(quotas, canvas, time);
  const sections = reports.map((report, index) => {
    const picture = pictures[index];
    return [
      ...state(report, canvas),
      ...[...report.origin, ...report.notices].flatMap((text) => remark(canvas.paint('dim', text), canvas)),
      ...(picture === undefined ? [] : drawPicture(picture, table, canvas)),
    ];
  });
  return [...sections.flatMap((section) => [...section, '']), ...table.legend(quotas)];
}

function state({ source, account, up, durationMs, failures }: SourceReport, canvas: Canvas): string[] {
  const [first, ...more] = failures;
  if (first === undefined) {
    const whose = account === 'default' ? '' : `account ${account}, `;
    return heading(titleOf(source), up ? 'good' : 'unknown', `${whose}read in ${tookText(durationMs)}`, canvas);
  }
  return [
    ...heading(titleOf(source), 'bad', `${canvas.paint('red', first.reason)}: ${first.message}`, canvas),
    ...more.flatMap(({ reason, message }) => remark(`${canvas.paint('red', reason)}: ${message}`, canvas)),
    ...[...new Set(failures.map(({ remedy }) => remedy))].flatMap((remedy) => advice(remedy, canvas)),
  ];
}

/** The rows of a picture, and the facts that have no bar. */
export function drawPicture(picture: Picture, table: QuotaTable, canvas: Canvas): string[] {
  const spent = spentTexts(picture.spent);
  const expiry = picture.secondsToSessionExpiry;
  const facts = [
    ...(spent.length === 0 ? [] : [`key spend ${spent.join(' · ')}`]),
    ...(expiry === undefined ? [] : [`session cookie expires in ${durationText(expiry)}`]),
  ];
  return [
    ...picture.quotas.map((quota) => table.row(quota)),
    ...facts.flatMap((fact) => hanging('  ', fact, canvas.width, 2).map((line) => canvas.paint('dim', line))),
  ];
}
