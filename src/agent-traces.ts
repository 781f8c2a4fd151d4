import { setTimeout as sleep } from 'node:timers/promises';
import { type Resource, defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  type Sampler,
  SimpleSpanProcessor,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import { otlpSender } from './agent-senders.ts';
import type { TracesConfig } from './config/config.ts';
import { tracesSignal } from './export/signal.ts';
import { BoundedSpans } from './export/bounded-spans.ts';
import { DeliveringSpanExporter, type SpanOutcome } from './export/span-exporter.ts';
import { spanLines } from './export/span-lines.ts';
import type { Spans } from './model/spans.ts';
import type { Logger } from './telemetry/log.ts';
import { StateLog } from './telemetry/state-log.ts';
import { Traces } from './telemetry/traces.ts';
import { version } from './version.ts';

/** From the end of the time on, until what is under way has been given up. */
const toldWithinMs = 100;

/** The agent’s own traces while it runs. */
export interface AgentTraces extends Spans {
  /** Whether they go to a backend that may take them or not. */
  readonly sendsSpans: boolean;
  /** Sends what is there, once and within this time from now; then the end. Never rejects. */
  close(withinMs: number): Promise<void>;
}

/**
 * @param resource that of the metrics; asked for at the first span.
 * @param onOutcome told what became of spans that were to be sent.
 */
export type OpenTraces = (resource: () => Resource, onOutcome: (outcome: SpanOutcome) => void) => AgentTraces;

/** What traces need beside their settings. */
export interface TracesEnvironment {
  readonly logger: Logger;
  /** Where the console exporter writes. */
  readonly write: (text: string) => void;
  /** Told what became of spans that were to be sent. */
  readonly onOutcome?: (outcome: SpanOutcome) => void;
  readonly random?: () => number;
}

/** Puts the traces together. */
export function openTraces(config: TracesConfig, metricsResource: () => Resource, { logger, write, onOutcome, random = Math.random }: TracesEnvironment): AgentTraces {
  const { otlp, batch } = config;
  const states = new StateLog(logger);
  let isFull = false;
  const onFull = (): void => {
    if (!isFull) logger.warn(`traces are lost: more than ${batch.maxQueueSize} spans wait to be sent; see OTEL_BSP_MAX_QUEUE_SIZE`);
    isFull = true;
    onOutcome?.({ acknowledged: 0, rejected: 0, lost: 1, cause: 'full' });
  };
  const exporter =
    otlp &&
    new DeliveringSpanExporter({
      sender: otlpSender(otlp, tracesSignal),
      // Ends before the batch’s own timeout, which would go on without knowing the outcome.
      timeoutMs: batch.timeoutMs * 0.95,
      attemptMs: otlp.timeoutMs,
      random,
      onOutcome(outcome) {
        states.traces(outcome);
        onOutcome?.(outcome);
      },
    });
  const batched =
    exporter &&
    new BoundedSpans({
      exporter,
      most: batch.maxQueueSize,
      onFull,
      batches: (bounded) =>
        new BatchSpanProcessor({
          exporter: bounded,
          scheduledDelayMillis: batch.delayMs,
          exportTimeoutMillis: batch.timeoutMs,
          maxQueueSize: batch.maxQueueSize,
          maxExportBatchSize: batch.maxBatchSize,
        }),
    });
  const printed = config.console ? new SimpleSpanProcessor({ exporter: spanLines(write) }) : undefined;
  // A trace may carry the version, as no series is made of it. What the user names wins.
  const own = defaultResource().merge(resourceFromAttributes({ 'service.version': version }));
  const traces = new Traces({
    resource: () => own.merge(metricsResource()),
    version,
    processors: [batched, printed].filter((processor) => processor !== undefined),
    sampler: samplerOf(config),
  });
  return {
    sendsSpans: exporter !== undefined,
    start: (start) => traces.start(start),
    inside: (span, work) => traces.inside(span, work),
    async close(withinMs) {
      exporter?.tryOnce();
      const done = new AbortController();
      const { signal } = done;
      const over = sleep(Math.max(0, withinMs), undefined, { signal }).then(() => {
        exporter?.abandon();
        // So that it can be said what was lost.
        return sleep(toldWithinMs, undefined, { signal });
      });
      // What the SDK rejects with is a batch that was lost, after which it closes nothing.
      const ended = traces.shutdown().catch(() => exporter?.shutdown());
      await Promise.race([ended, over]);
      done.abort();
      await over.catch(() => undefined);
    },
  };
}

/** A cycle is a root; its spans are as it is, and no other parent decides. */
function samplerOf({ sampler: { kind, ratio } }: TracesConfig): Sampler {
  switch (kind) {
    case 'always_on':
    case 'parentbased_always_on':
      return new AlwaysOnSampler();
    case 'always_off':
    case 'parentbased_always_off':
      return new AlwaysOffSampler();
    case 'traceidratio':
    case 'parentbased_traceidratio':
      return new TraceIdRatioBasedSampler(ratio);
  }
}
