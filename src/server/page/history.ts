/** A day, in slots of five minutes. */
export const historyMs = 24 * 60 * 60 * 1000;
const slotMs = 5 * 60 * 1000;

/** Slots of a line: the last is the one that is running. */
export const slots = historyMs / slotMs;

/** Series that are kept; a value takes eight bytes, so all of them half a megabyte. */
const mostSeries = 256;

interface Series {
  /** By slot number modulo the ring's length; NaN: not known. */
  readonly ring: Float64Array;
  /** Slot of the newest value. */
  newest: number;
}

/** The last value of each slot, the oldest first; undefined: not known then. */
export type Line = readonly (number | undefined)[];

/** What some values were in the last 24 hours: in memory, and of one size however many there are and however often they come. */
export class History {
  readonly #series = new Map<string, Series>();

  /** Series that are kept now. */
  get size(): number {
    return this.#series.size;
  }

  /** Takes a cycle's values, by name of their series. */
  add(at: Date, values: ReadonlyMap<string, number>): void {
    const slot = Math.floor(at.getTime() / slotMs);
    for (const [name, series] of this.#series) if (slot - series.newest >= slots) this.#series.delete(name);
    for (const [name, value] of values) {
      const series = this.#series.get(name) ?? this.#begin(name, slot);
      if (series === undefined || !Number.isFinite(value)) continue;
      forward(series, slot);
      series.ring[slot % slots] = value;
    }
  }

  /** The series’ last 24 hours as of an instant; undefined when nothing is known of them. */
  line(name: string, now: Date): Line | undefined {
    const series = this.#series.get(name);
    if (series === undefined) return undefined;
    const last = Math.floor(now.getTime() / slotMs);
    const line = Array.from({ length: slots }, (_, index) => {
      const slot = last - slots + 1 + index;
      if (slot > series.newest || slot <= series.newest - slots) return undefined;
      const value = series.ring[slot % slots];
      return value === undefined || Number.isNaN(value) ? undefined : value;
    });
    return line.some((value) => value !== undefined) ? line : undefined;
  }

  #begin(name: string, slot: number): Series | undefined {
    if (this.#series.size >= mostSeries && !this.#forgetOne(slot)) return undefined;
    const series = { ring: new Float64Array(slots).fill(Number.NaN), newest: slot };
    this.#series.set(name, series);
    return series;
  }

  /** Makes room: what has ended goes before what is new. */
  #forgetOne(slot: number): boolean {
    let oldest: readonly [name: string, newest: number] | undefined;
    for (const [name, { newest }] of this.#series) {
      if (newest < slot && newest < (oldest?.[1] ?? slot)) oldest = [name, newest];
    }
    return oldest !== undefined && this.#series.delete(oldest[0]);
  }
}

/** Clears the slots between the newest value and this slot; after the clock was set back, all that lies ahead of it. */
function forward(series: Series, slot: number): void {
  const [from, to] = slot >= series.newest ? [series.newest, slot] : [slot, series.newest];
  for (let each = Math.max(from + 1, to - slots + 1); each <= to; each++) series.ring[each % slots] = Number.NaN;
  series.newest = slot;
}
