import type { Names } from '../../model/names.ts';
import type { Notice, ReadContext, Reading, Source } from '../../model/reading.ts';
import { type SourceError, toSourceError } from '../../model/source-error.ts';
import { cleanText } from '../../model/text.ts';
import { objectOf, textOf } from '../fields.ts';
import type { AnthropicClient } from './client.ts';
import type { AnthropicSourceOptions } from './index.ts';
import { allRows, idPage } from './pages.ts';

type Row = ReadonlyMap<string, unknown>;

/**
 * Names of keys, people and workspaces (list endpoints, all pages). A list that fails keeps what it had; one that the key
 * may not read is withheld, which is no failure.
 */
export function anthropicNamesSource({ account, intervalMs, client }: AnthropicSourceOptions): Source {
  let known: Names = { apiKeys: new Map(), users: new Map(), workspaces: new Map() };
  return {
    id: 'anthropic-names',
    account,
    intervalMs,
    async read(context: ReadContext): Promise<Reading> {
      const failures: SourceError[] = [];
      const notices: Notice[] = [];
      const list = async <T>(before: ReadonlyMap<string, T>, path: string, query: string, entry: (row: Row) => T): Promise<ReadonlyMap<string, T>> => {
        try {
          return await readList(client, path, query, context, entry);
        } catch (thrown) {
          const failure = toSourceError(thrown);
          const withheld = failure.reason === 'forbidden' || failure.status === 404;
          if (withheld) notices.push({ level: 'info', text: `this key may not read /v1/${path}: those names are left out` });
          else failures.push(failure);
          return before;
        }
      };
      const [apiKeys, users, workspaces] = await Promise.all([
        list(known.apiKeys, 'organizations/api_keys', '', keyOf),
        list(known.users, 'organizations/users', '', userOf),
        list(known.workspaces, 'organizations/workspaces', 'include_archived=true', workspaceOf),
      ]);
      const [failure] = failures;
      if (failure !== undefined && failures.length === 3) throw failure;
      known = { apiKeys, users, workspaces };
      return { at: context.now, gauges: [], names: known, failures, notices };
    },
  };
}

async function readList<T>(
  client: AnthropicClient,
  path: string,
  filter: string,
  context: ReadContext,
  entry: (row: Row) => T,
): Promise<ReadonlyMap<string, T>> {
  const rows = await allRows(path, async (cursor) => {
    const query = new URLSearchParams(filter);
    query.set('limit', '1000');
    if (cursor !== undefined) query.set('after_id', cursor);
    return idPage(await client.get(path, query, context), path);
  });
  const entries = new Map<string, T>();
  for (const row of rows) {
    const fields = objectOf(row);
    const id = textOf(fields?.get('id'));
    if (fields !== undefined && id !== undefined) entries.set(id, entry(fields));
  }
  return entries;
}

/** Both shapes of a key; `created_by` is null for keys whose maker is gone. */
function keyOf(row: Row): { name: string; ownerId?: string } {
  const ownerId = textOf(objectOf(row.get('created_by'))?.get('id'));
  return { name: nameOf(row), ...(ownerId !== undefined && { ownerId }) };
}

function userOf(row: Row): { email?: string; name?: string } {
  const [email, name] = [textOf(row.get('email')), textOf(row.get('name'))];
  return { ...(email !== undefined && { email: cleanText(email) }), ...(name !== undefined && { name: cleanText(name) }) };
}

function workspaceOf(row: Row): { name: string } {
  return { name: nameOf(row) };
}

function nameOf(row: Row): string {
  return cleanText(textOf(row.get('name')) ?? '');
}
