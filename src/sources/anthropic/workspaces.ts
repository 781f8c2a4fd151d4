import { type Clock, systemClock } from '../../model/clock.ts';
import type { Names } from '../../model/names.ts';
import type { ReadContext } from '../../model/reading.ts';
import { SourceError, toSourceError } from '../../model/source-error.ts';
import type { AnthropicClient } from './client.ts';
import { nameOf, readList } from './lists.ts';
import { isWithheld } from './withheld.ts';

type WorkspaceNames = Names['workspaces'];

const path = 'organizations/workspaces';

/**
 * The organization's list of workspaces, and which of them is the default one: the usage report calls that null, the
 * Analytics API has its id. No element says that it is the default; it is the one which is only listed on demand
 * (`include_default`).
 *
 * Which it is gets decided once in a process, also when it turns out that it cannot be known: a series must not change
 * its identity while the agent runs.
 */
export class Workspaces {
  readonly #client: AnthropicClient;
  readonly #clock: Clock;
  /** The list may not be asked for before a monotonic instant, whichever source wants it. */
  #refused: { readonly error: SourceError; readonly untilMs: number } | undefined;
  #decided: { readonly id: string | undefined } | undefined;
  #undecided: SourceError | undefined;
  #reading: Promise<WorkspaceNames> | undefined;

  constructor(client: AnthropicClient, clock: Clock = systemClock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** Every workspace, archived ones too; the default one also as `default`, where it is known. @throws {SourceError} */
  read(context: ReadContext): Promise<WorkspaceNames> {
    this.#reading ??= this.#read(context).finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  /**
   * Id of the default workspace; undefined when it cannot be known: the key may not read the list, or the API does not
   * list it.
   * @throws {SourceError} when the lists fail, so that nothing was decided.
   */
  async defaultId(context: ReadContext): Promise<string | undefined> {
    if (this.#decided !== undefined) return this.#decided.id;
    let failure: unknown;
    await this.read(context).catch((thrown: unknown) => {
      failure = thrown;
    });
    return this.#decidedId(failure ?? this.#undecided);
  }

  #decidedId(otherwise: unknown): string | undefined {
    if (this.#decided === undefined) throw toSourceError(otherwise);
    return this.#decided.id;
  }

  async #read(context: ReadContext): Promise<WorkspaceNames> {
    let listed: WorkspaceNames;
    try {
      listed = await this.#list('include_archived=true&include_default=true', context);
    } catch (thrown) {
      const error = toSourceError(thrown);
      if (isWithheld(error)) this.#decided ??= { id: undefined };
      if (error.status !== 400) throw error;
      // An API that does not know the second parameter.
      listed = await this.#list('include_archived=true', context);
      this.#decided ??= { id: undefined };
    }
    if (this.#decided === undefined) await this.#decide(listed, context);
    const own = listed.get(this.#decided?.id ?? '');
    return own === undefined ? listed : new Map([...listed, ['default', own]]);
  }

  /** The second list is read after the first: what was made in between is in it, and not taken for the default one. */
  async #decide(listed: WorkspaceNames, context: ReadContext): Promise<void> {
    try {
      const others = await this.#list('include_archived=true', context);
      const [id, ...more] = [...listed.keys()].filter((listedId) => !others.has(listedId));
      if (more.length > 0) throw new SourceError('schema', `/v1/${path} has more than one workspace that is only listed on demand`);
      this.#decided = { id };
    } catch (thrown) {
      this.#undecided = toSourceError(thrown);
    }
  }

  async #list(filter: string, context: ReadContext): Promise<WorkspaceNames> {
    const waitMs = (this.#refused?.untilMs ?? 0) - this.#clock.monotonicMs();
    if (this.#refused !== undefined && waitMs > 0) {
      const { reason, message, status } = this.#refused.error;
      throw new SourceError(reason, message, { retryAfterMs: waitMs, ...(status !== undefined && { status }) });
    }
    try {
      return await readList(this.#client, { path, type: 'workspace', filter, entry: nameOf }, context);
    } catch (thrown) {
      const error = toSourceError(thrown);
      if (error.retryAfterMs !== undefined) this.#refused = { error, untilMs: this.#clock.monotonicMs() + error.retryAfterMs };
      throw error;
    }
  }
}
