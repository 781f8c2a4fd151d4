/** A series as it was written. */
export interface WrittenSeries {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A family as its comments say, with the series after them. */
export interface WrittenFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly series: WrittenSeries[];
}

const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/s;
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;

/**
 * Reads Prometheus' text format or OpenMetrics, by their specifications and not by what the agent writes.
 * @throws when the text is neither, a series has no family, a label or a series is there twice, or a value is no number.
 */
export function parseExposition(text: string): WrittenFamily[] {
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line has no end');
  const families = new Map<string, WrittenFamily>();
  const helps = new Map<string, string>();
  const seen = new Set<string>();
  let last: WrittenFamily | undefined;
  const lines = text.split('\n').slice(0, -1);
  for (const [index, line] of lines.entries()) {
    if (line === '# EOF') {
      if (index !== lines.length - 1) throw new Error('there is text after # EOF');
      continue;
    }
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/s.exec(line) ?? [];
    if (kind === 'HELP') helps.set(name, unescaped(rest));
    else if (kind === 'TYPE') {
      if (families.has(name)) throw new Error(`${name} is there twice`);
      last = { name, type: rest, help: helps.get(name) ?? '', series: [] };
      families.set(name, last);
    } else {
      const series = seriesOf(line);
      if (last === undefined || !belongs(series.name, last)) throw new Error(`${line} stands in the family ${last?.name ?? 'of nobody'}`);
      const identity = JSON.stringify([series.name, Object.entries(series.labels).sort()]);
      if (seen.has(identity)) throw new Error(`${line} is there twice`);
      seen.add(identity);
      last.series.push(series);
    }
  }
  return [...families.values()];
}

function seriesOf(line: string): WrittenSeries {
  const [, name = '', inner = '', number = ''] = sample.exec(line) ?? [];
  if (name === '') throw new Error(`${JSON.stringify(line)} is no sample`);
  const labels = new Map<string, string>();
  label.lastIndex = 0;
  while (label.lastIndex < inner.length) {
    const [, key = '', value = ''] = label.exec(inner) ?? [];
    if (key === '' || labels.has(key)) throw new Error(`${JSON.stringify(line)} has labels that cannot be read`);
    labels.set(key, unescaped(value));
  }
  const value = /^[+-]?Inf$/.test(number) ? Number(number.replace('Inf', 'Infinity')) : Number(number);
  if (Number.isNaN(value)) throw new Error(`${JSON.stringify(line)} has no value`);
  return { name, labels: Object.fromEntries(labels), value };
}

function belongs(name: string, family: WrittenFamily): boolean {
  const suffixes: Readonly<Record<string, readonly string[]>> = {
    histogram: ['_bucket', '_sum', '_count'],
    counter: ['', '_total'],
    info: ['_info'],
  };
  return (suffixes[family.type] ?? ['']).some((suffix) => name === family.name + suffix);
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/gs, (_pair, character: string) => (character === 'n' ? '\n' : character));
}
