import { badRequest, notFound, rfc3339 } from './answers.ts';
import { type SimulatedOrganization, nameAt } from './organization.ts';
import { limitOf } from './query.ts';

/** From this version on some objects have another shape. */
const newShapes = '2026-10-21';

/** A list in the id scheme: everything there ever was, and which of it is listed. */
interface Item {
  readonly id: string;
  readonly isListed: boolean;
  readonly shape: object;
}

/** Items after or before an id. The id need not be listed any more. @throws {Refused} for one that never was. */
function idPage(items: readonly Item[], query: URLSearchParams): object {
  const limit = limitOf(query, 20, 1000);
  const [after, before] = [query.get('after_id'), query.get('before_id')];
  if (after !== null && before !== null) throw badRequest('Only one of after_id and before_id may be given');
  const at = items.findIndex(({ id }) => id === (after ?? before));
  if (at < 0 && (after ?? before) !== null) throw badRequest(`${after === null ? 'before_id' : 'after_id'}: not found`);
  const reachable = (before === null ? items.slice(at + 1) : items.slice(0, at)).filter(({ isListed }) => isListed);
  const page = before === null ? reachable.slice(0, limit) : reachable.slice(-limit);
  return {
    data: page.map(({ id, shape }) => ({ id, ...shape })),
    has_more: reachable.length > page.length,
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
  };
}

/** A page of `users`. @throws {Refused} */
export function userList(organization: SimulatedOrganization, query: URLSearchParams, nowMs: number): object {
  const items = organization.users.map((user) => ({
    id: user.id,
    isListed: user.deletedAtMs === undefined || nowMs < user.deletedAtMs,
    shape: { type: 'user', email: user.email, name: nameAt(user, nowMs), role: 'developer', added_at: '2026-01-05T10:00:00Z' },
  }));
  return idPage(items, query);
}

/** A page of `api_keys`, in the shape of the version asked for. @throws {Refused} */
export function keyList(organization: SimulatedOrganization, query: URLSearchParams, version: string, nowMs: number): object {
  const status = query.get('status');
  const items = organization.keys.map((key) => ({
    id: key.id,
    isListed: (key.createdAtMs === undefined || nowMs >= key.createdAtMs) && (status === null || status === 'active'),
    shape: {
      type: 'api_key',
      name: nameAt(key, nowMs),
      status: 'active',
      created_at: rfc3339(key.createdAtMs ?? Date.UTC(2026, 1, 1)),
      created_by: key.createdBy === null ? null : { id: key.createdBy, type: 'user' },
      expires_at: null,
      partial_key_hint: 'sk-ant-api03-FAK...0000',
      principal: null,
      ...(version >= newShapes
        ? { scope: key.workspaceId === null ? { type: 'organization' } : { type: 'workspace', workspace_id: key.workspaceId } }
        : { workspace_id: key.workspaceId }),
    },
  }));
  return idPage(items, query);
}

/** A page of `workspaces`; archived ones and the default one only when asked for. @throws {Refused} */
export function workspaceList(organization: SimulatedOrganization, query: URLSearchParams, nowMs: number): object {
  const ordinary = organization.workspaces.map((workspace) => {
    const isArchived = workspace.archivedAt !== null && Date.parse(workspace.archivedAt) <= nowMs;
    return {
      id: workspace.id,
      isListed: !isArchived || query.get('include_archived') === 'true',
      shape: workspaceShape(nameAt(workspace, nowMs), isArchived ? workspace.archivedAt : null),
    };
  });
  const standard = { id: organization.defaultWorkspaceId, isListed: query.get('include_default') === 'true', shape: workspaceShape('Default', null) };
  return idPage([standard, ...ordinary], query);
}

function workspaceShape(name: string, archivedAt: string | null): object {
  return { type: 'workspace', name, archived_at: archivedAt, created_at: '2026-01-10T00:00:00Z', display_color: '#6C5BB9', tags: {} };
}

/** `rate_limits` in the shape of the version asked for; always one page. @throws {Refused} */
export function rateLimitList(organization: SimulatedOrganization, query: URLSearchParams, version: string): object {
  const [type, model] = [query.get('group_type'), query.get('model')];
  const wanted = organization.rateLimits.filter((limit) => (type === null || limit.groupType === type) && (model === null || limit.models?.includes(model)));
  if (model !== null && wanted.length === 0) throw notFound();
  return {
    data: wanted.map(({ id, groupType, displayName, models, limits }) => ({
      id,
      type: 'rate_limit',
      ...(version >= newShapes
        ? { group: { id: `rlg_${id}`, type: groupType, ...(displayName !== undefined && { display_name: displayName }) } }
        : { group_type: groupType }),
      models,
      limits: Object.entries(limits).map(([limiter, value]) => ({ type: limiter, value })),
    })),
    next_page: null,
  };
}
