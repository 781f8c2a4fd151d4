import { resourceFromAttributes } from '@opentelemetry/resources';
import type { OtlpTarget } from '../config/otlp.ts';
import type { BytesSender, Sender } from '../export/attempt.ts';
import { type ExportOutcome, isDelivered } from '../export/outcome.ts';
import { MetricsRequest } from '../export/request.ts';
import { redact } from '../model/redaction.ts';

/** What an OTLP backend did with points, or with an empty request. */
export interface DeliveryReport {
  readonly address: string;
  readonly protocol: OtlpTarget['protocol'];
  readonly tls: boolean;
  /** Host and port of the proxy on the way; told by a trial alone. */
  readonly proxy?: string;
  /** Whether everything that was sent was acknowledged. */
  readonly ok: boolean;
  readonly acknowledged: number;
  readonly rejected: number;
  readonly lost: number;
  /** Of a request that was only a trial. */
  readonly durationMs?: number;
  readonly message?: string;
  readonly remedy?: string;
}

const remedy =
  'Check that an OpenTelemetry Collector or another OTLP backend listens at this address, and that protocol (gRPC is usually on port 4317, HTTP on 4318), TLS and headers are what it expects: OTEL_EXPORTER_OTLP_*.';

/** Metrics do not depend on them. */
const remedyOfTraces =
  'Set OTEL_EXPORTER_OTLP_TRACES_ENDPOINT to a backend that takes traces (with headers, TLS and protocol as it expects them: OTEL_EXPORTER_OTLP_TRACES_*), or OTEL_TRACES_EXPORTER=none. Metrics do not depend on it.';

const remedyForTime = 'Give it more time by --timeout, or see which source takes it.';

/** What became of one cycle’s points. */
export function deliveryOf(target: OtlpTarget, { acknowledged, rejected, lost, cause, message }: ExportOutcome): DeliveryReport {
  const ok = isDelivered({ acknowledged, rejected, lost });
  return { ...addressOf(target), ok, acknowledged, rejected, lost, ...explained(ok, cause, message) };
}

/**
 * Sends an empty request, which is valid OTLP and leaves nothing behind: what answers it is reached at its address, with
 * TLS and headers, and takes metrics.
 */
export async function tryDelivery(target: OtlpTarget, sender: Sender, timeoutMs: number): Promise<DeliveryReport> {
  const startedMs = performance.now();
  const result = await sender.send(new MetricsRequest({ resource: resourceFromAttributes({}), scopeMetrics: [] }), timeoutMs);
  sender.close();
  const ok = result.status === 'acknowledged';
  return {
    ...addressOf(target),
    ...(sender.proxy !== undefined && { proxy: redact(sender.proxy) }),
    ok,
    acknowledged: 0,
    rejected: 0,
    lost: 0,
    durationMs: Math.round(performance.now() - startedMs),
    ...explained(ok, ok ? undefined : result.cause, result.message),
  };
}

/** The same of the agent’s own traces. */
export async function tryTraces(target: OtlpTarget, sender: BytesSender, timeoutMs: number): Promise<DeliveryReport> {
  const report = await tryDelivery(target, sender, timeoutMs);
  return report.ok ? report : { ...report, remedy: remedyOfTraces };
}

function addressOf({ url, protocol, tls }: OtlpTarget): Pick<DeliveryReport, 'address' | 'protocol' | 'tls'> {
  // A query may carry a token.
  const { origin, pathname } = new URL(url);
  return { address: redact(protocol === 'grpc' ? origin : origin + pathname), protocol, tls };
}

function explained(ok: boolean, cause: string | undefined, message: string | undefined): Pick<DeliveryReport, 'message' | 'remedy'> {
  return { ...(message !== undefined && { message: redact(message) }), ...(!ok && { remedy: cause === 'no_time' ? remedyForTime : remedy }) };
}
