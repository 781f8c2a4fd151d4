import { setTimeout as sleep } from 'node:timers/promises';
import { cleanText } from '../model/text.ts';
import type { AttemptResult, FailedAttempt, Sender } from './attempt.ts';
import type { Hold } from './hold.ts';
import type { ExportOutcome, Settled } from './outcome.ts';
import type { MetricsRequest, Requests } from './request.ts';
import { decide, fairShareOf, leastAttemptMs, pauseMs, shareOf } from './retry.ts';

/**
 * Requests to one backend that are under way at once: while one hangs, the others go on, and a backend far away is not waited
 * for at each. As many are held as bytes.
 */
const lanes = 4;

/** What a {@link Delivery} goes by. */
export interface DeliveryOptions {
  readonly attemptMs: number;
  readonly random: () => number;
  /** Longest wait before a second attempt. */
  readonly backOffMs: number;
  /** Time that is left for all requests and attempts, in milliseconds. */
  readonly leftMs: () => number;
  /** Ends everything before its time. */
  readonly stop: AbortSignal;
  /** What the backend asked for, in this cycle or an earlier one. */
  readonly hold: Hold;
}

/** What became of one request at one backend. */
export interface Settlement {
  readonly settled: Settled;
  readonly outcome: ExportOutcome;
}

interface Pending {
  readonly request: MetricsRequest;
  readonly index: number;
  attempts: number;
  /** Not before; of `performance.now()`. */
  dueMs: number;
  /** How the last attempt failed. */
  failed?: FailedAttempt;
}

/**
 * Brings a cycle's requests to one backend, a few at once. Every request has its first attempt before any has its second, so
 * that those which the backend hangs at, or does not want, cost the others nothing. All share one deadline.
 */
export class Delivery {
  readonly #sender: Sender;
  readonly #requests: Requests;
  readonly #options: DeliveryOptions;
  readonly #settlements: Settlement[] = [];
  /** Those that failed and are to be sent again. */
  readonly #again: Pending[] = [];
  /** Requests and points that were taken up. */
  #taken = 0;
  #takenPoints = 0;
  #hasHung = false;
  #slowestMs = 0;
  #lastFailure: FailedAttempt | undefined;

  constructor(sender: Sender, requests: Requests, options: DeliveryOptions) {
    this.#sender = sender;
    this.#requests = requests;
    this.#options = options;
  }

  /** Never rejects. @returns for each request, in order, what became of it. */
  async run(): Promise<readonly Settlement[]> {
    await Promise.all(Array.from({ length: lanes }, () => this.#lane()));
    return this.#settlements;
  }

  /** Sends one request after the other until there are no more. */
  async #lane(): Promise<void> {
    let notBeforeMs = 0;
    for (let pending = this.#next(); pending !== undefined; pending = this.#next()) {
      await this.#requests.turn();
      const goes = await this.#waited(Math.max(pending.dueMs, notBeforeMs));
      if (goes) notBeforeMs = await this.#attempt(pending);
      else this.#settle(pending, this.#unsent(pending));
    }
  }

  #next(): Pending | undefined {
    const index = this.#taken;
    const request = this.#requests.at(index);
    if (request === undefined) return this.#takeEarliest();
    this.#taken++;
    this.#takenPoints += request.points;
    return { request, index, attempts: 0, dueMs: 0 };
  }

