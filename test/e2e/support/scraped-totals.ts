import { expect, vi } from 'vitest';
import { type Amounts, type Charges, textOf } from './charges.ts';
import type { Labels, Prometheus } from './prometheus.ts';

/** What Prometheus has of the totals, raw. */
export interface Scraped {
  /** The newest value of each series. */
  readonly last: Amounts;
  /** How much each series rose from its first sample on: all that a backend which sees drops and rises only can count. */
  readonly rises: Amounts;
  /** Samples that were below the one before: Prometheus would count the whole value anew. */
  readonly falls: readonly string[];
  /** Labels of resource, scope and account, which nothing may change. */
  readonly origins: ReadonlySet<string>;
}

const metrics = ['claude_tokens_total', 'claude_web_searches_total', 'claude_cost_USD_total'] as const;

/** Reads every sample of the totals. A line of the bill says more than who pays it, so that cost is added up by workspace. */
export async function scrapedTotals(prometheus: Prometheus): Promise<Scraped> {
  const [last, rises] = [new Map<string, bigint>(), new Map<string, bigint>()];
  const falls: string[] = [];
  const origins = new Set<string>();
  for (const metric of metrics) {
    for (const { labels, values } of await prometheus.samples(metric)) {
      const { job = '', instance = '', account = '', otel_scope_name = '', ...own } = labels;
      origins.add(textOf({ job, instance, account, otel_scope_name }));
      const isCost = metric === 'claude_cost_USD_total';
      const series = textOf(isCost ? payerOf(own) : own);
      const amounts = values.map(isCost ? microCentsOf : BigInt);
      let rise = 0n;
      for (const [at, amount] of amounts.entries()) {
        const before = amounts[at - 1] ?? amount;
        if (amount < before) falls.push(`${series}: ${before} then ${amount}`);
        rise += amount < before ? amount : amount - before;
      }
      last.set(series, (last.get(series) ?? 0n) + (amounts.at(-1) ?? 0n));
      rises.set(series, (rises.get(series) ?? 0n) + rise);
    }
  }
  return { last, rises, falls, origins };
}

/** The labels that tell who pays a line of the bill. */
export function payerOf({ __name__ = '', period = '', workspace_id = '', workspace_name }: Labels): Labels {
  return { __name__, period, workspace_id, ...(workspace_name !== undefined && { workspace_name }) };
}

/** Dollars as Prometheus keeps them are binary fractions, exact to far more than a millionth of a cent. */
export function microCentsOf(dollars: number): bigint {
  return BigInt(Math.round(dollars * 100_000_000));
}

/** Waits until Prometheus has of each series at least what had been charged by now. */
export async function arrived(prometheus: Prometheus, { amounts }: Charges): Promise<void> {
  await vi.waitFor(async () => expect(missing(amounts, (await scrapedTotals(prometheus)).last)).toEqual([]), { timeout: 30_000, interval: 100 });
}

function missing(charged: Amounts, last: Amounts): string[] {
  return [...charged].filter(([series, amount]) => amount > (last.get(series) ?? -1n)).map(([series]) => series);
}
