import { spentTexts } from '../../metrics/describe.ts';
import { durationText, tookText } from '../../model/format.ts';
import { titleOf } from '../../model/source-titles.ts';
import { type Picture, pictureOf } from '../../metrics/picture.ts';
import type { SourceReport } from '../source-report.ts';
import { type DrawingTime, QuotaTable } from './quotas.ts';
import { type Canvas, narrow } from './screen.ts';
import { column, hanging } from './text.ts';

/** Columns of a heading before its text: the longest title, and the mark. */
const headingWidth = 14;

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

/** Blocks of lines under each other, a line apart; empty ones are left out. */
export function stacked(blocks: readonly (readonly string[])[]): string[] {
  return blocks.filter((block) => block.length > 0).flatMap((block, index) => (index === 0 ? block : ['', ...block]));
}

/** Each source with its state, reasons and remedies, and below it what it said. */
export function drawSources(reports: readonly SourceReport[], canvas: Canvas, time: DrawingTime): string[] {
  const pictures = reports.map(({ points }) => pictureOf(points));
  const quotas = pictures.flatMap((picture) => picture.quotas);
  const table = tableOf(pictures, canvas, time);
  const sections = reports.map((report, index) => {
    const picture = pictures[index];
    return [
      ...state(report, canvas),
      ...[...report.origin, ...report.notices].flatMap((text) => remark(canvas.paint('dim', text), canvas)),
      ...(picture === undefined ? [] : drawPicture(picture, table)),
    ];
  });
  return stacked([...sections, table.legend(quotas)]);
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

/** The table for all quotas and facts of some pictures, and parts of wholes among them. */
export function tableOf(
  pictures: readonly Picture[],
  canvas: Canvas,
  time: DrawingTime,
  parts: readonly { readonly name: string; readonly share?: number }[] = [],
): QuotaTable {
  const quotas = pictures.flatMap((picture) => picture.quotas);
  const names = [...pictures.flatMap(factsOf).map(([name]) => name), ...parts.map(({ name }) => name)];
  const shares = parts.flatMap(({ share }) => share ?? []);
  return new QuotaTable(quotas, names, canvas, time, shares);
}

/** The rows of a picture, and the facts that have no bar. */
export function drawPicture(picture: Picture, table: QuotaTable): string[] {
  return [
    ...picture.quotas.map((quota) => table.row(quota)),
    ...factsOf(picture).flatMap(([name, text]) => table.fact(name, text)),
  ];
}

function factsOf({ spent, secondsToSessionExpiry }: Picture): (readonly [name: string, text: string])[] {
  const spends = spentTexts(spent);
  return [
    ...(spends.length === 0 ? [] : [['key spend', spends.join(' · ')] as const]),
    ...(secondsToSessionExpiry === undefined ? [] : [['session', `cookie expires in ${durationText(secondsToSessionExpiry)}`] as const]),
  ];
}
