import { type Clock, type Moment, elapsedMs, momentOf } from '../model/clock.ts';
import type { GaugePoint, ReadContext, Reading, Source } from '../model/reading.ts';
import type { Reason } from '../model/reasons.ts';
import { SourceError, toSourceError } from '../model/source-error.ts';
import { type Spans, inSpan, noSpans } from '../model/spans.ts';
import { within } from '../model/within.ts';
import { BackOff } from './back-off.ts';

/** A reading is shown for this many intervals at most. */
const validIntervals = 3;

/** From the deadline on, the time a source has to hand over what it already read. */
const handOverMs = 250;

/** What a {@link Poller} is made of. */
export interface PollerOptions {
  readonly source: Source;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Longest time one read may take. */
  readonly deadlineMs: number;
  /** Called when a read has ended, before those who wait for it go on. Must not throw. */
  readonly onRead?: (result: ReadResult) => void;
  /** Gets a span of each read, below the cycle’s that began it; with an end of its own where the read outlives that. */
  readonly spans?: Spans;
}

/** How one read ended. */
export interface ReadResult {
  readonly source: Source;
  /** `success`, or the reason of the failure, of the first where several parts failed. */
  readonly outcome: 'success' | Reason;
  readonly durationMs: number;
  /** Absent: nothing could be said. */
  readonly reading?: Reading;
  readonly failures: readonly SourceError[];
}

interface HeldPoint {
  readonly point: GaugePoint;
  /** When the read that had it began. */
  readonly readAt: Moment;
}

/** A part that failed the last time it was asked for. */
interface FailedPart {
  readonly backOff: BackOff;
  readonly failure: SourceError;
}

/**
 * Reads one source when it is due and remembers what is still true of what it read. One read in flight at most; nothing
 * here ever rejects.
 */
export class Poller {
  readonly source: Source;
  readonly #options: PollerOptions;
  #inFlight: Promise<void> | undefined;
  /** How long after a read that answered the next one is due; undefined: at once, after a wait that is to be kept. */
  #due: { readonly readAt: Moment; readonly afterMs: number } | undefined;
  readonly #backOff: BackOff;
  readonly #failedParts = new Map<string, FailedPart>();
  #held = new Map<string, Map<object, HeldPoint>>();
  #last: ReadResult | undefined;
  #lastSuccessAt: Date | undefined;
  #succeededAt: Moment | undefined;

  constructor(options: PollerOptions) {
    this.source = options.source;
    this.#options = options;
    this.#backOff = this.#newBackOff();
  }

  /** How the last read ended; undefined before the first has. */
  get last(): ReadResult | undefined {
    return this.#last;
  }

  /** When the source last answered in full. */
  get lastSuccessAt(): Date | undefined {
    return this.#lastSuccessAt;
  }

  /** Whether the source last answered in full less than three of its intervals ago. */
  get isFresh(): boolean {
    return this.#succeededAt !== undefined && this.#isValid(this.#succeededAt, momentOf(this.#options.clock));
  }

  /** The read that is under way; undefined when none is. */
  get inFlight(): Promise<void> | undefined {
    return this.#inFlight;
  }

  /** Starts a read if one is due, and resolves when the one in flight has ended. */
  refresh(): Promise<void> {
    if (this.#inFlight !== undefined) return this.#inFlight;
    if (!this.#isDue(momentOf(this.#options.clock))) return Promise.resolve();
    this.#inFlight = this.#read().finally(() => {
      this.#inFlight = undefined;
    });
    return this.#inFlight;
  }

