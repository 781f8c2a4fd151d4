import { AsyncLocalStorage } from 'node:async_hooks';
import { type Context, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, type Tracer, isSpanContextValid, trace } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import { type Sampler, type SpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { OpenSpan, SpanStart, Spans } from '../model/spans.ts';

/** What {@link Traces} are made of. */
export interface TracesOptions {
  /** Asked for at the first span. */
  readonly resource: () => Resource;
  /** Of the instrumentation scope. */
  readonly version: string;
  readonly processors: readonly SpanProcessor[];
  readonly sampler: Sampler;
}

/** Spans of the SDK’s. They are not registered for the whole process: nothing else makes any, and no library shall pass them on. */
export class Traces implements Spans {
  readonly #options: TracesOptions;
  readonly #active = new AsyncLocalStorage<Context>();
  #provider: TracerProvider | undefined;
  #tracer: Tracer | undefined;

  constructor(options: TracesOptions) {
    this.#options = options;
  }

  start({ name, kind, attributes = {} }: SpanStart): OpenSpan {
    this.#tracer ??= this.#open().getTracer('claude-usage-metrics', this.#options.version);
    const parent = this.#active.getStore() ?? ROOT_CONTEXT;
    const spanKind = kind === 'client' ? SpanKind.CLIENT : SpanKind.INTERNAL;
    return new TracedSpan(this.#tracer.startSpan(name, { kind: spanKind, attributes }, parent));
  }

  inside<T>(span: OpenSpan, work: () => T): T {
    if (!(span instanceof TracedSpan)) return work();
    return this.#active.run(trace.setSpan(ROOT_CONTEXT, span.span), work);
  }

  /** Lets the processors send what they have, and ends. */
  async shutdown(): Promise<void> {
    await this.#provider?.shutdown();
  }

  #open(): TracerProvider {
    const { resource, processors, sampler } = this.#options;
    return (this.#provider = new TracerProvider({ resource: resource(), sampler, spanProcessors: [...processors] }));
  }
}

class TracedSpan implements OpenSpan {
  readonly span: Span;
  #hasFailed = false;

  constructor(span: Span) {
    this.span = span;
  }

  get traceparent(): string | undefined {
    const context = this.span.spanContext();
    if (!isSpanContextValid(context)) return undefined;
    return `00-${context.traceId}-${context.spanId}-${context.traceFlags.toString(16).padStart(2, '0')}`;
  }

  set(attributes: Readonly<Record<string, string | number>>): void {
    this.span.setAttributes(attributes);
  }

  failed(type: string): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.span.setAttribute('error.type', type).setStatus({ code: SpanStatusCode.ERROR });
  }

  end(): void {
    this.span.end();
  }
}
