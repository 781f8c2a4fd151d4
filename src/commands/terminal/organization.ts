import { countText, moneyText } from '../../model/format.ts';
import type { OrganizationPart, OrganizationPicture } from '../../metrics/organization.ts';
import type { QuotaTable } from './quotas.ts';

/** The rows of an organization: cost and tokens, and so many of its models and keys, the largest. */
export function drawOrganization({ cost, tokens, models, keys }: OrganizationPicture, table: QuotaTable, tops: number): string[] {
  return [
    ...table.fact('cost', amountsOf(cost, (amount) => moneyText(amount, 'USD'))),
    ...table.fact('tokens', amountsOf(tokens, countText)),
    ...models.slice(0, tops).map(({ name, share, value }) => table.part(name, share, moneyText(value, 'USD'))),
    ...keys.slice(0, tops).map((part) => table.part(part.name, part.share, keyText(part))),
  ];
}

/** What {@link drawOrganization} puts in the first column, with the shares beside it. */
export function organizationRows({ models, keys }: OrganizationPicture, tops: number): { readonly name: string; readonly share?: number }[] {
  return [{ name: 'cost' }, { name: 'tokens' }, ...models.slice(0, tops), ...keys.slice(0, tops)];
}

function amountsOf({ month, today }: OrganizationPicture['cost'], text: (amount: number) => string): string {
  return [
    ...(today === undefined ? ['today not known'] : [`${text(today)} today`]),
    ...(month === undefined ? [] : [`${text(month)} this month`]),
  ].join(' · ');
}

function keyText({ value, owner }: OrganizationPart): string {
  return `${countText(value)} tokens${owner === undefined ? '' : ` · ${owner}`}`;
}
