/** Some measurements of one thing. */
export interface Row {
  readonly what: string;
  readonly unit: 'ms' | 'MiB' | 'bytes';
  readonly values: readonly number[];
}

const header = ['', 'median', 'lowest', 'highest', 'runs'] as const;

/** A table for people: the median and the spread of each row. */
export function table(rows: readonly Row[]): string {
  const cells = [header, ...rows.map(cellsOf)];
  const widths = header.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  const lines = cells.map((line) =>
    line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('   '),
  );
  return lines.join('\n');
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
