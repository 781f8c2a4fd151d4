import type { ShownPoint } from './picture.ts';

/** A model's or key's part of the month. */
export interface OrganizationPart {
  readonly name: string;
  /** Whose key it is, where that is known. */
  readonly owner?: string;
  /** Of all models or keys. */
  readonly share: number;
  /** USD for a model, tokens for a key. */
  readonly value: number;
}

/** What an organization used; what is not known is absent. */
export interface OrganizationPicture {
  /** The month of the totals, `2026-11`. */
  readonly period: string;
  /** In USD. */
  readonly cost: { readonly month?: number; readonly today?: number };
  readonly tokens: { readonly month?: number; readonly today?: number };
  /** Models by cost and keys by tokens, this month's, the largest first. */
  readonly models: readonly OrganizationPart[];
  readonly keys: readonly OrganizationPart[];
}

/** Arranges totals of the latest month; undefined where there are none. */
export function organizationOf(points: readonly ShownPoint[]): OrganizationPicture | undefined {
  const totals = points.filter(({ metric }) => metric === 'claude.tokens' || metric === 'claude.cost');
  const period = totals.reduce((latest, { attributes }) => maxText(latest, attributes['period'] ?? ''), '');
  if (period === '') return undefined;
  const ofMonth = totals.filter(({ attributes }) => attributes['period'] === period);
  const tokens = ofMonth.filter(({ metric }) => metric === 'claude.tokens');
  const cost = ofMonth.filter(({ metric }) => metric === 'claude.cost');
  const today = (metric: string): number | undefined => sumOf(points.filter((point) => point.metric === metric));
  return {
    period,
    cost: known(sumOf(cost), today('claude.cost.current')),
    tokens: known(sumOf(tokens), today('claude.tokens.current')),
    models: parts(cost, ({ model }) => model),
    keys: parts(tokens, ({ api_key_name: name, api_key_id: id }) => name ?? id),
  };
}

function parts(points: readonly ShownPoint[], nameOf: (attributes: ShownPoint['attributes']) => string | undefined): OrganizationPart[] {
  const values = new Map<string, { value: number; owner?: string }>();
  for (const { attributes, value } of points) {
    const name = nameOf(attributes);
    if (name === undefined) continue;
    const owner = attributes['owner_name'] ?? attributes['owner_email'];
    const before = values.get(name)?.value ?? 0;
    values.set(name, { value: before + value, ...(owner !== undefined && { owner }) });
  }
  const all = sumOf([...values.values()]) ?? 0;
  return [...values]
    .map(([name, part]) => ({ name, ...part, share: all > 0 ? part.value / all : 0 }))
    .sort((a, b) => b.value - a.value || a.name.localeCompare(b.name, 'en'));
}

function known(month: number | undefined, today: number | undefined): { month?: number; today?: number } {
  return { ...(month !== undefined && { month }), ...(today !== undefined && { today }) };
}

function sumOf(values: readonly { readonly value: number }[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, { value }) => sum + value, 0);
}

function maxText(a: string, b: string): string {
  return a > b ? a : b;
}
