import { attributeSet } from '../../model/attributes.ts';
import type { GaugePoint } from '../../model/reading.ts';
import { SourceError } from '../../model/source-error.ts';
import { slug } from '../../model/text.ts';
import { attributeText, objectOf, textOf } from '../fields.ts';

type Fields = ReadonlyMap<string, unknown>;

/**
 * Entries of `rate_limits` as gauges. A group of models is named by what the API calls it (`group.display_name`), in the
 * older shape by what its models' names have in common; any other group by its type. Where two entries still share group
 * and limiter, the lower value is taken: whatever is asked for, that much is allowed.
 * @throws {SourceError} `schema`
 */
export function readRateLimits(rows: readonly unknown[]): GaugePoint[] {
  const lowest = new Map<object, GaugePoint & { readonly value: number }>();
  for (const one of rows) {
    const row = objectOf(one);
    if (row?.get('type') !== 'rate_limit') throw new SourceError('schema', 'the list of rate limits has an entry that is no limit of the organization');
    const group = groupOf(row);
    const limits = row.get('limits');
    if (!Array.isArray(limits)) throw unreadable('limits');
    for (const limit of limits) {
      const { limiter, value } = limitOf(limit);
      const attributes = attributeSet({ group, limiter });
      const known = lowest.get(attributes);
      if (known === undefined || value < known.value) lowest.set(attributes, { metric: 'claude.rate_limit', value, attributes });
    }
  }
  return [...lowest.values()];
}

/** Of `organizations/me`. @throws {SourceError} `schema` when it is no organization. */
export function readOrganization(body: unknown): GaugePoint {
  const organization = objectOf(body);
  const id = attributeText(organization?.get('id'));
  if (id === undefined || organization?.get('type') !== 'organization') throw new SourceError('schema', '/v1/organizations/me is no organization');
  const attributes = attributeSet({ 'organization.id': id, 'organization.name': attributeText(organization.get('name')) });
  return { metric: 'claude.organization.info', value: 1, attributes };
}

function limitOf(limit: unknown): { readonly limiter: string; readonly value: number } {
  const fields = objectOf(limit);
  const limiter = slug(textOf(fields?.get('type')) ?? '');
  const value = fields?.get('value');
  if (limiter === '') throw unreadable('limits');
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw unreadable('value');
  return { limiter, value };
}

/** Both shapes: `group_type`, and `group` with a type of its own. */
function groupOf(row: Fields): string {
  const group = objectOf(row.get('group'));
  const type = textOf(group?.get('type') ?? row.get('group_type'));
  if (type === undefined) throw unreadable('group');
  const name = type === 'model_group' ? (attributeText(group?.get('display_name')) ?? commonName(row.get('models')) ?? type) : type;
  const named = slug(name);
  if (named === '') throw unreadable('group');
  return named;
}

/** The parts that the names of all models begin with: `claude-opus-4` of `claude-opus-4-1` and `claude-opus-4-5`. */
function commonName(models: unknown): string | undefined {
  if (models === null || models === undefined) return undefined;
  if (!Array.isArray(models)) throw unreadable('models');
  const names = models.map((model) => (textOf(model) ?? '').split('-'));
  const [first = [], ...others] = names;
  const differs = first.findIndex((part, index) => others.some((name) => name[index] !== part));
  const common = (differs === -1 ? first : first.slice(0, differs)).join('-');
  return common === '' ? undefined : common;
}

function unreadable(field: string): SourceError {
  return new SourceError('schema', `the list of rate limits has an entry whose ${field} cannot be read`);
}
