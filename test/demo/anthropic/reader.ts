import { type AdminAccess, adminAnswer } from '../../../src/demo/anthropic/api.ts';
import type { SimulatedOrganization } from '../../../src/demo/anthropic/organization.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
export type Fields = Readonly<Record<string, Json>>;

export interface Asked {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Fields;
}

const adminKey = 'sk-ant-admin01-fake';
export const allowed: AdminAccess = { adminKey };
export const usualHeaders: Readonly<Record<string, string>> = {
  'x-api-key': adminKey,
  'anthropic-version': '2023-06-01',
  'anthropic-beta': 'analytics-usage-cost-2026-08-24, fast-mode-2026-02-01',
};

/** Asks once; what comes is what would be read from the wire. */
export function ask(organization: SimulatedOrganization, path: string, nowMs: number, more: { headers?: Record<string, string>; access?: AdminAccess } = {}): Asked {
  const request = { path: `/v1/organizations/${path}`, headers: more.headers ?? usualHeaders };
  const { status, headers = {}, body } = adminAnswer(organization, request, nowMs, more.access ?? allowed);
  return { status, headers, body: JSON.parse(JSON.stringify(body)) as Fields };
}

/** The rows of every page of the token scheme. */
export function rowsOf(organization: SimulatedOrganization, path: string, nowMs: number): readonly Fields[] {
  const rows: Fields[] = [];
  let page: Json = null;
  do {
    const { status, body } = ask(organization, page === null ? path : `${path}&page=${encodeURIComponent(textOf(page))}`, nowMs);
    if (status !== 200) throw new Error(JSON.stringify(body));
    rows.push(...(body['data'] as readonly Fields[]));
    page = body['next_page'] ?? null;
  } while (page !== null);
  return rows;
}

/** How often a page had to be asked for. */
export function pagesOf(organization: SimulatedOrganization, path: string, nowMs: number): number {
  let count = 0;
  let page: Json = null;
  do {
    count += 1;
    page = ask(organization, page === null ? path : `${path}&page=${encodeURIComponent(textOf(page))}`, nowMs).body['next_page'] ?? null;
  } while (page !== null);
  return count;
}

export function at(value: Json | undefined, ...path: readonly string[]): Json {
  return path.reduce<Json>((inner, name) => (inner as Fields | null)?.[name] ?? null, value ?? null);
}

export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** Decimal text in cents, or a number of cents, as units of money: 10⁻¹⁵ dollars. */
export function units(amount: Json): bigint {
  const text = typeof amount === 'number' ? `${amount}` : textOf(amount);
  const [whole = '', fraction = ''] = text.replace('-', '').split('.');
  const sum = BigInt(whole) * 10n ** 13n + BigInt(fraction.padEnd(13, '0'));
  return text.startsWith('-') ? -sum : sum;
}
