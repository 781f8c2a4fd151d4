import { type AttributeSet, attributeSet } from '../model/attributes.ts';
import type { Names } from '../model/names.ts';

/**
 * The ids of a total with the names they have now. An unknown name or owner is left out; the ledger knows ids only, so
 * that a rename touches no sum.
 * @param owners whether people's names and e-mail addresses become attributes.
 */
export function joinNames(ids: AttributeSet, names: Names, owners: boolean): AttributeSet {
  const key = names.apiKeys.get(ids['api_key_id'] ?? '');
  const owner = owners ? names.users.get(key?.ownerId ?? '') : undefined;
  const workspace = names.workspaces.get(ids['workspace_id'] ?? '');
  return attributeSet({
    ...ids,
    // Claude Code's report tells keys apart by their names, and has no ids.
    api_key_name: key?.name ?? ids['api_key_name'],
    owner_email: owner?.email,
    owner_name: owner?.name,
    workspace_name: workspace?.name,
  });
}
