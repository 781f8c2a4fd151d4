import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../model/clock.ts';

/** Lets a number of requests a minute through; as many may come at once as a minute has. */
export class Limiter {
  readonly #perMinute: number;
  readonly #clock: Clock;
  #tokens: number;
  #countedAtMs: number;
  #line: Promise<void> = Promise.resolve();

  constructor(perMinute: number, clock: Clock) {
    this.#perMinute = perMinute;
    this.#clock = clock;
    this.#tokens = perMinute;
    this.#countedAtMs = clock.monotonicMs();
  }

  /**
   * Waits for this request's turn, in the order of the calls.
   * @throws the signal's reason when it is aborted meanwhile.
   */
  async turn(signal: AbortSignal): Promise<void> {
    const mine = this.#line.then(() => this.#take(signal));
    this.#line = mine.catch(() => undefined);
    await mine;
  }

  async #take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const nowMs = this.#clock.monotonicMs();
    const refilled = ((nowMs - this.#countedAtMs) / 60_000) * this.#perMinute;
    this.#tokens = Math.min(this.#perMinute, this.#tokens + refilled);
    this.#countedAtMs = nowMs;
    if (this.#tokens < 1) {
      // What it rejects with when it is aborted says nothing of why; the next turn throws the reason.
      await sleep(((1 - this.#tokens) / this.#perMinute) * 60_000, undefined, { signal }).catch(() => undefined);
      return this.#take(signal);
    }
    this.#tokens -= 1;
  }
}
