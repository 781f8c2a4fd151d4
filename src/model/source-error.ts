import type { Reason } from './reasons.ts';

/** What a {@link SourceError} knows beside its reason. */
export interface SourceErrorOptions {
  /** HTTP status of the answer, where there was one. */
  readonly status?: number;
  /** How long the upstream asked to be left alone, in milliseconds; 0 or absent: no wish. */
  readonly retryAfterMs?: number;
  /** The upstream's own word for the error, where its answer is an error envelope: `permission_error`. */
  readonly errorType?: string;
  readonly cause?: unknown;
}

/**
 * A source, or a part of one, could not be read. The message is for people and logs; it carries no secret and no body
 * text. Only `reason` becomes an attribute.
 */
export class SourceError extends Error {
  readonly reason: Reason;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly errorType: string | undefined;

  constructor(reason: Reason, message: string, options: SourceErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SourceError';
    this.reason = reason;
    this.status = options.status;
    this.retryAfterMs = options.retryAfterMs;
    this.errorType = options.errorType;
  }
}

/** Anything thrown, as a SourceError: itself, or `internal` with the thrown thing as cause. */
export function toSourceError(thrown: unknown): SourceError {
  if (thrown instanceof SourceError) return thrown;
  const name = thrown instanceof Error ? thrown.name : typeof thrown;
  return new SourceError('internal', `unexpected ${name}`, { cause: thrown });
}

/**
 * Several failures as one: the first, with the longest wait that any was asked for.
 * @returns undefined where there is none.
 */
export function oneOf(failures: readonly SourceError[]): SourceError | undefined {
  const [first] = failures;
  const retryAfterMs = Math.max(0, ...failures.map((failure) => failure.retryAfterMs ?? 0));
  if (first === undefined || retryAfterMs === (first.retryAfterMs ?? 0)) return first;
  const { reason, message, status, errorType, cause } = first;
  return new SourceError(reason, message, { retryAfterMs, cause, ...(status !== undefined && { status }), ...(errorType !== undefined && { errorType }) });
}
