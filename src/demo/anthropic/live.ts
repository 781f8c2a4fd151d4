import { dayMs } from '../../model/calendar.ts';
import type { Clock } from '../../model/clock.ts';
import { randomOf } from '../random.ts';
import { drawUse } from './draw.ts';
import { simulatedLife } from './life.ts';
import type { SimulatedOrganization } from './organization.ts';

/** What a {@link LiveOrganization} is made of. */
export interface LiveOptions {
  readonly seed: number;
  readonly clock: Clock;
}

/** Between two uses while someone watches. */
const everyMs = 700;

/** A past use stands for a quarter of an hour of such. */
const pastTimesUsual = 60;

/**
 * An organization with a past, this month and the one before, that is used all the time while it is looked at; reports
 * show a use within two seconds. Its time is the clock's: reports are asked for by date.
 */
export class LiveOrganization {
  readonly organization: SimulatedOrganization;
  readonly #options: LiveOptions;
  #nextMs: number;

  constructor(options: LiveOptions) {
    this.#options = options;
    const now = options.clock.now();
    this.organization = simulatedLife({
      seed: options.seed,
      fromMs: Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 1),
      toMs: now.getTime() + 2 * dayMs,
      timesUsual: pastTimesUsual,
    });
    this.#nextMs = now.getTime();
  }

  /** Lets it live on until now. @returns now. */
  play(): number {
    const { seed, clock } = this.#options;
    const nowMs = clock.now().getTime();
    for (; this.#nextMs <= nowMs; this.#nextMs += everyMs) {
      const random = randomOf(seed, this.#nextMs);
      const atMs = this.#nextMs;
      const shownAtMs = Math.floor(atMs + random() * 2_000);
      this.organization.use({ ...drawUse(this.organization, atMs, random), shownAtMs, costShownAtMs: shownAtMs });
    }
    return nowMs;
  }
}
