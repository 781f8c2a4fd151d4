import type { SourceId } from '../../../src/model/reading.ts';
import { holds } from '../../totals/support/broken.ts';

const hourMs = 3_600_000;

/** Requests an hour to what fails for good. */
const mostAnHour = 12;

interface Endpoint {
  underWay: number;
  /** It asked not to be asked before. */
  notBeforeMs: number;
  /** Begin of each request since the last one that was answered well. */
  failing: number[];
  /** An answer was too much for the upstream: the same is asked for in smaller pages, as often as it can be halved. */
  isTooMuch: boolean;
}

/**
 * What one process may ask of its upstreams, and when. An organization's sources ask several endpoints in one read, so the rules
 * are an endpoint's: one request at a time, and no more than twelve an hour where nothing is answered well.
 */
export class RequestRules {
  readonly #endpoints = new Map<string, Endpoint>();
  requests = 0;

  /** A request begins. @param looked keeps what does not hold from whoever asks. @returns what is to be told its end: whether it was answered well, and how long it was asked to wait. */
  begin(source: SourceId, path: string, looked: (look: () => void) => void): (isGood: boolean, status: number | undefined, retryAfterSeconds: number) => void {
    const key = `${source} ${path}`;
    let endpoint = this.#endpoints.get(key);
    if (endpoint === undefined) this.#endpoints.set(key, (endpoint = { underWay: 0, notBeforeMs: 0, failing: [], isTooMuch: false }));
    const own = endpoint;
    const nowMs = performance.now();
    this.requests += 1;
    const { notBeforeMs } = own;
    own.underWay += 1;
    own.failing = own.failing.filter((beganMs) => beganMs > nowMs - hourMs);
    own.failing.push(nowMs);
    looked(() => {
      holds(own.underWay === 1, () => `two requests to ${key} at once`);
      holds(nowMs >= notBeforeMs, () => `${key} is asked ${(notBeforeMs - nowMs) / 1_000} s before it asked to be`);
      holds(own.isTooMuch || own.failing.length <= mostAnHour, () => `${own.failing.length} requests to ${key} within an hour while it fails`);
    });
    return (isGood, status, retryAfterSeconds) => {
      own.underWay -= 1;
      if (isGood) own.failing = [];
      own.isTooMuch = !isGood && (own.isTooMuch || status === 504);
      if (retryAfterSeconds > 0) own.notBeforeMs = Math.max(own.notBeforeMs, performance.now() + retryAfterSeconds * 1_000);
    };
  }
}
