import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../model/clock.ts';
import type { Notice, SourceId } from '../../model/reading.ts';
import type { Reason } from '../../model/reasons.ts';
import { redact } from '../../model/redaction.ts';
import type { Cycles } from '../cycles.ts';
import { type Route, sendText } from '../route.ts';
import { statusBody } from './body.ts';
import { type Digest, digestOf } from './digest.ts';
import { build, contentSecurityPolicy, statusDocument } from './document.ts';
import { EventStream } from './event-stream.ts';
import { History } from './history.ts';
import type { Html } from './html.ts';
import type { DeliveryState, SourceState } from './source-state.ts';
import { keptValues, viewOf } from './view.ts';

/** A source as its poller knows it. */
export interface PolledSource {
  readonly source: { readonly id: SourceId; readonly account: string };
  /** How the last read ended; undefined before the first has. */
  readonly last:
    | {
        readonly outcome: string;
        readonly failures: readonly { readonly reason: Reason; readonly message: string }[];
        readonly reading?: { readonly notices: readonly Notice[] };
      }
    | undefined;
  /** When it last answered in full. */
  readonly lastSuccessAt: Date | undefined;
}

/** What a {@link StatusPage} is made of. */
export interface StatusPageOptions {
  /** Told of each cycle before the page is. */
  readonly cycles: Cycles;
  readonly sources: () => readonly PolledSource[];
  readonly clock: Clock;
  /** Whether metrics are pushed to anybody. */
  readonly pushes: boolean;
  /** Told what must never happen: a cycle that could not be shown. */
  readonly onError: (error: unknown) => void;
}

/** The status page: what the last cycle knows, for people. It never polls, and works without its script. */
export class StatusPage {
  readonly #options: StatusPageOptions;
  readonly #history = new History();
  readonly #events = new EventStream();
  #digest: Digest | undefined;
  #delivery: DeliveryState | undefined;

  constructor(options: StatusPageOptions) {
    this.#options = options;
  }

  /** Pages that are open now. */
  get listeners(): number {
    return this.#events.listeners;
  }

  /** A cycle has been collected; without metrics when that failed. */
  collected(metrics: ResourceMetrics | undefined): void {
    this.#guarded(() => {
      if (metrics !== undefined) {
        const at = this.#options.clock.now();
        this.#digest = digestOf(metrics, at);
        this.#history.add(at, keptValues(this.#digest));
      }
      this.#tell();
    });
  }

  /** A cycle’s points have been delivered, or not. */
  delivered(outcome: Omit<DeliveryState, 'at'>): void {
    const before = this.#delivery;
    const { acknowledged, rejected, lost, message } = outcome;
    const at = this.#options.clock.now();
    this.#delivery = { at, acknowledged, rejected, lost, ...(message !== undefined && { message: redact(message) }) };
    // One event a cycle, but for news.
    if (before === undefined || isGood(before) !== isGood(this.#delivery)) this.#guarded(() => this.#tell());
  }

  /** The page and its event stream. */
  routes(): Route[] {
    return [
      { path: '/', handle: (request, response) => this.#page(request, response) },
      { path: '/events', handle: (request, response, stopping) => this.#listen(request, response, stopping) },
    ];
  }

  #page(_request: IncomingMessage, response: ServerResponse): void {
    const page = Buffer.from(statusDocument(this.#body()));
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-length': page.length,
      'content-security-policy': contentSecurityPolicy,
    });
    response.end(page);
  }

  #listen(request: IncomingMessage, response: ServerResponse, stopping: AbortSignal): void {
    if (request.method === 'HEAD') {
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' }).end();
      return;
    }
    if (stopping.aborted || !this.#events.add(response, 'status', this.#body().toString())) {
      response.setHeader('retry-after', '10');
      sendText(response, 503, 'Too many pages are open, or the agent is stopping.');
      return;
    }
    const end = (): void => this.#events.end(response);
    stopping.addEventListener('abort', end, { once: true });
    response.once('close', () => stopping.removeEventListener('abort', end));
  }

  /** What becomes of the page is nothing to the cycle that it is told of. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.onError(error);
    }
  }

  #tell(): void {
    if (this.#events.listeners > 0) this.#events.send('status', this.#body().toString());
  }

  #body(): Html {
    const { cycles, sources, clock, pushes } = this.#options;
    const view = viewOf({
      ...(this.#digest && { digest: this.#digest }),
      ...(this.#delivery && { delivery: this.#delivery }),
      history: this.#history,
      sources: sources().map(stateOf),
      stalled: cycles.last !== undefined && cycles.current === undefined,
      pushes,
      now: clock.now(),
    });
    return statusBody(view, build);
  }
}

function stateOf({ source: { id, account }, last, lastSuccessAt }: PolledSource): SourceState {
  return {
    source: id,
    account,
    ...(last && { up: last.outcome === 'success' }),
    failures: (last?.failures ?? []).map(({ reason, message }) => ({ reason, message: redact(message) })),
    notices: (last?.reading?.notices ?? []).filter(({ level }) => level === 'info').map(({ text }) => redact(text)),
    ...(lastSuccessAt && { lastSuccessAt }),
  };
}

function isGood({ rejected, lost }: DeliveryState): boolean {
  return rejected + lost === 0;
}
