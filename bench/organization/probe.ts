/*
 * Loaded into the agent before anything else. Tells the parent of each request that begins or ends, to the Admin API or to the
 * receiver, with what the process has used until then. The agent knows nothing of it.
 */
import { channel } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** What the agent had used when a request began or ended. */
export interface Moment {
  readonly what: 'start' | 'end';
  readonly peer: 'admin' | 'push';
  readonly atMs: number;
  /** Of all threads, and of the main one. */
  readonly cpuMs: number;
  readonly mainCpuMs: number;
  /** Longest that the event loop was held up since the moment before. */
  readonly heldUpMs: number;
  readonly residentMiB: number;
}

/** The answer to any message: since the last one. */
export interface LoopFigures {
  readonly p99Ms: number;
  readonly longestMs: number;
  /** Since the start of the process. */
  readonly peakMiB: number;
}

/** The delay is that of a timer; without anything in its way it has this one. */
const resolution = 5;
const sinceMoment = monitorEventLoopDelay({ resolution });
const sinceAsked = monitorEventLoopDelay({ resolution });
sinceMoment.enable();
sinceAsked.enable();

const inMs = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - resolution);
const inUse = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1000;

function tell(what: Moment['what'], request: ClientRequest): void {
  const peer = request.path.startsWith('/v1/organizations') ? 'admin' : 'push';
  const moment: Moment = {
    what,
    peer,
    atMs: performance.now(),
    cpuMs: inUse(process.cpuUsage()),
    mainCpuMs: inUse(process.threadCpuUsage()),
    heldUpMs: inMs(sinceMoment.max),
    residentMiB: process.memoryUsage.rss() / 2 ** 20,
  };
  sinceMoment.reset();
  process.send?.(moment);
}

channel('http.client.request.start').subscribe((message) => tell('start', (message as { request: ClientRequest }).request));
// That is when an answer begins; it ends with its body.
channel('http.client.response.finish').subscribe((message) => {
  const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
  response.once('end', () => tell('end', request));
});

process.on('message', () => {
  const figures: LoopFigures = {
    p99Ms: inMs(sinceAsked.percentile(99)),
    longestMs: inMs(sinceAsked.max),
    peakMiB: process.resourceUsage().maxRSS / 1024,
  };
  sinceAsked.reset();
  process.send?.(figures);
});
process.channel?.unref();
