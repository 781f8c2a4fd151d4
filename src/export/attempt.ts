import type { ExportAnswer } from './answer.ts';
import type { MetricsRequest } from './request.ts';

/** A request that the backend did not take. */
export interface FailedAttempt {
  readonly status: 'failed';
  /** OTLP allows to send the same again. */
  readonly retryable: boolean;
  /**
   * What was wrong is the request itself: the same would be refused at any time. Not where the address, the credentials or the
   * connection are to blame, which may be mended.
   */
  readonly forGood?: boolean;
  /** Never wait less than this before trying again. */
  readonly retryAfterMs?: number;
  /** The connection may be dead: the next attempt gets a new one. */
  readonly reconnect: boolean;
  /** What kind of failure it is, the same each time it happens: a status, or `timeout`. */
  readonly cause: string;
  /** Says what happened, for people; no secret. */
  readonly message: string;
}

/** How one request to the backend ended. */
export type AttemptResult = ({ readonly status: 'acknowledged' } & ExportAnswer) | FailedAttempt;

/** What a sender of metrics may look at. */
export type SentMetrics = Pick<MetricsRequest, 'metrics' | 'points' | 'body'>;

/** Sends requests to one backend over one protocol. */
export interface Sender<Request = SentMetrics> {
  /** Address and protocol, for messages. */
  readonly target: string;
  /** Host and port of the proxy that the last attempt went through. */
  readonly proxy?: string | undefined;
  /**
   * Sends once; never rejects, and ends within `timeoutMs`. Several requests may be under way at once.
   * @param stop ends it earlier.
   */
  send(request: Request, timeoutMs: number, stop?: AbortSignal): Promise<AttemptResult>;
  /** Lets connections go, each when no request is under way over it; waits for none. */
  close(): void;
}

/** A sender that looks at nothing but the bytes, of whatever signal they are. */
export type BytesSender = Sender<{ readonly body: Uint8Array }>;
