import { writeSync } from 'node:fs';

/** Longest that a line waits for a reader who is behind, in milliseconds. */
const longestWaitMs = 200;

/** Between two tries. */
const pauseMs = 10;

/** Where lines of the log go. */
export interface LineFile {
  /** Takes some of the bytes, and says how many. @throws Node's errors; `EAGAIN` where it takes none now. */
  write(bytes: Uint8Array): number;
  /** Blocks for so long. */
  pause(ms: number): void;
}

/** Node makes it one that does not block when `process.stderr` is first asked for. */
const stderr: LineFile = {
  write: (bytes) => writeSync(2, bytes),
  pause: (ms) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms),
};

/**
 * Lines of the log on stderr, written at once, as the process may end at any moment. A full disk, a reader who has gone and one
 * who reads no more cost lines, never the agent; how many is said before the next line that can be written.
 */
export class LogLines {
  readonly #file: LineFile;
  /** Of a line that was begun; no other may come before it. */
  #rest: Uint8Array = Buffer.alloc(0);
  #lost = 0;

  constructor(file: LineFile = stderr) {
    this.#file = file;
  }

  /** Writes a line, which has its end. Never throws. */
  write(line: string): void {
    if (this.#ended() && (this.#lost === 0 || this.#told()) && this.#begun(line)) return;
    this.#lost += 1;
  }

  #ended(): boolean {
    this.#rest = this.#rest.subarray(this.#taken(this.#rest));
    return this.#rest.length === 0;
  }

  #told(): boolean {
    const lost = { level: 'warn', time: new Date().toISOString(), lines: this.#lost, msg: 'lines of the log could not be written' };
    if (!this.#begun(`${JSON.stringify(lost)}\n`)) return false;
    this.#lost = 0;
    return this.#ended();
  }

  #begun(line: string): boolean {
    const bytes = Buffer.from(line);
    const taken = this.#taken(bytes);
    if (taken > 0) this.#rest = bytes.subarray(taken);
    return taken > 0;
  }

  /** How many bytes were taken. Only the first line that is not waits for a reader. */
  #taken(bytes: Uint8Array): number {
    let at = 0;
    let leftMs = this.#lost === 0 ? longestWaitMs : 0;
    while (at < bytes.length) {
      try {
        at += this.#file.write(bytes.subarray(at));
      } catch (error) {
        if (leftMs <= 0 || !(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) break;
        this.#file.pause(pauseMs);
        leftMs -= pauseMs;
      }
    }
    return at;
  }
}
