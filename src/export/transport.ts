import { type OpenSpan, type SpanStart, type Spans, inSpan } from '../model/spans.ts';
import { type ExportAnswer, NotOtlpError } from './answer.ts';
import type { AttemptResult, BytesSender, FailedAttempt } from './attempt.ts';

/** How long an exchange may take, and who is told of its status. */
export interface Exchange {
  readonly timeoutMs: number;
  /** Aborted at the latest when the time is over. */
  readonly signal: AbortSignal;
  /** The request’s. */
  readonly span: OpenSpan;
}

/** A connection to a backend that carries requests as bytes. */
export interface Transport {
  /**
   * Sends one request and returns the answer to it.
   * @throws what went wrong; also when the signal is aborted, and when the answer is none of OTLP.
   */
  exchange(body: Uint8Array, exchange: Exchange): Promise<ExportAnswer>;
  close(): void;
  /** Host and port of the proxy that it goes through. */
  readonly proxy?: string;
}

/** With less than this no attempt is made: a backend that does not answer so fast is not to blame. */
const leastAttemptMs = 10;

/** What makes a sender out of transports. */
export interface TransportOptions {
  readonly target: string;
  /** Makes a transport with a connection of its own. */
  readonly connect: () => Transport;
  /** What an error of the transport means. */
  readonly explain: (error: unknown) => Promise<FailedAttempt>;
  readonly spans: Spans;
  /** How the span of a request begins. */
  readonly span: SpanStart;
}

interface Connection {
  readonly transport: Transport;
  /** Requests over it that have not ended. */
  underWay: number;
  isLeft: boolean;
}

/**
 * Sends protobuf over a transport, and over a new one after a failure that may be the connection's.
 *
 * The SDK's own delegates are not used, only its serializer and its reading of the environment: over gRPC they share
 * connections with every channel to the same address, so that one that is dead is never replaced; over HTTP they try again by
 * themselves and hide the status; and neither can be stopped.
 */
export function transportSender({ target, connect, explain, spans, span: spanStart }: TransportOptions): BytesSender {
  let current: Connection | undefined;
  let proxy: string | undefined;

  /** The next request gets another one; those under way over this one come to their end. */
  function leave(connection: Connection): void {
    if (current === connection) current = undefined;
    connection.isLeft = true;
    if (connection.underWay === 0) connection.transport.close();
  }

  async function send({ body }: { readonly body: Uint8Array }, timeoutMs: number, stop?: AbortSignal): Promise<AttemptResult> {
    if (stop?.aborted === true) return stopped(target);
    if (timeoutMs < leastAttemptMs) return noTime;
    return inSpan(spans, spanStart, async (span) => {
      const result = await exchange(body, timeoutMs, stop, span);
      if (result.status === 'failed') span.failed(result.cause);
      return result;
    });
  }

  async function exchange(body: Uint8Array, timeoutMs: number, stop: AbortSignal | undefined, span: OpenSpan): Promise<AttemptResult> {
    const giveUp = new AbortController();
    const abort = (): void => giveUp.abort();
    const timer = setTimeout(abort, timeoutMs);
    stop?.addEventListener('abort', abort, { once: true });
    let connection: Connection | undefined;
    try {
      connection = current ??= { transport: connect(), underWay: 0, isLeft: false };
      connection.underWay++;
      proxy = connection.transport.proxy;
      const answer = connection.transport.exchange(body, { timeoutMs, signal: giveUp.signal, span });
      return { status: 'acknowledged', ...(await Promise.race([answer, givenUp(giveUp.signal)])) };
    } catch (error) {
      const failed = throughProxy(await failure(error), connection?.transport.proxy);
      if (failed.reconnect && connection !== undefined) leave(connection);
      return failed;
    } finally {
      if (connection !== undefined && --connection.underWay === 0 && connection.isLeft) connection.transport.close();
      clearTimeout(timer);
      stop?.removeEventListener('abort', abort);
    }

    async function failure(error: unknown): Promise<FailedAttempt> {
      if (stop?.aborted === true) return stopped(target);
      if (giveUp.signal.aborted) return timedOut(target, timeoutMs);
      if (error instanceof NotOtlpError) return notOtlp(target, error);
      return explain(error);
    }
  }

  return {
    target,
    get proxy() {
      return proxy;
    },
    send,
    close() {
      if (current !== undefined) leave(current);
    },
  };
}

/** A turn of the event loop after the signal: a transport that keeps to it has said by then how it ended, and is heard first. */
function givenUp(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => setImmediate(reject, signal.reason), { once: true }));
}

/** Where the connection may be to blame, the proxy may be. */
function throughProxy(failed: FailedAttempt, proxy: string | undefined): FailedAttempt {
  if (proxy === undefined || !failed.reconnect) return failed;
  return { ...failed, message: `${failed.message} (through the proxy ${proxy} of grpc_proxy, https_proxy or http_proxy; no_proxy exempts)` };
}

/** Not the backend's fault, and nothing that another attempt in the same time would change. */
const noTime: FailedAttempt = {
  status: 'failed',
  retryable: false,
  reconnect: false,
  cause: 'no_time',
  message: 'no time was left for the delivery',
};

function stopped(target: string): FailedAttempt {
  const message = `${target} had not answered when the agent was stopped`;
  return { status: 'failed', retryable: false, reconnect: true, cause: 'stopped', message };
}

/** No answer in time. The connection may be one that nobody holds any more. */
function timedOut(target: string, timeoutMs: number): FailedAttempt {
  const seconds = Math.round(timeoutMs / 10) / 100;
  return { status: 'failed', retryable: true, reconnect: true, cause: 'timeout', message: `${target} did not answer within ${seconds} s` };
}

function notOtlp(target: string, { message: what }: NotOtlpError): FailedAttempt {
  const message = `${target} answered with success, but with ${what}: what answers there is no OTLP endpoint; check the endpoint`;
  return { status: 'failed', retryable: false, reconnect: false, cause: 'not_otlp', message };
}
