import { z } from 'zod';
import { attributeSet } from '../model/attributes.ts';
import { type ReportId, type TotalName, reportIds, totalNames } from '../model/report.ts';
import type { Channels, SentSeries, SentTotals } from '../model/sent-totals.ts';
import { inSlices } from '../model/slices.ts';
import { NewerStateError } from './state-file.ts';

const format = 'claude-usage-metrics totals';

/** What this version writes, and the highest that it reads. */
const formatVersion = 2;

/** So many lines are read in one step. */
const stepSize = 500;

/**
 * What was exported, as lines of JSON. A series is a row of numbers into a table of strings, which is itself among the
 * lines, each string before its first use; a line with `keys` says what the rows after it are about.
 */
export function* sentLines({ account, cutEndMs, pending, reports, series }: SentTotals): Generator<string, void> {
  yield JSON.stringify({ format, version: formatVersion });
  const cut = pending && { ...pending, points: pending.points.map((point) => ({ ...point, value: String(point.value) })) };
  yield JSON.stringify({ account, cutEndMs, pending: cut, reports });
  const strings = new Map<string, number>();
  const keysOf = new Map<TotalName, string[]>();
  let about: Heading | undefined;
  for (const { report, periodStartMs, metric, attributes, sent, cut, known, owesZero } of series) {
    let keys = keysOf.get(metric);
    if (keys === undefined) keysOf.set(metric, (keys = []));
    const knownKeys = keys.length;
    // Only ever more keys, so that rows of one metric rarely need another heading.
    for (const key in attributes) if (!keys.includes(key)) keys.push(key);
    if (about?.report !== report || about.periodStartMs !== periodStartMs || about.metric !== metric || keys.length > knownKeys) {
      about = { report, periodStartMs, metric, keys };
      yield JSON.stringify(about);
    }
    const row: Row = [sent === undefined ? null : String(sent), String(cut), owedIndex(owesZero), ...(known === undefined ? [] : [String(known)])];
    for (const key of keys) {
      // A key of other rows may be the name of something that every object inherits.
      const value = Object.hasOwn(attributes, key) ? attributes[key] : undefined;
      let index = value === undefined ? -1 : strings.get(value);
      if (index === undefined) {
        strings.set(value ?? '', (index = strings.size));
        yield JSON.stringify(value);
      }
      row.push(index);
    }
    yield JSON.stringify(row);
  }
}

/** What the rows after it are about. */
interface Heading {
  readonly report: ReportId;
  readonly periodStartMs: number;
  readonly metric: TotalName;
  readonly keys: readonly string[];
}

/** Who is owed a first zero, as a number. Version 1 had two of them: nobody, or whoever was told. */
const owed = [
  { pushed: false, scraped: false },
  { pushed: true, scraped: true },
  { pushed: true, scraped: false },
  { pushed: false, scraped: true },
] as const satisfies readonly Channels[];

const owedIndex = ({ pushed, scraped }: Channels): number => owed.findIndex((some) => some.pushed === pushed && some.scraped === scraped);

/**
 * Sent, cut, who is owed a zero, then a string for each key; −1 where there is none. Before these, as text, what is known beyond
 * the cuts, where there is any: version 1 had no such rows.
 */
type Row = [sent: string | null, cut: string, owesZero: number, ...knownThenStrings: (string | number)[]];

const whole = z.string().regex(/^-?\d{1,60}$/).transform(BigInt);
const metricName = z.enum(totalNames);
const reportId = z.enum(reportIds);
const instantMs = z.int();
const attributesOf = z.record(z.string(), z.string());

const firstLine = z.object({ format: z.literal(format), version: z.int() });
const secondLine = z.object({
  account: z.string(),
  cutEndMs: instantMs.optional(),
  pending: z
    .object({
      startMs: instantMs,
      endMs: instantMs,
      points: z.array(z.object({ metric: metricName, attributes: attributesOf, value: whole })),
    })
    .optional(),
  reports: z.array(z.object({ report: reportId, grouping: z.string(), cutting: z.boolean() })),
});
const heading = z.object({ report: reportId, periodStartMs: instantMs, metric: metricName, keys: z.array(z.string()) });
const seriesRow = z.tuple([whole.nullable(), whole, z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3)])], z.int());

/**
 * What {@link sentLines} wrote.
 * @throws {NewerStateError} for lines of a later version, and an Error for anything else that it did not write.
 */
export async function sentTotals(lines: readonly string[]): Promise<SentTotals> {
  const { version } = firstLine.parse(JSON.parse(lines[0] ?? ''));
  if (version > formatVersion) throw new NewerStateError();
  const { account, cutEndMs, pending, reports } = secondLine.parse(JSON.parse(lines[1] ?? ''));
  return {
    account,
    ...(cutEndMs !== undefined && { cutEndMs }),
    ...(pending && { pending: { ...pending, points: pending.points.map((point) => ({ ...point, attributes: attributeSet(point.attributes) })) } }),
    reports,
    series: await inSlices(seriesOf(lines)),
  };
}

function* seriesOf(lines: readonly string[]): Generator<undefined, SentSeries[]> {
  const strings: string[] = [];
  const series: SentSeries[] = [];
  let about: Heading | undefined;
  for (let at = 2; at < lines.length; at++) {
    if (at % stepSize === 0) yield;
    const line: unknown = JSON.parse(lines[at] ?? '');
    if (typeof line === 'string') strings.push(line);
    else if (!Array.isArray(line)) about = heading.parse(line);
    else if (about === undefined) throw new Error('a row before its heading');
    else {
      const { keys, ...what } = about;
      const row: readonly unknown[] = line;
      const known = typeof row[3] === 'string' ? whole.parse(row[3]) : undefined;
      const [sent, cut, owesZero, ...indexes] = seriesRow.parse(known === undefined ? row : row.toSpliced(3, 1));
      const content = Object.fromEntries(keys.map((key, column) => [key, stringAt(strings, indexes[column])]));
      series.push({ ...what, attributes: attributeSet(content), ...(sent !== null && { sent }), cut, ...(known !== undefined && { known }), owesZero: owed[owesZero] });
    }
  }
  return series;
}

function stringAt(strings: readonly string[], index: number | undefined): string | undefined {
  if (index === -1) return undefined;
  const value = strings[index ?? Number.NaN];
  if (value === undefined) throw new Error('a string that is not there');
  return value;
}
