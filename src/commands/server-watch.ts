import type { CycleWatch } from '../agent.ts';
import type { Cycles } from '../server/cycles.ts';
import type { StatusPage } from '../server/page/status-page.ts';

/** Tells what the server answers from of each cycle. */
export function serverWatch(cycles: Cycles, page: StatusPage | undefined): CycleWatch {
  return {
    collected(metrics, durationMs, scraped = metrics) {
      cycles.collected(scraped, durationMs);
      page?.collected(metrics);
    },
    delivered(acknowledged, outcome) {
      cycles.delivered(acknowledged, outcome.heldUntil);
      page?.delivered(outcome);
    },
  };
}
