import { type Sums, plus } from './sums.ts';

/** A workspace or a key, with what it used. What is not known is absent. */
export interface Party {
  readonly name: string;
  /** Of a key, where owners are attributes. No e-mail address. */
  readonly owner?: string;
  readonly today: Sums;
  readonly month: Sums;
}

/** Workspaces or keys: those that used most, and the others as one. */
export interface Parties {
  /** The highest first. */
  readonly highest: readonly Party[];
  readonly others?: Omit<Party, 'name'> & { readonly count: number };
}

/** Those that are shown one by one. */
const mostShown = 5;

/** Those that are told apart before they are ranked; use of those that come later is that of the others. */
const mostRanked = 20_000;

/** Sums use by who used it. Ids tell them apart; a name is the last that was seen of it. */
export class PartyTally {
  readonly #parties = new Map<string, { name: string; owner?: string; today: Sums; month: Sums }>();
  readonly #late = { ids: new Set<string>(), today: {} as Sums, month: {} as Sums };
  readonly #rankedBy: 'tokens' | 'cost';

  /** @param rankedBy what of today, then of the month, tells who used more. */
  constructor(rankedBy: 'tokens' | 'cost') {
    this.#rankedBy = rankedBy;
  }

  /** Adds a value to that of an id. */
  add(id: string, name: string | undefined, owner: string | undefined, span: 'today' | 'month', field: 'tokens' | 'cost', value: number): void {
    let party = this.#parties.get(id);
    if (party === undefined) {
      if (this.#parties.size >= mostRanked) {
        this.#late.ids.add(id);
        plus(this.#late[span], field, value);
        return;
      }
      this.#parties.set(id, (party = { name: name ?? id, today: {}, month: {} }));
    }
    if (name !== undefined) party.name = name;
    if (owner !== undefined) party.owner = owner;
    plus(party[span], field, value);
  }

  /** Who used most, and the others; nobody where there is one alone, of whom the sums of all say as much. */
  ranked(): Parties {
    const by = this.#rankedBy;
    const all = [...this.#parties.values()].sort(
      (a, b) => (b.today[by] ?? 0) - (a.today[by] ?? 0) || (b.month[by] ?? 0) - (a.month[by] ?? 0) || (a.name < b.name ? -1 : 1),
    );
    const late = this.#late;
    if (all.length + late.ids.size < 2) return { highest: [] };
    const highest = all.length + late.ids.size > mostShown + 1 ? all.slice(0, mostShown) : all;
    const rest = all.slice(highest.length);
    const count = rest.length + late.ids.size;
    if (count === 0) return { highest };
    const today = { ...late.today };
    const month = { ...late.month };
    for (const party of rest) {
      for (const [span, sums] of [['today', today], ['month', month]] as const) {
        for (const field of ['tokens', 'cost'] as const) {
          const value = party[span][field];
          if (value !== undefined) plus(sums, field, value);
        }
      }
    }
    return { highest, others: { count, today, month } };
  }
}
