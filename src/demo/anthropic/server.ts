import { type HttpAnswer, type SeenRequest, type SimulatedUpstream, startUpstream } from '../http-server.ts';
import { type AdminAccess, adminAnswer, requestLimit } from './api.ts';
import type { SimulatedOrganization } from './organization.ts';

/** What a simulated Admin API is started with. */
export interface AdminApiOptions extends AdminAccess {
  readonly organization: SimulatedOrganization;
  readonly now: () => Date;
  /** Requests a minute beyond which it answers 429; absent: any number. */
  readonly perMinute?: number;
  /** Decides before the API does; undefined lets the request through. */
  readonly fault?: (request: SeenRequest) => HttpAnswer | undefined;
}

/** Starts the Admin API of a simulated organization on loopback. */
export function startAdminApi(options: AdminApiOptions): Promise<SimulatedUpstream> {
  const { organization, now, fault, perMinute = Number.POSITIVE_INFINITY } = options;
  const limited = requestLimit(perMinute);
  return startUpstream((request) => {
    const nowMs = now().getTime();
    return fault?.(request) ?? limited(nowMs) ?? adminAnswer(organization, request, nowMs, options);
  });
}
