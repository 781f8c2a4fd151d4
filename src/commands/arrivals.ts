import type { ReceivedPoint, ReceivedRequest } from '../demo/otlp-messages.ts';
import { type OrganizationPicture, organizationOf } from '../metrics/organization.ts';
import { type Picture, type Quota, inOrder, pictureOf } from '../metrics/picture.ts';

/** What the metrics that arrived say of a source. */
export interface ArrivedSource {
  readonly source: string;
  readonly up: boolean;
  /** `success` or the reason of the last failure. */
  readonly outcome: string;
  /** Since it was last read in full, as of the push; absent before the first time. */
  readonly ageSeconds?: number;
  /** Quotas that were known before and are not now stand in it without a value. */
  readonly picture: Picture;
}

/** A push, as the receiver got it. */
export interface Arrival {
  /** Counts from 1. */
  readonly push: number;
  readonly at: Date;
  readonly points: readonly ReceivedPoint[];
  readonly sources: readonly ArrivedSource[];
  /** What an organization used; absent where nothing is said of one. */
  readonly organization?: OrganizationPicture;
}

const own = 'claude_usage_metrics.source';

/** What the sources of the Admin API begin with. */
export const adminPrefix = 'anthropic-';

/** Whether a source is one of those that read the Admin API. */
export function isAdminSource(source: string): boolean {
  return source.startsWith(adminPrefix);
}

/** Makes sense of pushes, one after another, from nothing but their points. */
export class Arrivals {
  #pushes = 0;
  #points = 0;
  /** Of the latest push, which may be in several requests. */
  #latest: ReceivedPoint[] = [];
  readonly #series = new Set<string>();
  readonly #reads = new Map<string, number>();
  readonly #outcomes = new Map<string, string>();
  readonly #known = new Map<string, Map<string, Quota>>();

  /** Pushes so far. */
  get pushes(): number {
    return this.#pushes;
  }

  /** Points of all pushes so far. */
  get points(): number {
    return this.#points;
  }

  /**
   * Takes what came together. A push that is cut into requests has each series once, so one that comes again begins the next push.
   * @returns the latest push, as far as it has come.
   */
  add(requests: readonly ReceivedRequest[]): Arrival {
    const arrived = requests.flatMap((request) => request.points);
    const series = arrived.map(({ metric, attributes }) => JSON.stringify([metric, attributes]));
    if (this.#pushes === 0 || series.some((one) => this.#series.has(one))) {
      this.#pushes += 1;
      this.#latest = [];
      this.#series.clear();
    }
    for (const one of series) this.#series.add(one);
    this.#latest.push(...arrived);
    this.#points += arrived.length;
    const points = [...this.#latest];
    const latest = points.reduce((max, { timeUnixNano }) => (timeUnixNano > max ? timeUnixNano : max), 0n);
    const at = new Date(Number(latest / 1_000_000n));
    this.#countReads(points);
    const sources = points
      .filter(({ metric }) => metric === `${own}.up`)
      .map(({ attributes, value }) => this.#source(attributes['source'] ?? '', value === 1, points, at))
      .sort((a, b) => a.source.localeCompare(b.source, 'en'));
    const organization = organizationOf(points);
    return { push: this.#pushes, at, points, sources, ...(organization && { organization }) };
  }

  /** The counter that rose says how the last read ended. */
  #countReads(points: readonly ReceivedPoint[]): void {
    for (const { metric, attributes, value } of points) {
      if (metric !== `${own}.reads`) continue;
      const { source = '', outcome = '' } = attributes;
      const series = `${source} ${outcome}`;
      if (value > (this.#reads.get(series) ?? 0)) this.#outcomes.set(source, outcome);
      this.#reads.set(series, value);
    }
  }

  #source(source: string, up: boolean, points: readonly ReceivedPoint[], at: Date): ArrivedSource {
    const prefix = `${source.split('-', 1)[0] ?? source}.`;
    const lastSuccess = points.find(
      ({ metric, attributes }) => metric === `${own}.last_success_timestamp` && attributes['source'] === source,
    );
    const picture = pictureOf(points.filter(({ metric }) => metric.startsWith(prefix)));
    return {
      source,
      up,
      outcome: up ? 'success' : (this.#outcomes.get(source) ?? 'unknown'),
      ...(lastSuccess && { ageSeconds: Math.max(0, Math.round(at.getTime() / 1000 - lastSuccess.value)) }),
      picture: { ...picture, quotas: this.#withKnown(source, picture.quotas) },
    };
  }

  #withKnown(source: string, quotas: readonly Quota[]): Quota[] {
    const known = this.#known.get(source) ?? new Map<string, Quota>();
    this.#known.set(source, known);
    for (const { name } of quotas) known.set(name, { name });
    const present = new Map(quotas.map((quota) => [quota.name, quota]));
    return [...known].map(([name, absent]) => present.get(name) ?? absent).sort(inOrder);
  }
}
