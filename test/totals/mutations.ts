/*
 * npm run test:mutations: breaks the totals' rules (docs/design.md) one at a time, in a copy of the sources, and plays schedules
 * until one shows it. A rule that can be broken unseen ends it with 1.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Mutation {
  readonly rule: string;
  readonly file: string;
  /** Stands in the file once. */
  readonly from: string;
  readonly to: string;
}

const mutations: readonly Mutation[] = [
  { rule: 'a total is never below what was exported', file: 'ledger/series.ts', from: 'return series.sum > floor ? series.sum : floor;', to: 'return series.sum > 0n ? series.sum : 0n;' },
  { rule: 'also over a restart', file: 'ledger/ledger.ts', from: 'series.sent = sent;\n      series.cut', to: 'series.sent = undefined;\n      series.cut' },
  { rule: 'what is above the report is debt', file: 'ledger/series.ts', from: 'return value > series.sum ? value - series.sum : 0n;', to: 'return value > series.sum && series.sum > 0n ? value - series.sum : 0n;' },
  { rule: 'debt is of what was read', file: 'ledger/ledger.ts', from: 'for (const table of published(reportState)) {', to: 'for (const table of reportState.periods.values()) {' },
  { rule: 'a report replaces the days it has', file: 'ledger/ledger.ts', from: 'yield* DayTable.changes(state.days.get(day), next,', to: 'yield* DayTable.changes(undefined, next,' },
  { rule: 'rows of one identity are added', file: 'ledger/day-table.ts', from: 'const sum = (ofMetric.get(attributes) ?? 0n) + value;', to: 'const sum = value;' },
  { rule: 'a report counts with its last page', file: 'sources/anthropic/pages.ts', from: 'const page = await read(cursor);', to: 'const page = await read(cursor).catch((error) => { if (pages.length === 0) throw error; return { ...pages[pages.length - 1], next: undefined }; });' },
  { rule: 'missing and double buckets make no report', file: 'sources/anthropic/buckets.ts', from: 'if (startMs !== expectedMs) refuse(', to: 'if (false) refuse(' },
  { rule: 'the month is the period', file: 'model/calendar.ts', from: 'const startMs = Date.UTC(year, month, daily ? day : 1);', to: 'const startMs = Date.UTC(year, daily ? month : 0, daily ? day : 1);' },
  { rule: 'usage and cost are published until three days after their month', file: 'model/calendar.ts', from: "'anthropic-cost': 3,", to: "'anthropic-cost': 0," },
  { rule: 'analytics until 31 days after', file: 'model/calendar.ts', from: "'anthropic-analytics': 31,", to: "'anthropic-analytics': 3," },
  { rule: 'Claude Code until a day after its day', file: 'model/calendar.ts', from: "'anthropic-claude-code': 1,", to: "'anthropic-claude-code': 0," },
  { rule: 'today is included', file: 'sources/anthropic/report-reader.ts', from: 'const end = dayStart(nowMs) + dayMs;', to: 'const end = dayStart(nowMs);' },
  { rule: 'a wrong clock reads nothing', file: 'sources/anthropic/client.ts', from: 'if (Math.abs(skewMs) > longestSkewMs) {', to: 'if (false) {' },
  { rule: 'the first series of a later reading begin with 0', file: 'ledger/ledger.ts', from: 'const owesZero = state.readBefore ? this.#firstZeros : nobody;', to: 'const owesZero = nobody;' },
  { rule: 'those of the first reading do not', file: 'ledger/ledger.ts', from: 'const owesZero = state.readBefore ? this.#firstZeros : nobody;', to: 'const owesZero = this.#firstZeros;' },
  { rule: 'a zero that was lost is sent again', file: 'agent-totals.ts', from: "if (settled === 'lost') continue;", to: '' },
  { rule: 'backends and scrapers see first zeros of their own', file: 'ledger/ledger.ts', from: 'both(owesZero, { pushed: true, scraped: true, [seenBy]: false })', to: 'nobody' },
  { rule: 'what a scraper has seen is followed by its value', file: 'agent-totals.ts', from: 'for (const series of scraped.zeros) this.#seenZeros.scraped.add(series);', to: 'void scraped;' },
  { rule: 'a zero that is owed is owed by the next agent', file: 'ledger/ledger.ts', from: 'both(owesZero, this.#firstZeros));', to: 'nobody);' },
  { rule: 'a series with another name gets no zero', file: 'metrics/totals.ts', from: 'value: totalValue(total.metric, total.value) };', to: 'value: this.#ofSeries.has(total.series) ? totalValue(total.metric, total.value) : 0 };' },
  { rule: 'no key is the console', file: 'sources/anthropic/usage-rows.ts', from: "api_key_id: 'console'", to: "api_key_id: 'unknown'" },
  { rule: 'the default workspace has one name', file: 'sources/anthropic/analytics-rows.ts', from: "? 'default' : id", to: '? id : id' },
  { rule: 'money is exact', file: 'model/money.ts', from: 'return units(sign, whole, fraction.slice(0, centPlaces + 1), 0);', to: 'return BigInt(Math.round(Number(text) * 1e9)) * (centUnits / 1_000_000_000n);' },
  { rule: 'a whole total is never a delta', file: 'ledger/ledger.ts', from: 'series.cut = highest(series);\n        if', to: 'if' },
  { rule: 'a cut goes again as it was', file: 'metrics/totals.ts', from: 'if ((this.#cut?.size ?? 0) === 0 && this.#options.isNamed()) {', to: 'if (this.#options.isNamed()) {' },
  { rule: 'what was taken does not go again', file: 'agent-totals.ts', from: 'cut?.settle(dataPoint);', to: '' },
  { rule: 'one point a series, whatever months it grew in', file: 'ledger/ledger.ts', from: 'ofMetric.set(series.attributes, (ofMetric.get(series.attributes) ?? 0n) + value - series.cut);', to: 'ofMetric.set(series.attributes, value - series.cut);' },
  { rule: 'growth is kept before it is sent', file: 'agent-totals.ts', from: 'const isSaved = await this.#save();', to: 'const isSaved = true;' },
  { rule: 'what the cuts reach up to is kept', file: 'ledger/ledger.ts', from: 'series.cut = cut;', to: 'series.cut = 0n;' },
  { rule: 'the cut on its way is kept', file: 'agent-totals.ts', from: '...(pending && { pending }),', to: '' },
];

