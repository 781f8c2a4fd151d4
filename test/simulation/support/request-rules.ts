import type { HttpRequest } from '../../../src/http/client.ts';
import type { SourceId } from '../../../src/model/reading.ts';
import { holds } from '../../totals/support/broken.ts';

const hourMs = 3_600_000;

/** Requests an hour to what fails for good. */
const mostAnHour = 12;

/** Parts of a report's closed days that are read at the same time. */
const partsAtOnce = 3;

/** A request that was begun and has not ended. */
interface UnderWay {
  /** Of the read that it is made for: its requests share one. */
  readonly signal: AbortSignal;
  /** What it asks for, where it may be one part of several; else undefined. */
  readonly part: string | undefined;
}

interface Endpoint {
  readonly underWay: Set<UnderWay>;
  /** It asked not to be asked before. */
  notBeforeMs: number;
  /** Begin of each request since the last one that was answered well. */
  failing: number[];
  /** An answer was too much for the upstream: the same is asked for in smaller pages, as often as it can be halved. */
  isTooMuch: boolean;
}

/** A source asked not to be asked before, and the read that it was said to; what of that is under way may ask other endpoints. */
interface Wait {
  readonly signal: AbortSignal;
  readonly untilMs: number;
}

/** How a request ended. */
export interface RequestEnd {
  readonly isGood: boolean;
  readonly status: number | undefined;
  /** How long it was asked to wait; 0 if not. */
  readonly retryAfterSeconds: number;
}

/**
 * What one process may ask of its upstreams, and when. A source has one read under way, and one request to each of the endpoints
 * that it reads, or three where it reads a long span in parts. Where nothing is answered well an endpoint gets no more than twelve
 * requests an hour, and who asked to be left alone for a time is.
 */
export class RequestRules {
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #waits = new Map<SourceId, Wait>();
  requests = 0;

  /** A request begins. @param looked keeps what does not hold from whoever asks. @returns what is to be told its end. */
  begin(source: SourceId, { url, signal }: Pick<HttpRequest, 'url' | 'signal'>, looked: (look: () => void) => void): (end: RequestEnd) => void {
    const key = `${source} ${url.pathname}`;
    const endpoint = this.#endpoint(key);
    const nowMs = performance.now();
    const request: UnderWay = { signal, part: partOf(url) };
    const { notBeforeMs } = endpoint;
    // The list of workspaces is asked for by two sources, and what is said to one of them there the other does not hear.
    const isShared = url.pathname.endsWith('/workspaces');
    const wait = isShared ? undefined : this.#waits.get(source);
    this.requests += 1;
    endpoint.underWay.add(request);
    endpoint.failing = endpoint.failing.filter((beganMs) => beganMs > nowMs - hourMs);
    endpoint.failing.push(nowMs);
    looked(() => {
      checkUnderWay(key, [...endpoint.underWay]);
      holds(nowMs >= notBeforeMs, () => `${key} is asked ${(notBeforeMs - nowMs) / 1_000} s before it asked to be`);
      holds(wait === undefined || wait.signal === signal || nowMs >= wait.untilMs, () => `${key} is asked ${((wait?.untilMs ?? 0) - nowMs) / 1_000} s before its source asked to be`);
      holds(endpoint.isTooMuch || endpoint.failing.length <= mostAnHour, () => `${endpoint.failing.length} requests to ${key} within an hour while it fails`);
    });
    return ({ isGood, status, retryAfterSeconds }) => {
      endpoint.underWay.delete(request);
      if (isGood) endpoint.failing = [];
      endpoint.isTooMuch = !isGood && (endpoint.isTooMuch || status === 504);
      if (retryAfterSeconds === 0) return;
      const untilMs = performance.now() + retryAfterSeconds * 1_000;
      endpoint.notBeforeMs = Math.max(endpoint.notBeforeMs, untilMs);
      if (!isShared && untilMs > (this.#waits.get(source)?.untilMs ?? 0)) this.#waits.set(source, { signal, untilMs });
    };
  }

  #endpoint(key: string): Endpoint {
    let endpoint = this.#endpoints.get(key);
    if (endpoint === undefined) this.#endpoints.set(key, (endpoint = { underWay: new Set(), notBeforeMs: 0, failing: [], isTooMuch: false }));
    return endpoint;
  }
}

/** @throws {Broken} */
function checkUnderWay(key: string, underWay: readonly UnderWay[]): void {
  holds(new Set(underWay.map(({ signal }) => signal)).size === 1, () => `two reads of ${key} at once`);
  const parts = new Set(underWay.map(({ part }) => part ?? ''));
  holds(underWay.length === 1 || (underWay.length <= partsAtOnce && parts.size === underWay.length && !parts.has('')), () => `two requests to ${key} at once`);
}

/** Undefined for what is not asked for in parts. */
function partOf({ searchParams }: URL): string | undefined {
  return searchParams.get('bucket_width') === '1d' ? `${searchParams.get('starting_at') ?? ''} ${searchParams.get('page') ?? ''}` : undefined;
}
