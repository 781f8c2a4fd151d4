import { portOf } from './port.ts';
import { SourceError } from './source-error.ts';

/** What a span says of its work. No path with an id in it, no query, cookie, key or body. */
export type SpanAttributes = Readonly<Record<string, string | number>>;

/** How a span begins. */
export interface SpanStart {
  /** One of few: what differs from work to work is in the attributes. */
  readonly name: string;
  /** `client`: a request to another process. Else work of the agent’s own. */
  readonly kind?: 'client';
  readonly attributes?: SpanAttributes;
}

/** A span whose work goes on. */
export interface OpenSpan {
  /**
   * Trace context as W3C writes it (https://www.w3.org/TR/trace-context/), for a service of the user’s own; undefined without
   * traces. No vendor gets it.
   */
  readonly traceparent: string | undefined;
  set(attributes: SpanAttributes): void;
  /** The first time counts: it is nearest to the cause. @param type `error.type`: a reason or a status, no text of a peer. */
  failed(type: string): void;
  end(): void;
}

/** Makes the spans of one agent. */
export interface Spans {
  /** Begins a span below the one that this is called in; without one, that of a new trace. */
  start(start: SpanStart): OpenSpan;
  /** Does work in a span: what it starts is below that one, also after the span has ended. */
  inside<T>(span: OpenSpan, work: () => T): T;
}

const noSpan: OpenSpan = { traceparent: undefined, set: () => undefined, failed: () => undefined, end: () => undefined };

/** Without traces. */
export const noSpans: Spans = { start: () => noSpan, inside: (_span, work) => work() };

/** Does work in a span of its own, which ends with it; what the work throws is the span’s error. */
export async function inSpan<T>(spans: Spans, start: SpanStart, work: (span: OpenSpan) => Promise<T>): Promise<T> {
  const span = spans.start(start);
  try {
    return await spans.inside(span, () => work(span));
  } catch (thrown) {
    span.failed(thrown instanceof SourceError ? thrown.reason : 'internal');
    throw thrown;
  } finally {
    span.end();
  }
}

/** Whom a request goes to, as the semantic conventions name it (https://opentelemetry.io/docs/specs/semconv/registry/attributes/server/). */
export function serverAttributes(url: URL): SpanAttributes {
  // An IPv6 address has brackets in a URL alone.
  return { 'server.address': url.hostname.replace(/^\[|\]$/g, ''), 'server.port': portOf(url) };
}

/**
 * The span of an HTTP request (https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span). Its `url.full` has
 * no query and no id, and in place of a base address' own path, which may be a credential, `REDACTED`.
 * @param template path below the base address, ids as `{name}`.
 */
export function httpSpan(method: string, url: URL, template?: string): SpanStart {
  return {
    name: template === undefined ? method : `${method} ${template}`,
    kind: 'client',
    attributes: {
      'http.request.method': method,
      'url.scheme': url.protocol.replace(':', ''),
      'url.full': scrubbed(url, template ?? /\/v1\/(?:metrics|traces)$/.exec(url.pathname)?.[0] ?? ''),
      ...serverAttributes(url),
      ...(template !== undefined && { 'url.template': template }),
    },
  };
}

/** @param known the path's end, which may be seen. */
function scrubbed({ origin, pathname }: URL, known: string): string {
  const segments = (path: string): number => path.split('/').filter((segment) => segment !== '').length;
  return `${origin}${segments(pathname) > segments(known) ? '/REDACTED' : ''}${known}`;
}

/** What an HTTP span says of its answer. */
export function httpAnswered(span: OpenSpan, status: number): void {
  span.set({ 'http.response.status_code': status });
  if (status >= 400) span.failed(String(status));
}

/**
 * The span of a gRPC call (https://opentelemetry.io/docs/specs/semconv/rpc/grpc/).
 * @param method with its service: `cookiejar.v1.CookieService/GetCookies`.
 */
export function grpcSpan(method: string, url: URL): SpanStart {
  return { name: method, kind: 'client', attributes: { 'rpc.system.name': 'grpc', 'rpc.method': method, ...serverAttributes(url) } };
}

/** @param status name of the status, such as `UNAVAILABLE`. */
export function grpcAnswered(span: OpenSpan, status: string): void {
  span.set({ 'rpc.status_code': status });
  if (status !== 'OK') span.failed(status);
}