const root = fileURLToPath(new URL('../..', import.meta.url));
const secondsPerMutation = 60;

/** How the property ends with the rule broken. */
async function play(mutation: Mutation | undefined): Promise<{ readonly code: number | null; readonly said: string }> {
  const copy = mkdtempSync(join(tmpdir(), 'mutation-'));
  try {
    for (const folder of ['src', 'test', 'proto', 'package.json']) cpSync(join(root, folder), join(copy, folder), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction');
    if (mutation !== undefined) mutate(join(copy, 'src'), mutation);
    const minutes = mutation === undefined ? 0.2 : secondsPerMutation / 60;
    const child = spawn(process.execPath, [join(copy, 'test/totals/main.ts'), '--seed', '11', '--minutes', String(minutes)], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, said };
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** Breaks the rule in these sources. */
function mutate(sources: string, mutation: Mutation): void {
  const path = join(sources, mutation.file);
  writeFileSync(path, broken(readFileSync(path, 'utf8'), mutation));
}

function broken(text: string, { rule, file, from, to }: Mutation): string {
  if (text.split(from).length !== 2) throw new Error(`the mutation of "${rule}" does not fit src/${file} any more`);
  return text.replace(from, () => to);
}

/** The line that tells what was seen; a program that does not run has shown nothing. */
function seenIn({ code, said }: { readonly code: number | null; readonly said: string }): string | undefined {
  return code === 0 ? undefined : /after \d+ schedules: .*/.exec(said)?.[0].slice(0, 160);
}

const only = process.argv[2];
const chosen = mutations.filter(({ rule }) => only === undefined || rule.includes(only));
for (const mutation of mutations) broken(readFileSync(join(root, 'src', mutation.file), 'utf8'), mutation);
const unbroken = await play(undefined);
if (unbroken.code !== 0) throw new Error(`with no rule broken: ${unbroken.said}`);
let unseen = 0;
const queue = [...chosen];
async function worker(): Promise<void> {
  for (let mutation = queue.shift(); mutation !== undefined; mutation = queue.shift()) {
    const result = await play(mutation);
    const seen = seenIn(result);
    if (seen === undefined) unseen += 1;
    process.stdout.write(`${seen === undefined ? 'NOT SEEN' : 'seen'}  ${mutation.rule}\n          ${seen ?? result.said.trim().slice(-300)}\n`);
  }
}
await Promise.all(Array.from({ length: availableParallelism() }, worker));
process.stdout.write(`${chosen.length - unseen} of ${chosen.length} broken rules were seen\n`);
process.exit(unseen === 0 ? 0 : 1);
