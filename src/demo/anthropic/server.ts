import { type HttpAnswer, type SeenRequest, type SimulatedUpstream, startUpstream } from '../http-server.ts';
import type { SimulatedOrganization } from './organization.ts';
import { costReport, usageReport } from './reports.ts';

/** What a simulated Admin API is started with. */
export interface AdminApiOptions {
  readonly organization: SimulatedOrganization;
  /** Key that is accepted. */
  readonly adminKey: string;
  readonly now: () => Date;
  /** Decides before the API does; undefined lets the request through. */
  readonly fault?: (request: SeenRequest) => HttpAnswer | undefined;
}

/** Starts the Admin API of a simulated organization on loopback. */
export function startAdminApi(options: AdminApiOptions): Promise<SimulatedUpstream> {
  return startUpstream((request) => options.fault?.(request) ?? answer(request, options));
}

function answer(request: SeenRequest, { organization, adminKey, now }: AdminApiOptions): HttpAnswer {
  const headers = { date: now().toUTCString() };
  if (request.headers['x-api-key'] !== adminKey) {
    return { status: 401, body: { type: 'error', error: { type: 'authentication_error', message: 'invalid x-api-key' } }, headers };
  }
  const url = new URL(request.path, 'http://localhost');
  const query = url.searchParams;
  const nowMs = now().getTime();
  switch (url.pathname) {
    case '/v1/organizations/me':
      return { status: 200, body: { id: organization.id, name: 'Simulated Organization', type: 'organization' }, headers };
    case '/v1/organizations/usage_report/messages':
      return { ...usageReport(organization, query, nowMs), headers };
    case '/v1/organizations/cost_report':
      return { ...costReport(organization, query, nowMs), headers };
    case '/v1/organizations/api_keys':
      return { status: 200, body: idPage(organization.keys.map(keyShape), query), headers };
    case '/v1/organizations/users':
      return { status: 200, body: idPage(organization.users, query), headers };
    case '/v1/organizations/workspaces':
      return { status: 200, body: idPage(organization.workspaces.map(workspaceShape), query), headers };
    default:
      return { status: 404, body: { type: 'error', error: { type: 'not_found_error', message: 'Not found' } }, headers };
  }
}

function keyShape(key: SimulatedOrganization['keys'][number]): { readonly id: string } {
  const createdBy = key.createdBy === null ? null : { id: key.createdBy, type: 'user' };
  return { id: key.id, ...{ name: key.name, status: 'active', created_by: createdBy, workspace_id: key.workspaceId } };
}

function workspaceShape(workspace: SimulatedOrganization['workspaces'][number]): { readonly id: string } {
  return { id: workspace.id, ...{ name: workspace.name, archived_at: workspace.archivedAt } };
}

function idPage(items: readonly { readonly id: string }[], query: URLSearchParams): object {
  const limit = Number(query.get('limit') ?? 20);
  const after = query.get('after_id');
  const start = after === null ? 0 : items.findIndex((item) => item.id === after) + 1;
  const page = items.slice(start, start + limit);
  return {
    data: page,
    has_more: start + limit < items.length,
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
  };
}
