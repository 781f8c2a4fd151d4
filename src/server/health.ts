import type { Clock } from '../model/clock.ts';
import type { Cycles } from './cycles.ts';
import { type Route, sendJson } from './route.ts';

/** A source as its poller knows it. */
export interface SourceState {
  readonly source: { readonly id: string; readonly account: string };
  /** How the last read ended; undefined before the first has. */
  readonly last: { readonly outcome: string } | undefined;
  /** When it last answered in full. */
  readonly lastSuccessAt: Date | undefined;
}

/** What the health routes tell from. */
export interface HealthOptions {
  readonly cycles: Cycles;
  readonly sources: readonly SourceState[];
  readonly clock: Clock;
}

/**
 * `/healthz`: 200 while cycles come, else 503; an outage of an upstream or a backend never makes it fail, as a restart
 * would mend neither. `/readyz`: 200 when a cycle is there and the last delivery was acknowledged, else 503. Both tell
 * how each source is (docs/http.md).
 */
export function healthRoutes(options: HealthOptions): Route[] {
  const { cycles } = options;
  return [
    {
      path: '/healthz',
      handle(_request, response) {
        const alive = cycles.isAlive;
        sendJson(response, alive ? 200 : 503, { status: alive ? 'alive' : 'stuck', ...details(options) });
      },
    },
    {
      path: '/readyz',
      handle(_request, response) {
        const status = readiness(cycles);
        sendJson(response, status === 'ready' ? 200 : 503, { status, ...details(options) });
      },
    },
  ];
}

/** The same of an agent that was told to do nothing, which it does. */
export const disabledHealthRoutes: readonly Route[] = ['/healthz', '/readyz'].map((path) => ({
  path,
  handle: (_request, response) => sendJson(response, 200, { status: 'disabled' }),
}));

function readiness(cycles: Cycles): 'ready' | 'starting' | 'stuck' | 'not delivered' {
  if (cycles.last === undefined) return cycles.isAlive ? 'starting' : 'stuck';
  if (cycles.current === undefined) return 'stuck';
  if (cycles.isDelivered === undefined) return 'starting';
  return cycles.isDelivered ? 'ready' : 'not delivered';
}

function details({ cycles, sources, clock }: HealthOptions): object {
  const { last } = cycles;
  return {
    cycle: { at: last?.at.toISOString() ?? null, ageSeconds: seconds(last?.ageMs), acknowledged: cycles.isDelivered ?? null, heldUntil: cycles.heldUntil?.toISOString() ?? null },
    sources: sources.map(({ source: { id, account }, last: read, lastSuccessAt }) => ({
      id,
      account,
      up: read === undefined ? null : read.outcome === 'success',
      reason: read === undefined || read.outcome === 'success' ? null : read.outcome,
      lastSuccess: lastSuccessAt?.toISOString() ?? null,
      ageSeconds: seconds(lastSuccessAt && clock.now().getTime() - lastSuccessAt.getTime()),
    })),
  };
}

/** Never negative: the wall clock may have been set back. */
function seconds(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.max(0, Math.round(ms / 1000));
}
