import { type IncomingMessage, Agent as PlainAgent } from 'node:http';
import { Agent } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Duplex } from 'node:stream';
import got from 'got';
import { SourceError } from '../model/source-error.ts';
import { type OpenSpan, type Spans, httpAnswered, httpSpan, inSpan, noSpans } from '../model/spans.ts';
import { bodyOf } from './body.ts';
import { transportError } from './failures.ts';
import { type BodyLimits, defaultLimits, mostHeaderBytes } from './limits.ts';
import { TunnelAgent } from './tunnel.ts';

/** A GET with its credentials. */
export interface HttpRequest {
  readonly url: URL;
  /** Its path below the upstream’s address as the trace says it: without ids, which are `{name}`. */
  readonly template?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly limits?: BodyLimits;
}

/** An answer, read within its limits. */
export interface HttpResponse {
  readonly status: number;
  readonly contentType: string;
  /** Value of a header, by its lower-case name. */
  header(name: string): string | undefined;
  /**
   * Whole where the status is 200; of another answer as much as came, its status has said enough. In memory of its own, that
   * may be handed over to a worker; then the answer has no body any more.
   */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What reads answers: {@link HttpClient}, or another transport in tests. */
export type HttpGet = Pick<HttpClient, 'get'>;

/** Called once for each request that was made: with its status, or without one when no answer came. */
export type RequestObserver = (status: number | undefined) => void;

/** How long the page of a refusal is waited for: its status has said the most of it, and the read goes on. */
const refusalMs = 1_000;

/** As Node's global agents are, which a variable of Node's own may send through a proxy, and this machine's addresses too. */
const kept = { keepAlive: true, timeout: 5_000, scheduling: 'lifo' } as const;
const direct = { http: new PlainAgent(kept), https: new Agent(kept) };

/** What an {@link HttpClient} is made of. */
export interface HttpClientOptions {
  readonly userAgent: string;
  readonly observe?: RequestObserver;
  /** Finds the address of a name; the system's own if absent. */
  readonly lookup?: LookupFunction;
  /** The proxy on the way to an https address; none if absent. */
  readonly proxyFor?: (url: URL) => URL | undefined;
  /** Each request is a span; none if absent. */
  readonly spans?: Spans;
}

/** GETs that never follow a redirect, never retry, and never read more than their limits. */
export class HttpClient {
  readonly #userAgent: string;
  readonly #observe: RequestObserver;
  readonly #lookup: LookupFunction | undefined;
  readonly #proxyFor: (url: URL) => URL | undefined;
  readonly #spans: Spans;
  #tunnel: TunnelAgent | undefined;

  constructor(options: HttpClientOptions) {
    this.#userAgent = options.userAgent;
    this.#observe = options.observe ?? (() => undefined);
    this.#lookup = options.lookup;
    this.#proxyFor = options.proxyFor ?? (() => undefined);
    this.#spans = options.spans ?? noSpans;
  }

  /**
   * Reads one answer, whatever its status.
   * @throws {SourceError} when there is none (`timeout`, `dns`, `tls`, `network`, `too_large` or `schema` for an answer
   * that is not HTTP), or when a 200 does not come whole.
   */
  async get(request: HttpRequest): Promise<HttpResponse> {
    const { url, template, signal } = request;
    if (signal.aborted) throw transportError(signal.reason, url, signal);
    return inSpan(this.#spans, httpSpan('GET', url, template), (span) => this.#get(request, span));
  }

  async #get({ url, headers, signal, limits = defaultLimits }: HttpRequest, span: OpenSpan): Promise<HttpResponse> {
    let status: number | undefined;
    const stream = got.stream(url, {
      headers: {
        'user-agent': this.#userAgent,
        accept: 'application/json',
        'accept-encoding': 'gzip, deflate, br',
        ...headers,
      },
      signal,
      agent: this.#agentFor(url),
      followRedirect: false,
      throwHttpErrors: false,
      decompress: false,
      retry: { limit: 0 },
      maxHeaderSize: mostHeaderBytes,
      ...(this.#lookup && { dnsLookup: this.#lookup }),
    });
    try {
      const response = await responseOf(stream);
      status = response.statusCode ?? 0;
      httpAnswered(span, status);
      const chunks: Buffer[] = [];
      const patience = status === 200 ? undefined : setTimeout(() => stream.destroy(), refusalMs);
      try {
        // A refusal is parsed where it arrives, however large a good answer may be.
        const taken = status === 200 ? limits : defaultLimits;
        for await (const chunk of bodyOf(stream, response, taken)) chunks.push(chunk);
      } catch (thrown) {
        // A refusal stands, with its Retry-After, even if its page is endless or breaks off.
        if (status === 200) throw thrown;
      } finally {
        clearTimeout(patience);
      }
      return {
        status,
        contentType: response.headers['content-type']?.toLowerCase() ?? '',
        header: (name) => firstValue(response.headers[name]),
        bytes: joined(chunks),
      };
    } catch (thrown) {
      throw transportError(thrown, url, signal);
    } finally {
      // Nobody reads this answer any further; a whole one has given its connection back already.
      stream.destroy();
      this.#observe(status);
    }
  }

  /** A client asks one origin, so that there is one proxy at most. */
  #agentFor(url: URL): { http: PlainAgent; https: Agent } {
    const proxy = this.#proxyFor(url);
    return proxy === undefined ? direct : { ...direct, https: (this.#tunnel ??= new TunnelAgent(proxy)) };
  }
}

/** Buffers of Node's may lie in memory that they share, which cannot be handed over. */
function joined(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(chunks.reduce((total, chunk) => total + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function firstValue(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function responseOf(stream: ReturnType<typeof got.stream>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // The listener stays for the stream's life: what goes wrong after the answer has begun comes out of its body.
    stream.on('error', reject);
    stream.once('response', resolve);
    // Nobody asked for another protocol, and Node leaves the socket to whoever listens: got does.
    stream.once('upgrade', (_response: IncomingMessage, socket: Duplex) => {
      socket.destroy();
      reject(new SourceError('upstream', 'the answer changes to another protocol', { status: 101 }));
    });
  });
}
