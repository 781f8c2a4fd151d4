import type { Notice, SourceId } from '../model/reading.ts';
import { remedyOf } from '../model/remedies.ts';
import type { SourceError } from '../model/source-error.ts';
import type { Logger } from './log.ts';

/** Logs a state when it changes, and a notice once; never the same line each cycle. */
export class StateLog {
  readonly #logger: Logger;
  readonly #states = new Map<string, string>();
  readonly #said = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** How a source’s read ended; no failures is success. */
  source(source: { readonly id: SourceId; readonly account: string }, failures: readonly SourceError[], notices: readonly Notice[]): void {
    const who = { source: source.id, account: source.account };
    for (const { level, text } of notices) {
      if (this.#isNew(`${source.id}/${source.account}/${text}`)) this.#logger[level](who, text);
    }
    const state = failures.map(({ reason, status }) => `${reason}/${status ?? ''}`).sort().join() || 'up';
    if (!this.#changed(`source/${source.id}/${source.account}`, state)) return;
    if (failures.length === 0) this.#logger.info(who, `${source.id} is read`);
    for (const failure of failures) {
      const { reason, message } = failure;
      if (reason === 'internal') this.#logger.error({ ...who, reason, err: failure.cause ?? failure }, message);
      else this.#logger.warn({ ...who, reason, remedy: remedyOf(reason, source.id) }, message);
    }
  }

  /** What became of a cycle’s points. */
  export(outcome: {
    readonly rejected: number;
    readonly lost: number;
    /** The same for failures of the same kind, whose messages may differ. */
    readonly cause?: string;
    readonly message?: string;
    readonly warning?: string;
    /** The backend asked for so long to be sent nothing. */
    readonly heldUntil?: Date;
  }): void {
    const { rejected, lost, cause, message, warning, heldUntil } = outcome;
    if (warning !== undefined && this.#isNew(`export/${warning}`)) this.#logger.warn(warning);
    const state = lost > 0 ? 'lost' : rejected > 0 ? 'rejected' : 'acknowledged';
    if (!this.#changed('export', `${state}/${cause ?? ''}${heldUntil === undefined ? '' : '/held'}`)) return;
    if (state === 'acknowledged') this.#logger.info('the backend acknowledges all points');
    else this.#logger.error({ lost, rejected, ...(heldUntil && { heldUntil: heldUntil.toISOString() }) }, message ?? 'points were lost');
  }

  /** What became of a batch of spans. */
  traces(outcome: {
    readonly rejected: number;
    readonly lost: number;
    readonly cause?: string;
    readonly message?: string;
    readonly heldUntil?: Date;
  }): void {
    const { rejected, lost, cause, message, heldUntil } = outcome;
    if (cause === undefined && message !== undefined && this.#isNew(`traces/${message}`)) this.#logger.warn(`of traces: ${message}`);
    if (!this.#changed('traces', `${cause ?? ''}${heldUntil === undefined ? '' : '/held'}`)) return;
    if (cause === undefined) this.#logger.info('the backend takes the traces');
    else this.#logger.warn({ lost, rejected, ...(heldUntil && { heldUntil: heldUntil.toISOString() }) }, `traces are lost: ${message ?? cause}`);
  }

  /** How the writing of the state ended; without a problem it is well. */
  saved(problem: string | undefined, growthWaits: boolean): void {
    if (!this.#changed('state', problem ?? '')) return;
    if (problem === undefined) this.#logger.info('what was exported is kept in STATE_DIR');
    else this.#logger.error({ problem }, `what was exported could not be kept in STATE_DIR (${problem}): it would not be known after a restart${growthWaits ? ', and until it can be no growth is sent' : ''}`);
  }

  #changed(what: string, state: string): boolean {
    if (this.#states.get(what) === state) return false;
    this.#states.set(what, state);
    return true;
  }

  #isNew(text: string): boolean {
    // Bounded: upstream key names stand in notices.
    if (this.#said.has(text) || this.#said.size >= 1_000) return false;
    this.#said.add(text);
    return true;
  }
}
