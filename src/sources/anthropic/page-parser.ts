import { Worker } from 'node:worker_threads';
import { SourceError } from '../../model/source-error.ts';
import type { PageColumns } from './columns.ts';
import { type PageOrder, type PageResult, parsePage } from './page-order.ts';

/**
 * From this size on a page is parsed by the worker. Half a mebibyte takes some five milliseconds, and a small organization never
 * has a page as large: it never pays for a worker's start and memory.
 */
const workerFromBytes = 512 * 1024;

/**
 * Heap of the worker, in mebibytes. The old part is more than any page can take within the limits of a body: to reach it would end
 * the whole process, and V8's own choice may be lower on a small machine. The young part is small: V8's own choice lets garbage of
 * twenty pages pile up.
 */
const workerHeap = { maxOldGenerationSizeMb: 1_024, maxYoungGenerationSizeMb: 24 };

/** The file beside this one that the worker runs: as written, or as built. */
const workerFile = new URL(`./page-worker${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`, import.meta.url);

/** What a {@link PageParser} may be told. */
export interface PageParserOptions {
  /** Pages from this size on go to the worker. */
  readonly workerFromBytes?: number;
  /** What the worker runs. */
  readonly workerFile?: URL;
}

interface Job {
  readonly order: PageOrder;
  readonly signal: AbortSignal;
  readonly resolve: (page: PageColumns) => void;
  readonly reject: (error: SourceError) => void;
}

/**
 * Parses pages of reports: small ones where it is called, large ones in a worker, one after the other, so that nothing else waits
 * for them. The worker is started when it is first needed and lives until {@link close}; one that dies is replaced at the next page.
 */
export class PageParser {
  readonly #options: Required<PageParserOptions>;
  readonly #waiting: Job[] = [];
  #running: Job | undefined;
  #worker: Worker | undefined;
  #closed = false;

  constructor(options: PageParserOptions = {}) {
    this.#options = { workerFromBytes, workerFile, ...options };
  }

  /**
   * The columns of a page.
   * @param order its bytes are handed over: nobody else may read them afterwards.
   * @throws {SourceError} as `parsePage`; `timeout` when the signal is aborted before, `internal` when the worker dies.
   */
  async parse(order: PageOrder, signal: AbortSignal): Promise<PageColumns> {
    if (order.bytes.length < this.#options.workerFromBytes) return parsePage(order);
    if (signal.aborted || this.#closed) throw cutOff(order);
    let onAbort = (): void => undefined;
    try {
      return await new Promise<PageColumns>((resolve, reject) => {
        const job: Job = { order, signal, resolve, reject };
        onAbort = () => this.#abort(job);
        signal.addEventListener('abort', onAbort, { once: true });
        this.#waiting.push(job);
        this.#next();
      });
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Ends the worker; what it still had to do fails. */
  close(): void {
    this.#closed = true;
    for (const { order, reject } of this.#waiting.splice(0)) reject(cutOff(order));
    const { order } = this.#running ?? {};
    this.#lose(order === undefined ? undefined : cutOff(order));
  }

  #next(): void {
    if (this.#running !== undefined) return;
    const job = this.#waiting.shift();
    if (job === undefined) {
      // A worker without work does not keep the process alive.
      this.#worker?.unref();
      return;
    }
    this.#running = job;
    this.#worker ??= this.#start();
    this.#worker.ref();
    this.#worker.postMessage(job.order, [job.order.bytes.buffer]);
  }

  #start(): Worker {
    const worker = new Worker(this.#options.workerFile, {
      // Nothing of the environment, and no module that the process was started with, has any business there.
      env: {},
      execArgv: [],
      resourceLimits: workerHeap,
    });
    const onDeath = (error: SourceError): void => {
      if (this.#worker === worker) this.#lose(error);
    };
    worker.on('message', (result: PageResult) => this.#done(result));
    worker.on('messageerror', (cause) => onDeath(new SourceError('internal', 'the columns of a page were lost', { cause })));
    worker.on('error', (cause) => onDeath(new SourceError('internal', 'the worker that parses pages died', { cause })));
    worker.on('exit', (code) => onDeath(new SourceError('internal', `the worker that parses pages ended with ${code}`)));
    return worker;
  }

  #done(result: PageResult): void {
    const job = this.#running;
    this.#running = undefined;
    if ('page' in result) job?.resolve(result.page);
    else job?.reject(errorOf(result.refused));
    this.#next();
  }

  /** There is no way to stop a parse but to end its worker. */
  #abort(job: Job): void {
    if (this.#running === job) {
      this.#lose(cutOff(job.order));
      return;
    }
    this.#waiting.splice(this.#waiting.indexOf(job), 1);
    job.reject(cutOff(job.order));
  }

  /** Gives the worker up, and what it was doing; the next page has a new one. */
  #lose(error: SourceError | undefined): void {
    const [worker, job] = [this.#worker, this.#running];
    this.#worker = undefined;
    this.#running = undefined;
    void worker?.terminate();
    if (error !== undefined) job?.reject(error);
    this.#next();
  }
}

function cutOff({ what }: PageOrder): SourceError {
  return new SourceError('timeout', `${what} was not parsed in time`);
}

function errorOf({ reason, message, status }: Extract<PageResult, { refused: unknown }>['refused']): SourceError {
  return new SourceError(reason, message, status === undefined ? {} : { status });
}
