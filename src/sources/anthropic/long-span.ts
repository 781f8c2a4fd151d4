import type { Bucket } from './buckets.ts';

/** Parts that are read at the same time: the upstream takes a second or more for each, and one is parsed while the others come. */
const atOnce = 3;

interface Part {
  readonly toMs: number;
  readonly buckets: readonly Bucket[];
}

/**
 * A long span that is read in parts of its own, a few at a time. When one of them fails the span is not read, but the next attempt
 * asks only for what is missing: a large organization's months may take longer than one reading has.
 */
export class LongSpan {
  readonly fromMs: number;
  readonly toMs: number;
  /** When the first attempt began. */
  readonly begunMs: number;
  readonly #parts = new Map<number, Part>();

  constructor(fromMs: number, toMs: number, begunMs: number) {
    this.fromMs = fromMs;
    this.toMs = toMs;
    this.begunMs = begunMs;
  }

  /**
   * Reads what is missing.
   * @param partMs how long a part may be now. @param readPart reads one, whole.
   * @returns all buckets, those of earlier attempts too, in order.
   * @throws the first that `readPart` throws; no part is begun after it.
   */
  async read(partMs: () => number, readPart: (fromMs: number, toMs: number) => Promise<readonly Bucket[]>): Promise<Bucket[]> {
    let atMs = this.fromMs;
    let hasFailed = false;
    const readParts = async (): Promise<void> => {
      for (;;) {
        atMs = this.#firstMissing(atMs);
        if (hasFailed || atMs >= this.toMs) return;
        const [fromMs, toMs] = [atMs, Math.min(atMs + partMs(), this.#nextRead(atMs))];
        atMs = toMs;
        try {
          this.#parts.set(fromMs, { toMs, buckets: await readPart(fromMs, toMs) });
        } catch (error) {
          hasFailed = true;
          throw error;
        }
      }
    };
    await Promise.all(Array.from({ length: atOnce }, readParts));
    return [...this.#parts].sort(([a], [b]) => a - b).flatMap(([, { buckets }]) => buckets);
  }

  #firstMissing(fromMs: number): number {
    const part = this.#parts.get(fromMs);
    return part === undefined ? fromMs : this.#firstMissing(part.toMs);
  }

  /** Where the next part begins that was read before, or the end. */
  #nextRead(fromMs: number): number {
    return Math.min(this.toMs, ...[...this.#parts.keys()].filter((startMs) => startMs > fromMs));
  }
}