  /** The points that are true at `at`, which is not after now. */
  points(at: Date): GaugePoint[] {
    const now = momentOf(this.#options.clock);
    const points: GaugePoint[] = [];
    for (const series of this.#held.values()) {
      for (const [key, { point, readAt }] of series) {
        const { validUntil } = point;
        if (!this.#isValid(readAt, now) || (validUntil !== undefined && validUntil.getTime() <= now.wallMs)) series.delete(key);
        else if (validUntil === undefined || validUntil > at) points.push(point);
      }
    }
    return points;
  }

  #isValid(readAt: Moment, now: Moment): boolean {
    return elapsedMs(readAt, now) < validIntervals * this.source.intervalMs;
  }

  #isDue(now: Moment): boolean {
    if (this.#backOff.isOn) return false;
    return this.#due === undefined || elapsedMs(this.#due.readAt, now) >= this.#due.afterMs;
  }

  async #read(): Promise<void> {
    const { clock, source, deadlineMs, onRead, spans = noSpans } = this.#options;
    const readAt = momentOf(clock);
    const attributes = { source: source.id, account: source.account };
    const outcome = await inSpan(spans, { name: `read ${source.id}`, attributes }, async (span) => {
      const result = await readWithin(source, { now: clock.now(), part: (name, read) => this.#part(name, read) }, deadlineMs);
      const failure = result instanceof SourceError ? result : result.failures[0];
      if (failure !== undefined) span.failed(failure.reason);
      return result;
    });
    const durationMs = clock.monotonicMs() - readAt.monotonicMs;
    const failures = outcome instanceof SourceError ? [outcome] : outcome.failures;
    const [first] = failures;
    const reading = outcome instanceof SourceError ? undefined : outcome;
    this.#last = { source, outcome: first?.reason ?? 'success', durationMs, failures, ...(reading && { reading }) };
    if (reading !== undefined) this.#hold(reading, readAt);
    if (first === undefined) {
      this.#lastSuccessAt = clock.now();
      this.#succeededAt = readAt;
    }
    this.#schedule(readAt, reading !== undefined, failures);
    onRead?.(this.#last);
  }

  /** A full reading replaces everything; a partial one only what it has, and the rest ages. */
  #hold(reading: Reading, readAt: Moment): void {
    if (reading.failures.length === 0) this.#held = new Map();
    for (const point of reading.gauges) {
      const series = this.#held.get(point.metric) ?? new Map<object, HeldPoint>();
      this.#held.set(point.metric, series);
      // Attribute sets are interned: the same content is the same key.
      series.set(point.attributes, { point, readAt });
    }
  }

  #schedule(readAt: Moment, answered: boolean, failures: readonly SourceError[]): void {
    const { intervalMs } = this.source;
    const retryAfterMs = Math.max(0, ...failures.map((failure) => failure.retryAfterMs ?? 0));
    if (answered) {
      // Cycles jitter by some milliseconds; without slack every second one would come just too early.
      this.#due = { readAt, afterMs: retryAfterMs === 0 ? 0.9 * intervalMs : intervalMs };
      this.#backOff.succeeded(retryAfterMs);
    } else {
      this.#due = undefined;
      this.#backOff.failed(retryAfterMs);
    }
  }

  /** As {@link ReadContext.part}. */
  async #part<T>(name: string, read: () => Promise<T>): Promise<T> {
    const failed = this.#failedParts.get(name);
    if (failed?.backOff.isOn === true) throw failed.failure;
    try {
      const value = await read();
      this.#failedParts.delete(name);
      return value;
    } catch (thrown) {
      const error = toSourceError(thrown);
      const backOff = failed?.backOff ?? this.#newBackOff();
      backOff.failed(error.retryAfterMs ?? 0);
      this.#failedParts.set(name, { backOff, failure: withoutWish(error) });
      throw error;
    }
  }

  #newBackOff(): BackOff {
    const { clock, random, source } = this.#options;
    return new BackOff({ clock, random, intervalMs: source.intervalMs });
  }
}

/** A failure that is told again: what it asked for counts from its answer, and not anew each time. */
function withoutWish({ reason, message, status, errorType, cause }: SourceError): SourceError {
  return new SourceError(reason, message, { cause, ...(status !== undefined && { status }), ...(errorType !== undefined && { errorType }) });
}

/**
 * Ends by itself at the deadline, also when the source does not heed the signal. One that does hands over at once what it
 * had by then: the parts of a reading that came in time, or how a refused request was refused.
 */
async function readWithin(source: Source, context: Omit<ReadContext, 'signal'>, deadlineMs: number): Promise<Reading | SourceError> {
  const deadline = new AbortController();
  const read = Promise.resolve()
    .then(() => source.read({ ...context, signal: deadline.signal }))
    .catch(toSourceError);
  const inTime = await within(read, deadlineMs);
  if (inTime !== undefined) {
    // Nothing that it began outlives it.
    deadline.abort();
    return inTime;
  }
  const timeout = new SourceError('timeout', `${source.id} was not read within ${deadlineMs / 1000} s`);
  deadline.abort(timeout);
  const cutShort = await within(read, handOverMs);
  if (cutShort instanceof SourceError) return cutShort;
  // A whole reading did not heed the signal and is late.
  return cutShort !== undefined && cutShort.failures.length > 0 ? cutShort : timeout;
}
