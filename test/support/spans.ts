import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { AlwaysOnSampler, InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';
import type { OpenTraces } from '../../src/agent-traces.ts';
import { Traces } from '../../src/telemetry/traces.ts';

/** Traces that stay in this process. */
export interface KeptTraces {
  readonly open: OpenTraces;
  /** Those that have ended, in the order of their ends. */
  readonly ended: () => readonly ReadableSpan[];
}

/** Makes traces that are kept. */
export function keepTraces(): KeptTraces {
  const exporter = new InMemorySpanExporter();
  const open: OpenTraces = (resource) => {
    const traces = new Traces({ resource, version: '0', processors: [new SimpleSpanProcessor({ exporter })], sampler: new AlwaysOnSampler() });
    return { sendsSpans: true, start: (start) => traces.start(start), inside: (span, work) => traces.inside(span, work), close: () => Promise.resolve() };
  };
  return { open, ended: () => exporter.getFinishedSpans() };
}

/** A span with those below it. */
export interface SpanTree {
  readonly name: string;
  readonly kind: 'client' | 'internal';
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly failed: boolean;
  readonly below: readonly SpanTree[];
}

/** The traces as trees, a root each in the order of their starts. */
export function treesOf(spans: readonly ReadableSpan[]): SpanTree[] {
  const below = (parentId: string | undefined): SpanTree[] =>
    spans
      .filter(({ parentSpanContext }) => parentSpanContext?.spanId === parentId)
      .toSorted((one, other) => one.startTime[0] - other.startTime[0] || one.startTime[1] - other.startTime[1])
      .map((span) => ({
        name: span.name,
        kind: span.kind === SpanKind.CLIENT ? 'client' : 'internal',
        attributes: span.attributes,
        failed: span.status.code === SpanStatusCode.ERROR,
        below: below(span.spanContext().spanId),
      }));
  return below(undefined);
}

/** A tree as lines, two spaces a level; spans beside each other in the order of their names. */
export function outline(trees: readonly SpanTree[], depth = 0): string[] {
  return trees
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap(({ name, failed, attributes, below }) => {
      const error = failed ? ` !${String(attributes['error.type'])}` : '';
      return [`${'  '.repeat(depth)}${name}${error}`, ...outline(below, depth + 1)];
    });
}

/** A span by its name, anywhere in the trees. @throws when there is none. */
export function spanNamed(trees: readonly SpanTree[], name: string): SpanTree {
  const find = (all: readonly SpanTree[]): SpanTree | undefined => {
    for (const tree of all) {
      const found = tree.name === name ? tree : find(tree.below);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const found = find(trees);
  if (found === undefined) throw new Error(`there is no span ${name}`);
  return found;
}
