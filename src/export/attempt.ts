import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';

/** How one request to the backend ended. */
export type AttemptResult =
  | { readonly status: 'acknowledged'; readonly rejectedPoints: number; readonly message?: string }
  | {
      readonly status: 'failed';
      readonly retryable: boolean;
      /** Never wait less than this before trying again. */
      readonly retryAfterMs?: number;
      /** The channel may be dead: the next attempt gets a new one. */
      readonly reconnect: boolean;
      /** Says what happened, for people; no secret. */
      readonly message: string;
    };

/** Sends requests to one backend over one protocol. */
export interface Sender {
  /** Address and protocol, for messages. */
  readonly target: string;
  /** Sends once; never rejects, and ends within `timeoutMs`. */
  send(metrics: ResourceMetrics, timeoutMs: number): Promise<AttemptResult>;
  close(): Promise<void>;
}
