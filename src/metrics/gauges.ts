import type { BatchObservableResult, Meter } from '@opentelemetry/api';
import { type AttributeSet, attributeSet } from '../model/attributes.ts';
import type { Clock } from '../model/clock.ts';
import type { GaugePoint } from '../model/reading.ts';
import type { Poller } from '../sources/poller.ts';
import type { Instruments } from './instruments.ts';

/** How a source's callback behaves. */
export interface ObserveOptions {
  readonly clock: Clock;
  /** Reads the source if it is due; waits for no longer than a collection may. */
  readonly refresh: () => Promise<void>;
  /** Called with what must never happen; the callback itself never rejects, as the SDK would then export old values as new. */
  readonly onError: (error: unknown) => void;
}

/**
 * Lets each collection read the source if it is due and observe what is true of it: its points, whether it is up, and
 * when it last was.
 */
export function observeSource(meter: Meter, instruments: Instruments, poller: Poller, options: ObserveOptions): void {
  meter.addBatchObservableCallback(
    async (result) => {
      // The SDK stamps every point with the collection's start, which is now; countdowns are computed for that instant.
      const at = options.clock.now();
      try {
        await options.refresh();
        observe(result, instruments, poller, at);
      } catch (error) {
        options.onError(error);
      }
    },
    [...instruments.sourceGauges],
  );
}

function observe(result: BatchObservableResult, instruments: Instruments, poller: Poller, at: Date): void {
  const { id, account } = poller.source;
  for (const point of poller.points(at)) {
    result.observe(instruments.gauge(point.metric), valueAt(point, at), withAccount(point.attributes, account));
  }
  const own = attributeSet({ account, source: id });
  if (poller.last !== undefined) {
    result.observe(instruments.gauge('claude_usage_metrics.source.up'), poller.last.outcome === 'success' ? 1 : 0, own);
  }
  if (poller.lastSuccessAt !== undefined) {
    const seconds = poller.lastSuccessAt.getTime() / 1000;
    result.observe(instruments.gauge('claude_usage_metrics.source.last_success_timestamp'), seconds, own);
  }
}

const accounted = new WeakMap<AttributeSet, AttributeSet>();

function withAccount(attributes: AttributeSet, account: string): AttributeSet {
  const known = accounted.get(attributes);
  if (known?.['account'] === account) return known;
  const made = attributeSet({ ...attributes, account });
  accounted.set(attributes, made);
  return made;
}

/** The value of a point as of an instant. */
export function valueAt({ value }: GaugePoint, at: Date): number {
  if (typeof value === 'number') return value;
  if (value.kind === 'seconds_until') return Math.max(0, Math.floor((value.instant.getTime() - at.getTime()) / 1000));
  const remainingMs = value.end.getTime() - at.getTime();
  return Math.min(1, Math.max(0, 1 - remainingMs / value.lengthMs));
}
