import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Labels, Prometheus } from './prometheus.ts';

const page = new URL('../../../docs/queries.md', import.meta.url);

/** The queries for users by their headings, as they stand on the page. */
export function queriesOfThePage(): ReadonlyMap<string, string> {
  const sections = readFileSync(page, 'utf8').split(/^## /m).slice(1);
  return new Map(
    sections.map((section) => {
      const [heading = ''] = section.split('\n', 1);
      const [[, query = ''] = [], ...more] = section.matchAll(/^```promql\n(.+)\n```$/gm);
      if (query === '' || more.length > 0) throw new Error(`“${heading}” has other than one query of one line`);
      return [heading, query] as const;
    }),
  );
}

/** Whether a query is about what only the Analytics API tells. */
export function isOfAnalytics(query: string): boolean {
  return /claude_(requests|api_key_cost)/.test(query);
}

/** What Prometheus answers, by heading; in order of the labels where the query gives none. */
export async function answers(
  prometheus: Prometheus,
  queries: readonly (readonly [heading: string, query: string])[],
): Promise<Readonly<Record<string, readonly (readonly [Labels, number])[]>>> {
  const answered = queries.map(async ([heading, query]) => {
    const rows = (await prometheus.query(query)).map(({ labels, value }) => [labels, value] as const);
    return [heading, query.startsWith('topk') ? rows : rows.sort(byLabels)] as const;
  });
  return Object.fromEntries(await Promise.all(answered));
}

function byLabels([a]: readonly [Labels, number], [b]: readonly [Labels, number]): number {
  return Object.entries(a).join() < Object.entries(b).join() ? -1 : 1;
}

/** Samples of a series after which {@link about} is near enough. */
const enoughSamples = 12;

/** Waits until Prometheus has looked at every series of a metric for some time. */
export async function lookedAt(prometheus: Prometheus, metric: string): Promise<void> {
  await expect
    .poll(() => prometheus.query(`count_over_time(${metric}[1d]) < ${enoughSamples}`), { timeout: 30_000, interval: 100 })
    .toEqual([]);
}

/**
 * An increase as Prometheus gives it: stretched to the ends of the range, by up to 1.1 of the time between two samples at
 * each. That is a fifth of what {@link enoughSamples} say.
 */
export function about(amount: number): number {
  return expect.toSatisfy((value: number) => value >= amount / 1.2 && value <= amount * 1.2) as number;
}
