/** What one use of the API cost an organization; the unit of the simulated truth. */
export interface Use {
  /** When it happened. */
  readonly atMs: number;
  /** When the reports show it. */
  readonly shownAtMs: number;
  readonly apiKeyId: string | null;
  readonly workspaceId: string | null;
  readonly model: string;
  readonly serviceTier: string;
  readonly contextWindow: string;
  /** Negative in a restatement. */
  readonly uncachedInput: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  readonly webSearches: number;
  /** Millionths of a cent, so that sums are exact. */
  readonly microCents: bigint;
}

/** A key of the organization. */
export interface SimulatedKey {
  readonly id: string;
  name: string;
  readonly createdBy: string | null;
  readonly workspaceId: string | null;
}

/** An organization whose every use is known: the truth that the reports are made of. */
export class SimulatedOrganization {
  readonly id = '00000000-0000-4000-8000-000000000001';
  readonly uses: Use[] = [];
  readonly keys: SimulatedKey[] = [];
  readonly users: { readonly id: string; email: string; name: string }[] = [];
  readonly workspaces: { readonly id: string; name: string; archivedAt: string | null }[] = [];

  /** Records a use; fields that are not given are 0 or usual. */
  use(use: Partial<Use> & Pick<Use, 'atMs'>): void {
    this.uses.push({
      shownAtMs: use.atMs,
      apiKeyId: null,
      workspaceId: null,
      model: 'claude-sonnet-5',
      serviceTier: 'standard',
      contextWindow: '0-200k',
      uncachedInput: 0,
      output: 0,
      cacheRead: 0,
      cacheWrite5m: 0,
      cacheWrite1h: 0,
      webSearches: 0,
      microCents: 0n,
      ...use,
    });
  }

  /** The uses in `[fromMs, toMs)` that are shown at an instant. */
  *shown(fromMs: number, toMs: number, nowMs: number): Generator<Use> {
    for (const use of this.uses) if (use.atMs >= fromMs && use.atMs < toMs && use.shownAtMs <= nowMs) yield use;
  }
}
