import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import { constants, createGzip } from 'node:zlib';
import type { CycleSnapshot, Cycles } from './cycles.ts';
import { type Format, exposition } from './exposition.ts';
import { type Family, familiesOf } from './families.ts';
import { acceptedFormat, acceptsGzip } from './negotiation.ts';
import { type Route, sendText } from './route.ts';

/** What `/metrics` tells from. */
export interface MetricsOptions {
  readonly cycles: Cycles;
  /** Told when a scraper has all of a cycle. */
  readonly onScraped?: (cycle: CycleSnapshot) => void;
  /** Families beside those of the cycle's metrics. */
  readonly more?: (families: readonly Family[], cycle: CycleSnapshot) => readonly Family[];
}

const contentTypes: Readonly<Record<Format, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/**
 * `/metrics`: what the last cycle collected. A scrape reads nothing from anywhere. Without a cycle, or when none has come
 * for three intervals, it is 503: to Prometheus the target is then down and its series have ended, where old gauges with
 * the scrape's time would look like new ones.
 */
export function metricsRoute({ cycles, more, onScraped }: MetricsOptions): Route {
  return {
    path: '/metrics',
    async handle(request, response) {
      const cycle = cycles.current;
      if (cycle === undefined) {
        const seconds = Math.round((cycles.last?.ageMs ?? 0) / 1000);
        sendText(response, 503, cycles.last === undefined ? 'The first cycle has not ended yet.' : `No cycle has ended for ${seconds} s.`);
        return;
      }
      const format = acceptedFormat(request.headers);
      const gzip = acceptsGzip(request.headers);
      response.writeHead(200, {
        'content-type': contentTypes[format],
        vary: 'Accept, Accept-Encoding',
        ...(gzip && { 'content-encoding': 'gzip' }),
      });
      if (request.method === 'HEAD') {
        response.end();
        return;
      }
      const families = familiesOf(cycle.metrics);
      const pieces = inTurns(exposition([...families, ...(more?.(families, cycle) ?? [])], format));
      try {
        // The fastest level: it makes a tenth of the text, and the best one little less of it.
        await (gzip ? pipeline(pieces, createGzip({ level: constants.Z_BEST_SPEED }), response) : pipeline(pieces, response));
        onScraped?.(cycle);
      } catch (error) {
        // What has a code is of the connection: the scraper has gone, or its time was over, and nobody is left to be told.
        if (!(error instanceof Error && 'code' in error)) throw error;
      }
    },
  };
}

/** Lets everything else have its turn between pieces: a hundred thousand series take seconds, of ten scrapers at once. */
async function* inTurns(pieces: Iterable<string>): AsyncGenerator<string> {
  for (const piece of pieces) {
    yield piece;
    await setImmediate();
  }
}
