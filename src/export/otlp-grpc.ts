import { type ChannelCredentials, Metadata, credentials, status } from '@grpc/grpc-js';
import { convertLegacyOtlpGrpcOptions } from '@opentelemetry/otlp-grpc-exporter-base';
import type { Certificates } from '../model/certificates.ts';
import { type Spans, grpcSpan, noSpans } from '../model/spans.ts';
import { cleanText } from '../model/text.ts';
import type { BytesSender, FailedAttempt } from './attempt.ts';
import { connectionProblem } from './connection.ts';
import { retryInfoMs } from './google-rpc.ts';
import { grpcTransport } from './grpc-transport.ts';
import { type Signal, metricsSignal } from './signal.ts';
import { type Transport, transportSender } from './transport.ts';

/** Codes that OTLP allows to be tried again (https://opentelemetry.io/docs/specs/otlp/#failures). */
const retryable = new Set<number>([
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.ABORTED,
  status.OUT_OF_RANGE,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);

/** Codes that speak of who asks and where, not of what was sent. */
const notOfTheRequest = new Set<number>([status.UNAUTHENTICATED, status.PERMISSION_DENIED, status.UNIMPLEMENTED, status.NOT_FOUND]);

/** What to do about a status, where there is something to be done. */
const advice: ReadonlyMap<number, string> = new Map([
  [status.UNAUTHENTICATED, 'see OTEL_EXPORTER_OTLP_HEADERS'],
  [status.PERMISSION_DENIED, 'see OTEL_EXPORTER_OTLP_HEADERS'],
]);

/** What a gRPC sender may be told. */
export interface GrpcSenderOptions {
  /** What is sent; metrics if absent. */
  readonly signal?: Signal;
  /** Each request is a span; no trace context goes with it. */
  readonly spans?: Spans;
  /** Through the proxy that the process environment names for grpc-js, instead of directly. */
  readonly proxied?: boolean;
  /** Those a connection is made with; those of the environment while it gives none, and if absent. */
  readonly certificates?: () => Certificates | undefined;
  /** Makes a connection of its own; a channel to the address if absent. */
  readonly connect?: () => Transport;
}

/** Pushes over OTLP/gRPC. Headers, TLS and compression come from the `OTEL_EXPORTER_OTLP_*` environment. */
export function grpcSender(url: string, { signal = metricsSignal, spans = noSpans, proxied = false, certificates, connect }: GrpcSenderOptions = {}): BytesSender {
  const target = `${url} (OTLP/gRPC)`;
  return transportSender({
    target,
    connect: connect ?? (() => grpcTransport({ ...convertLegacyOtlpGrpcOptions({ url, ...secured(certificates?.()) }, signal.variables), url: dialled(new URL(url)) }, signal.method, proxied)),
    explain: (error) => explain(error, target, signal),
    spans,
    span: grpcSpan(signal.method, new URL(url)),
  });
}

/** Where no port is written grpc-js takes that of https, for http too. */
function dialled({ protocol, host, port }: URL): string {
  return protocol === 'http:' && port === '' ? `${host}:80` : host;
}

function secured(certificates: Certificates | undefined): { readonly credentials?: ChannelCredentials } {
  if (certificates === undefined) return {};
  const { ca = null, key = null, cert = null } = certificates;
  return { credentials: credentials.createSsl(ca, key, cert) };
}

async function explain(error: unknown, target: string, signal: Signal): Promise<FailedAttempt> {
  const code = codeOf(error);
  if (code === undefined) {
    const text = error instanceof Error ? error.message : 'unknown error';
    const message = `${target}: no request could be made: ${connectionProblem(text)}`;
    return { status: 'failed', retryable: false, reconnect: true, cause: 'internal', message };
  }
  const retryAfterMs = await delayOf(error);
  const again = retryable.has(code) || (code === status.RESOURCE_EXHAUSTED && retryAfterMs !== undefined);
  return {
    status: 'failed',
    retryable: again,
    forGood: !again && !notOfTheRequest.has(code),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    reconnect: code === status.DEADLINE_EXCEEDED || code === status.UNAVAILABLE,
    cause: code === status.DEADLINE_EXCEEDED ? 'timeout' : (status[code] ?? String(code)),
    message: describe(code, detailsOf(error), target, signal),
  };
}

function describe(code: number, details: string, target: string, signal: Signal): string {
  const lastError = /^No connection established\. Last error: (.*?)(?: \([-\d:.TZ]*\))?\. Resolution note: /s.exec(details)?.[1];
  const unreached = lastError ?? (details.startsWith('Name resolution failed') ? details : undefined);
  if (unreached !== undefined) return `${target} cannot be reached: ${connectionProblem(unreached)}`;
  const remedy = code === status.UNIMPLEMENTED ? signal.unknownService : advice.get(code);
  const texts = [cleanText(details), remedy ?? ''].filter((text) => text !== '');
  return `${target} answered ${[status[code] ?? code, ...texts].join(': ')}`;
}

function codeOf(error: unknown): number | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined;
}

function detailsOf(error: unknown): string {
  return error instanceof Error && 'details' in error && typeof error.details === 'string' ? error.details : '';
}

async function delayOf(error: unknown): Promise<number | undefined> {
  if (!(error instanceof Error && 'metadata' in error && error.metadata instanceof Metadata)) return undefined;
  const [details] = error.metadata.get('grpc-status-details-bin');
  return Buffer.isBuffer(details) ? retryInfoMs(details) : undefined;
}
