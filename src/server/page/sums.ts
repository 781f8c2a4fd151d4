/** What was used. What is not known is absent. */
export interface Sums {
  /** Of every type. */
  tokens?: number;
  /** Those of them that went in: all but output. */
  inputTokens?: number;
  /** Those of the input that were read from the cache. */
  cachedTokens?: number;
  /** In dollars. */
  cost?: number;
}

/** Adds to what is there. */
export function plus(sums: Sums, field: keyof Sums, value: number): void {
  sums[field] = (sums[field] ?? 0) + value;
}
