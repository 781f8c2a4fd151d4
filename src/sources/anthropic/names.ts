import type { Names } from '../../model/names.ts';
import type { Notice, ReadContext, Reading, Source } from '../../model/reading.ts';
import { type SourceError, oneOf, toSourceError } from '../../model/source-error.ts';
import { attributeText, objectOf } from '../fields.ts';
import type { AnthropicSourceOptions } from './index.ts';
import { type ListRow, nameOf, readList } from './lists.ts';
import { OptionalPart } from './withheld.ts';
import type { Workspaces } from './workspaces.ts';

/**
 * Names of keys, people and workspaces (list endpoints, all pages). A list that fails keeps what it had; one that the key
 * may not read is withheld, which is no failure.
 */
export function anthropicNamesSource({ account, intervalMs, client, workspaces }: AnthropicSourceOptions & { readonly workspaces: Workspaces }): Source {
  let known: Names = { apiKeys: new Map(), users: new Map(), workspaces: new Map() };
  const part = (path: string): OptionalPart => new OptionalPart(`this key may not read /v1/organizations/${path}: those names are left out`);
  const parts = { apiKeys: part('api_keys'), users: part('users'), workspaces: part('workspaces') };
  return {
    id: 'anthropic-names',
    account,
    intervalMs,
    async read(context: ReadContext): Promise<Reading> {
      const failures: SourceError[] = [];
      const notices: Notice[] = [];
      const list = async <T>(name: keyof Names, before: ReadonlyMap<string, T>, read: () => Promise<ReadonlyMap<string, T>>): Promise<ReadonlyMap<string, T>> => {
        try {
          const found = await parts[name].read(context, read);
          if (found.notice === undefined) return found.value;
          notices.push(found.notice);
        } catch (thrown) {
          failures.push(toSourceError(thrown));
        }
        return before;
      };
      const [apiKeys, users, workspaceNames] = await Promise.all([
        list('apiKeys', known.apiKeys, () => readList(client, { path: 'organizations/api_keys', type: 'api_key', entry: keyOf }, context)),
        list('users', known.users, () => readList(client, { path: 'organizations/users', type: 'user', entry: userOf }, context)),
        list('workspaces', known.workspaces, () => workspaces.read(context)),
      ]);
      const failure = oneOf(failures);
      if (failure !== undefined && failures.length === 3) throw failure;
      known = { apiKeys, users, workspaces: workspaceNames };
      return { at: context.now, gauges: [], names: known, failures, notices };
    },
  };
}

/** Both shapes of a key; `created_by` is null for keys whose maker is gone or was never recorded. */
function keyOf(row: ListRow): { name?: string; ownerId?: string } {
  const ownerId = attributeText(objectOf(row.get('created_by'))?.get('id'));
  return { ...nameOf(row), ...(ownerId !== undefined && { ownerId }) };
}

function userOf(row: ListRow): { email?: string; name?: string } {
  const email = attributeText(row.get('email'));
  return { ...(email !== undefined && { email }), ...nameOf(row) };
}
