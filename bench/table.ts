/** Some measurements of one thing. */
export interface Row {
  readonly what: string;
  readonly unit: 'ms' | 'MiB' | 'bytes';
  readonly values: readonly number[];
}

const header = ['', 'median', 'lowest', 'highest', 'runs'] as const;

/** A table for people: the median and the spread of each row. */
export function table(rows: readonly Row[]): string {
  return aligned([header, ...rows.map(cellsOf)]);
}

function cellsOf({ what, unit, values }: Row): string[] {
  const sorted = [...values].sort((a, b) => a - b);
  const shown = [median(sorted), sorted[0], sorted.at(-1)].map((value) => (value === undefined ? '-' : figure(value)));
  return [`${what}, ${unit}`, ...shown, String(values.length)];
}

function median(sorted: readonly number[]): number | undefined {
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

/** Three digits that count, or all before the point. */
function figure(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toPrecision(3);
}

/** Figures of one column, by their row; each column has the same rows. */
export type Column = Readonly<Record<string, string>>;

/** A table for people with a column for each of some cases. */
export function columns(cases: Readonly<Record<string, Column>>): string {
  const heads = Object.keys(cases);
  const rows = Object.keys(Object.values(cases)[0] ?? {});
  const lines = [['', ...heads], ...rows.map((row) => [row, ...Object.values(cases).map((column) => column[row] ?? '-')])];
  return aligned(lines);
}

/** The first column to the left, the others to the right. */
function aligned(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) => line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('   '))
    .join('\n');
}
