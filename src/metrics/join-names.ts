import type { AttributeSet } from '../model/attributes.ts';
import type { Names } from '../model/names.ts';

/**
 * The ids of a total with the account and the names they have now. An unknown name or owner is left out; the ledger knows
 * ids only, so that a rename touches no sum.
 * @param owners whether people's names and e-mail addresses become attributes.
 * @returns not interned: whoever asks keeps it beside the series.
 */
export function joinNames(ids: AttributeSet, account: string, names: Names, owners: boolean): AttributeSet {
  const joined: Record<string, string> = { account, ...ids };
  const key = names.apiKeys.get(ids['api_key_id'] ?? '');
  const owner = owners ? names.users.get(key?.ownerId ?? '') : undefined;
  const workspace = names.workspaces.get(ids['workspace_id'] ?? '');
  // Claude Code's report has names of keys, and no ids.
  if (key?.name !== undefined) joined['api_key_name'] = key.name;
  if (owner?.email !== undefined) joined['owner_email'] = owner.email;
  if (owner?.name !== undefined) joined['owner_name'] = owner.name;
  if (workspace?.name !== undefined) joined['workspace_name'] = workspace.name;
  return joined;
}
