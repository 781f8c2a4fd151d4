import { SourceError, oneOf, toSourceError } from '../../model/source-error.ts';
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
  readonly #parts = new Map<number, Part>();
  #gainedAtMs = Number.NEGATIVE_INFINITY;
  #hasGained = false;

  constructor(fromMs: number, toMs: number) {
    this.fromMs = fromMs;
    this.toMs = toMs;
  }

  /** Begin of the last attempt that read a part. */
  get gainedAtMs(): number {
    return this.#gainedAtMs;
  }

  /** Whether the last attempt read a part that the next one need not. */
  get hasGained(): boolean {
    return this.#hasGained;
  }

  /**
   * Reads what is missing, and ends when nothing of it is under way any more.
   * @param nowMs when this attempt begins. @param partMs how long a part may be now. @param readPart reads one, whole.
   * @returns all buckets, those of earlier attempts too, in order.
   * @throws {SourceError} what `readPart` throws first, with the longest wait that any part was asked for; no part is begun after it.
   *   `schema` when the parts do not join.
   */
  async read(nowMs: number, partMs: () => number, readPart: (fromMs: number, toMs: number) => Promise<readonly Bucket[]>): Promise<Bucket[]> {
    this.#hasGained = false;
    let atMs = this.fromMs;
    const failures: SourceError[] = [];
    const readParts = async (): Promise<void> => {
      for (;;) {
        atMs = this.#firstMissing(atMs);
        if (failures.length > 0 || atMs >= this.toMs) return;
        const [fromMs, toMs] = [atMs, Math.min(atMs + partMs(), this.#nextRead(atMs))];
        atMs = toMs;
        try {
          this.#parts.set(fromMs, { toMs, buckets: await readPart(fromMs, toMs) });
          this.#gainedAtMs = nowMs;
          this.#hasGained = true;
        } catch (thrown) {
          failures.push(toSourceError(thrown));
        }
      }
    };
    await Promise.all(Array.from({ length: atOnce }, readParts));
    const failure = oneOf(failures);
    if (failure !== undefined) throw failure;
    return this.#joined();
  }

  /** Whatever answered when: a day that is in two parts would be counted twice. */
  #joined(): Bucket[] {
    const parts = [...this.#parts].sort(([a], [b]) => a - b);
    let atMs = this.fromMs;
    const join = parts.every(([fromMs, { toMs }]) => {
      const follows = fromMs === atMs;
      atMs = toMs;
      return follows;
    });
    if (!join || atMs !== this.toMs) {
      this.#parts.clear();
      this.#hasGained = false;
      throw new SourceError('schema', 'the parts of the older days overlap, or leave a gap: they are read anew');
    }
    return parts.flatMap(([, { buckets }]) => buckets);
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
