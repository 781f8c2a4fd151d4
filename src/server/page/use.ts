import { dayStart } from '../../model/calendar.ts';
import { type CodeFigure, type Digest, noModel, otherModels } from './digest.ts';
import type { Parties } from './parties.ts';
import type { SourceState } from './source-state.ts';
import { type Sums, plus } from './sums.ts';

/** What a model, or several together, used today and this month. What is not known is absent. */
export interface ModelUse {
  readonly name: string;
  readonly today: Sums;
  readonly month: Sums;
}

/** An organization’s use. */
export interface UseView {
  readonly account: string;
  /** The highest first, by today’s cost. */
  readonly models: readonly ModelUse[];
  /** All that are not among {@link models}. */
  readonly rest?: ModelUse & { readonly count: number };
  readonly total: ModelUse;
  /** Who used it; nobody where there is one alone. */
  readonly workspaces: Parties;
  readonly keys: Parties;
  /** What Claude Code did today. */
  readonly code: Readonly<Partial<Record<CodeFigure, number>>>;
  /** What is known: undefined before a report was read, and when it is too old to speak of today. */
  readonly knowsToday: { readonly tokens: boolean; readonly cost: boolean };
  /** The UTC month, `2026-11`. */
  readonly month: string;
}

/** Models that are shown one by one. */
const shownModels = 10;

/** An organization’s use by account, for those that have a source of it. */
export function useOf(sources: readonly SourceState[], digest: Digest | undefined, { now }: { readonly now: Date }): UseView[] {
  const isOf = (source: string, account?: string): SourceState | undefined =>
    sources.find((state) => state.source === source && (account === undefined || state.account === account));
  const accounts = new Set(
    sources.filter(({ source }) => source === 'anthropic-usage' || source === 'anthropic-cost').map(({ account }) => account),
  );
  return [...accounts].map((account) => {
    const use = digest?.use.get(account);
    const at = digest?.at ?? new Date(0);
    const sameDay = dayStart(at.getTime()) === dayStart(now.getTime());
    const month = now.toISOString().slice(0, 7);
    const sameMonth = at.toISOString().startsWith(month);
    const today = sameDay ? use?.today : undefined;
    const models = ranked(today ?? new Map(), (sameMonth ? use?.month : undefined) ?? new Map());
    const shown = models.length > shownModels + 1 ? models.slice(0, shownModels) : models;
    const others = models.slice(shown.length);
    // A report that was read and names nothing says that nothing was used.
    const knows = (source: string, field: 'tokens' | 'cost'): boolean =>
      sameDay && (models.some((model) => model.today[field] !== undefined) || isOf(source, account)?.up === true);
    return {
      account,
      models: shown,
      ...(others.length > 0 && { rest: { ...summed('', others), count: others.length } }),
      total: summed('', models),
      workspaces: known(use?.workspaces, sameDay, sameMonth),
      keys: known(use?.keys, sameDay, sameMonth),
      code: (sameDay ? use?.code : undefined) ?? {},
      knowsToday: { tokens: knows('anthropic-usage', 'tokens'), cost: knows('anthropic-cost', 'cost') },
      month,
    };
  });
}

/** What can still be said of them: nothing of today from a snapshot of yesterday. */
function known(parties: Parties | undefined, sameDay: boolean, sameMonth: boolean): Parties {
  if (parties === undefined || !sameMonth) return { highest: [] };
  if (sameDay) return parties;
  const { highest, others } = parties;
  return { highest: highest.map((party) => ({ ...party, today: {} })), ...(others && { others: { ...others, today: {} } }) };
}

function ranked(today: ReadonlyMap<string, Sums>, month: ReadonlyMap<string, Sums>): ModelUse[] {
  const names = new Set([...today.keys(), ...month.keys()]);
  const models = [...names].map((name) => ({ name: nameOf(name), today: today.get(name) ?? {}, month: month.get(name) ?? {} }));
  const order = (key: (use: ModelUse) => number | undefined) => (a: ModelUse, b: ModelUse) => (key(b) ?? 0) - (key(a) ?? 0);
  const byCost = order((use) => use.today.cost);
  const byTokens = order((use) => use.today.tokens);
  const byMonth = order((use) => use.month.cost ?? use.month.tokens);
  return models.sort((a, b) => byCost(a, b) || byTokens(a, b) || byMonth(a, b) || (a.name < b.name ? -1 : 1));
}

function nameOf(name: string): string {
  return name === noModel ? 'no model named' : name === otherModels ? 'other models' : name;
}

function summed(name: string, models: readonly ModelUse[]): ModelUse {
  const sum = (span: 'today' | 'month'): Sums => {
    const sums: Sums = {};
    for (const model of models) {
      for (const field of ['tokens', 'inputTokens', 'cachedTokens', 'cost'] as const) {
        const value = model[span][field];
        if (value !== undefined) plus(sums, field, value);
      }
    }
    return sums;
  };
  return { name, today: sum('today'), month: sum('month') };
}
