/** What messages usage may be told apart by (at most five at once, the API's limit). */
export const usageDimensions = [
  'model',
  'api_key_id',
  'workspace_id',
  'service_tier',
  'context_window',
  'account_id',
  'service_account_id',
  'inference_geo',
  'speed',
] as const;

/** One of {@link usageDimensions}. */
export type UsageDimension = (typeof usageDimensions)[number];
