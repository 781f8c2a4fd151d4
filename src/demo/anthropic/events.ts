/** Counts of a use; all negative or 0 in a restatement downwards. */
export interface UseCounts {
  readonly requests: number;
  readonly uncachedInput: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  readonly webSearches: number;
}

/** A line of a bill. */
export interface CostPart {
  readonly costType: 'tokens' | 'web_search' | 'code_execution' | 'session_usage';
  /** As `cost_report` names it; null where the line is not about tokens: then it names no model either. */
  readonly tokenType: string | null;
  /** Free text; lines of one identity may differ in it. */
  readonly description: string;
  /** Money in the model's units (`dollarUnits` are a dollar); negative in a credit or a restatement downwards. */
  readonly units: bigint;
  /** Granted by the vendor; the analytics API leaves credits out. */
  readonly isCredit?: boolean;
}

/** What a use is told apart by. A null key is console traffic, a null workspace the default one. */
export interface UseDimensions {
  readonly apiKeyId: string | null;
  readonly workspaceId: string | null;
  readonly accountId: string | null;
  readonly serviceAccountId: string | null;
  readonly model: string;
  readonly serviceTier: string;
  readonly contextWindow: string;
  readonly inferenceGeo: string;
  readonly speed: string;
}

/** Use of the API in one instant: the unit of the simulated truth. A restatement is another one, in the same instant. */
export interface Use extends UseDimensions, UseCounts {
  /** When it happened. */
  readonly atMs: number;
  /** When `usage_report/messages` shows it. */
  readonly shownAtMs: number;
  /** When `cost_report` shows it. */
  readonly costShownAtMs: number;
  /** When the analytics API shows it. */
  readonly analyticsShownAtMs: number;
  readonly costs: readonly CostPart[];
}

/** Tokens and estimated cost of one model in Claude Code. */
export interface CodeModelUse {
  readonly model: string;
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheCreation: number;
  /** As {@link CostPart.units}. */
  readonly units: bigint;
}

/** Who works with Claude Code. Key names are no ids and may be shared. */
export type CodeActor =
  | { readonly type: 'user_actor'; readonly email: string }
  | { readonly type: 'api_actor'; readonly apiKeyName: string };

/** Work with Claude Code in one instant. */
export interface CodeActivity {
  readonly atMs: number;
  /** When `usage_report/claude_code` shows it. */
  readonly shownAtMs: number;
  readonly actor: CodeActor;
  readonly customerType: 'api' | 'subscription';
  readonly subscriptionType: string | null;
  readonly terminalType: string;
  readonly isRemote: boolean;
  readonly sessions: number;
  readonly linesAdded: number;
  readonly linesRemoved: number;
  readonly commits: number;
  readonly pullRequests: number;
  /** By tool: `edit_tool`, `write_tool`, … */
  readonly tools: Readonly<Record<string, { readonly accepted: number; readonly rejected: number }>>;
  readonly models: readonly CodeModelUse[];
}

/** The part of a use that a restatement takes back, or with a positive share adds, shown later than the use itself. */
export function restatement(use: Use, permille: number, delayMs: number): Use {
  const part = (count: number): number => Math.trunc((count * permille) / 1000);
  return {
    ...use,
    shownAtMs: use.shownAtMs + delayMs,
    costShownAtMs: use.costShownAtMs + delayMs,
    analyticsShownAtMs: use.analyticsShownAtMs + delayMs,
    requests: part(use.requests),
    uncachedInput: part(use.uncachedInput),
    output: part(use.output),
    cacheRead: part(use.cacheRead),
    cacheWrite5m: part(use.cacheWrite5m),
    cacheWrite1h: part(use.cacheWrite1h),
    webSearches: part(use.webSearches),
    costs: use.costs.map((cost) => ({ ...cost, units: (cost.units * BigInt(permille)) / 1000n })),
  };
}
