import type { OpenSpan, Spans } from '../model/spans.ts';

/** One span a cycle, `collect`, from its first read to the end of its delivery: the root of the cycle’s trace. */
export class CycleSpans {
  readonly #spans: Spans;
  #root: OpenSpan | undefined;
  #isCollected = false;

  constructor(spans: Spans) {
    this.#spans = spans;
  }

  /** Reads ahead of a collection belong to its cycle. */
  reading<T>(work: () => Promise<T>): Promise<T> {
    return this.#spans.inside(this.#open(), work);
  }

  /** The collection: of the cycle that has begun to read, else a new one’s. */
  async collecting<T>(work: () => Promise<T>): Promise<T> {
    // What was collected had nothing to deliver.
    if (this.#isCollected) this.end();
    const root = this.#open();
    this.#isCollected = true;
    try {
      return await this.#spans.inside(root, work);
    } catch (thrown) {
      root.failed('internal');
      this.end();
      throw thrown;
    }
  }

  /** The delivery of what was collected; the cycle ends with it, also when the next one has begun. */
  async delivering<T>(work: () => Promise<T>): Promise<T> {
    const root = this.#open();
    this.#root = undefined;
    this.#isCollected = false;
    try {
      // The SDK exports in a context of its own.
      return await this.#spans.inside(root, work);
    } finally {
      root.end();
    }
  }

  /** Nothing more comes. */
  end(): void {
    this.#root?.end();
    this.#root = undefined;
    this.#isCollected = false;
  }

  #open(): OpenSpan {
    return (this.#root ??= this.#spans.start({ name: 'collect' }));
  }
}