  #takeEarliest(): Pending | undefined {
    const [earliest] = this.#again.toSorted((one, other) => one.dueMs - other.dueMs);
    if (earliest !== undefined) this.#again.splice(this.#again.indexOf(earliest), 1);
    return earliest;
  }

  /** False when there is no time for it, or it was stopped. */
  async #waited(untilMs: number): Promise<boolean> {
    const { stop, leftMs, hold } = this.#options;
    for (;;) {
      if (stop.aborted) return false;
      // What the backend asks for may have grown meanwhile.
      const waitMs = Math.max(untilMs, hold.untilMs) - performance.now();
      if (waitMs <= 0) return true;
      if (waitMs + leastAttemptMs > leftMs()) return false;
      await slept(Math.ceil(waitMs), stop);
    }
  }

  /** @returns before when the lane sends nothing else. */
  async #attempt(pending: Pending): Promise<number> {
    const { random, backOffMs, leftMs, stop, hold } = this.#options;
    const { request } = pending;
    const startedMs = performance.now();
    const result = await attempt(this.#sender, request, this.#timeoutMs(), stop);
    const endedMs = performance.now();
    pending.attempts++;
    if (result.status === 'acknowledged') {
      this.#slowestMs = Math.max(this.#slowestMs, endedMs - startedMs);
      this.#settle(pending, { settled: 'acknowledged', outcome: taken(this.#sender, request.points, result) });
      return 0;
    }
    // That time is over is no failure of the backend, but what it did before may be one.
    if (result.cause !== 'no_time') pending.failed = this.#lastFailure = result;
    else pending.failed ??= this.#lastFailure ?? result;
    const isHanging = result.cause === 'timeout';
    if (isHanging) this.#hasHung = true;
    hold.ask(result);
    const draw = random();
    const decision = decide(result, { attempts: pending.attempts, leftMs: leftMs(), random: draw, backOffMs });
    if (decision.action === 'done') {
      this.#settle(pending, this.#failed(pending, result.forGood === true ? 'refused' : 'lost'));
    } else {
      pending.dueMs = endedMs + decision.waitMs;
      if (this.#again.length >= lanes) request.releaseBody();
      this.#again.push(pending);
    }
    // A request that hung has taken its time already.
    return result.retryable && !isHanging ? endedMs + pauseMs(draw, backOffMs) : 0;
  }

  #timeoutMs(): number {
    const { attemptMs, leftMs } = this.#options;
    if (!this.#hasHung) return Math.min(attemptMs, shareOf(leftMs()));
    const uncut = this.#requests.points - this.#takenPoints;
    const fresh = uncut === 0 ? 0 : Math.ceil((uncut / this.#takenPoints) * this.#taken);
    const rounds = Math.ceil((1 + fresh + this.#again.length) / lanes);
    return Math.min(attemptMs, fairShareOf(leftMs(), rounds, this.#slowestMs));
  }

  /** Its time was over, or it was stopped, before it was sent, or sent again. */
  #unsent(pending: Pending): Settlement {
    const { hold, stop } = this.#options;
    pending.failed ??= this.#lastFailure ?? hold.failed ?? unsent(this.#sender, stop.aborted);
    return this.#failed(pending, 'lost');
  }

  #failed({ request, attempts, failed }: Pending, settled: 'refused' | 'lost'): Settlement {
    const { cause, message } = failed ?? unsent(this.#sender, false);
    const text = attempts > 1 ? `${message} (after ${attempts} attempts)` : message;
    return { settled, outcome: { acknowledged: 0, rejected: 0, lost: request.points, cause, message: text } };
  }

  #settle({ request, index }: Pending, settlement: Settlement): void {
    request.releaseBody();
    this.#settlements[index] = settlement;
  }
}

/** One attempt. Whatever the sender does, its points are accounted for. */
async function attempt(sender: Sender, request: MetricsRequest, timeoutMs: number, stop: AbortSignal): Promise<AttemptResult> {
  try {
    return await sender.send(request, timeoutMs, stop);
  } catch (error) {
    const text = error instanceof Error ? cleanText(error.message) : 'unknown error';
    return { status: 'failed', retryable: false, reconnect: false, cause: 'internal', message: `${sender.target}: ${text}` };
  }
}

/** Ends at once when it is stopped. */
async function slept(waitMs: number, stop: AbortSignal): Promise<void> {
  await sleep(waitMs, undefined, { signal: stop }).catch(() => undefined);
}

function unsent(sender: Sender, isStopped: boolean): FailedAttempt {
  const [cause, why] = isStopped ? ['stopped', 'the agent was stopped'] : ['no_time', 'no time was left'];
  return { status: 'failed', retryable: false, reconnect: false, cause, message: `${why} before all was sent to ${sender.target}` };
}

function taken(sender: Sender, points: number, result: AttemptResult & { status: 'acknowledged' }): ExportOutcome {
  const { rejectedPoints, message } = result;
  // A backend may claim anything; never count more than was sent.
  const rejected = rejectedPoints > 0 ? Math.min(points, Math.trunc(rejectedPoints)) : 0;
  if (rejected === 0) {
    const warning = message === undefined ? {} : { warning: `${sender.target}: ${message}` };
    return { acknowledged: points, rejected, lost: 0, ...warning };
  }
  const why = message ?? 'no reason given';
  const text = `${sender.target} rejected ${rejected} of ${points} points: ${why}`;
  return { acknowledged: points - rejected, rejected, lost: 0, cause: 'rejected', message: text };
}
