import { convertLegacyHttpOptions } from '@opentelemetry/otlp-exporter-base/node-http';
import { httpDate, retryAfterMs } from '../http/retry-after.ts';
import type { Certificates } from '../model/certificates.ts';
import { type Spans, httpSpan, noSpans } from '../model/spans.ts';
import { cleanText } from '../model/text.ts';
import type { BytesSender, FailedAttempt } from './attempt.ts';
import { connectionProblem } from './connection.ts';
import { statusMessage } from './google-rpc.ts';
import { HttpStatusError, httpTransport } from './http-transport.ts';
import { type Signal, metricsSignal } from './signal.ts';
import { transportSender } from './transport.ts';

/** Statuses that OTLP allows to be tried again (https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes). */
const retryableStatuses = new Set([429, 502, 503, 504]);

/** Statuses that speak of who asks, where and when, not of what was sent. */
const notOfTheRequest = new Set([401, 403, 404, 405, 407, 408, 415]);

/** Failures of a connection that may be over soon; a certificate will not be. */
const retryableCodes = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'ENOTFOUND',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ERR_PROXY_REFUSED',
]);

const contentType = { 'Content-Type': 'application/x-protobuf' };

/** What an HTTP sender may be told. */
export interface HttpSenderOptions {
  /** What is sent; metrics if absent. */
  readonly signal?: Signal;
  /** Each request is a span; no trace context goes with it. */
  readonly spans?: Spans;
  /** Those a connection is made with; those of the environment while it gives none, and if absent. */
  readonly certificates?: () => Certificates | undefined;
  /** On the way to an https address. */
  readonly proxy?: URL;
}

/** Pushes over OTLP/HTTP with protobuf. Headers, TLS and compression come from the environment. */
export function httpSender(url: string, { signal = metricsSignal, spans = noSpans, certificates, proxy }: HttpSenderOptions = {}): BytesSender {
  const target = `${url} (OTLP/HTTP)`;
  return transportSender({
    target,
    connect() {
      const own = certificates?.();
      const options = { url, ...(own && { httpAgentOptions: { keepAlive: true, ...own } }) };
      return httpTransport(convertLegacyHttpOptions(options, signal.variables, signal.path, contentType), proxy);
    },
    explain: (error) => explain(error, target, signal),
    spans,
    span: httpSpan('POST', new URL(url)),
  });
}

async function explain(error: unknown, target: string, signal: Signal): Promise<FailedAttempt> {
  if (error instanceof HttpStatusError) return refused(error, target, signal);
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const text = error instanceof Error ? error.message : 'unknown error';
  return {
    status: 'failed',
    retryable: code !== undefined && retryableCodes.has(code),
    reconnect: true,
    cause: code ?? 'internal',
    message: `${target} cannot be reached: ${connectionProblem(code === undefined ? text : `${code} ${text}`)}`,
  };
}

async function refused(error: HttpStatusError, target: string, signal: Signal): Promise<FailedAttempt> {
  const { statusCode } = error;
  // A date to wait for is by the backend's clock, which may be another than ours.
  const waitMs = retryAfterMs(error.retryAfter, httpDate(error.date) ?? new Date());
  const texts = [await said(error), advice(statusCode, signal)].filter((text) => text !== undefined && text !== '');
  const again = retryableStatuses.has(statusCode);
  return {
    status: 'failed',
    retryable: again,
    forGood: !again && statusCode >= 400 && statusCode <= 500 && !notOfTheRequest.has(statusCode),
    ...(waitMs !== undefined && { retryAfterMs: waitMs }),
    // 101 is no end of an exchange: whatever came next would be taken for the next answer.
    reconnect: statusCode < 200,
    cause: String(statusCode),
    message: `${target} answered ${[statusCode, ...texts].join(': ')}`,
  };
}

function advice(statusCode: number, signal: Signal): string | undefined {
  if (statusCode < 200) return 'it changes to another protocol, which nobody asked for; check the endpoint';
  if (statusCode < 400) return 'it redirects, which is not followed; set the endpoint to where it leads';
  switch (statusCode) {
    case 401:
    case 403:
      return 'see OTEL_EXPORTER_OTLP_HEADERS';
    case 404:
    case 405:
    case 415:
      return signal.unknownPath;
    default:
      return undefined;
  }
}

/** The reason that a backend gives: a google.rpc.Status, or plain text. */
async function said({ contentType, body }: HttpStatusError): Promise<string | undefined> {
  const text = contentType.startsWith('application/x-protobuf')
    ? await statusMessage(body)
    : /^(text\/plain|application\/json)/.test(contentType)
      ? body.toString('utf8').trim()
      : undefined;
  return text === undefined ? undefined : cleanText(text);
}
