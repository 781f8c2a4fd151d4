/** What an organization calls its keys, people and workspaces; by id. The workspace `default` may be among them. */
export interface Names {
  readonly apiKeys: ReadonlyMap<string, { readonly name?: string; readonly ownerId?: string }>;
  readonly users: ReadonlyMap<string, { readonly email?: string; readonly name?: string }>;
  readonly workspaces: ReadonlyMap<string, { readonly name?: string }>;
}

/** Nothing is known by name. */
export const noNames: Names = { apiKeys: new Map(), users: new Map(), workspaces: new Map() };
