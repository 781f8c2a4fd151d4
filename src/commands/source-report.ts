import { valueAt } from '../metrics/gauges.ts';
import type { SourceId } from '../model/reading.ts';
import type { Reason } from '../model/reasons.ts';
import { remedyOf } from '../model/remedies.ts';
import type { Poller } from '../sources/poller.ts';
import { redact } from '../model/redaction.ts';
import type { ShownPoint } from '../metrics/picture.ts';

/** How the last read of a source ended and what it said. */
export interface SourceReport {
  readonly source: SourceId;
  readonly account: string;
  /** Whether the source answered in full. */
  readonly up: boolean;
  readonly durationMs: number;
  /** Where it was asked and with which credential, as far as that is not plain; never a secret. */
  readonly origin: readonly string[];
  readonly failures: readonly { readonly reason: Reason; readonly message: string; readonly remedy: string }[];
  /** What the vendor withholds by design: no failures. */
  readonly notices: readonly string[];
  /** Every value that is known at the time. */
  readonly points: readonly ShownPoint[];
}

/** The report of a poller whose first read has ended. */
export function reportOf(poller: Poller, at: Date, origin: readonly string[] = []): SourceReport {
  const { source, last } = poller;
  return {
    source: source.id,
    account: source.account,
    up: last?.outcome === 'success',
    durationMs: Math.round(last?.durationMs ?? 0),
    origin,
    failures: (last?.failures ?? []).map(({ reason, message }) => ({
      reason,
      message: redact(message),
      remedy: remedyOf(reason, source.id),
    })),
    notices: (last?.reading?.notices ?? []).filter(({ level }) => level === 'info').map(({ text }) => redact(text)),
    points: poller.points(at).map((point) => ({
      metric: point.metric,
      attributes: point.attributes,
      value: valueAt(point, at),
    })),
  };
}
