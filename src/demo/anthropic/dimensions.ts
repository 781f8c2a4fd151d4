import type { Use } from './events.ts';

/** What a use can be grouped and filtered by: the nine dimensions of the usage report, by their names there. */
export const useDimensions = {
  account_id: (use: Use) => use.accountId,
  api_key_id: (use: Use) => use.apiKeyId,
  context_window: (use: Use) => use.contextWindow,
  inference_geo: (use: Use) => use.inferenceGeo,
  model: (use: Use) => use.model,
  service_account_id: (use: Use) => use.serviceAccountId,
  service_tier: (use: Use) => use.serviceTier,
  speed: (use: Use) => use.speed,
  workspace_id: (use: Use) => use.workspaceId,
} as const satisfies Readonly<Record<string, (use: Use) => string | null>>;

/** One of the nine. */
export type UseDimensionName = keyof typeof useDimensions;

/** The nine names. */
export const useDimensionNames = Object.keys(useDimensions) as UseDimensionName[];

/** Whether a use passes the filters of a query: parameters by the dimension they filter. */
export function filterOf(
  query: URLSearchParams,
  filters: Readonly<Partial<Record<string, UseDimensionName>>>,
): (use: Use) => boolean {
  const wanted = Object.entries(filters).flatMap(([parameter, dimension]) => {
    const values = query.getAll(parameter);
    return dimension === undefined || values.length === 0 ? [] : [[dimension, values] as const];
  });
  return (use) => wanted.every(([dimension, values]) => values.includes(useDimensions[dimension](use) ?? ''));
}

/** Filters in their order, as text that names them. */
export function filterText(query: URLSearchParams, filters: object): string {
  return JSON.stringify(Object.keys(filters).map((parameter) => query.getAll(parameter)));
}
