import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type FileSystem, codeOf } from './file-system.ts';

/** What was found on the disk. */
export interface Restored<T> {
  /** Absent: a first start, or nothing that could be used. */
  readonly value?: T;
  /** A newer generation was there but could not be used: what happened after this one was written is not known. */
  readonly isOlder: boolean;
  /** What had to be put aside, and what is gone on with; for people. */
  readonly notices: string[];
}

/** A file that is whole, but was not written by this version. */
export class NewerStateError extends Error {}

/** Bytes that are handed to the disk at once. */
const chunkBytes = 64 * 1024;

/** The last line: how many writings came before, and the checksum of that and of all lines before it. */
const lastLine = /(?:^|\n)\{"generation":(\d{1,15}),"sha256":"([0-9a-f]{64})"\}\n$/;

/** Far more than the last line has. */
const lastLineLength = 200;

/**
 * A text on the disk that is either the whole of one writing or the whole of the one before: written beside its place,
 * flushed, moved there, and the folder flushed. It ends with a checksum, and the generation before it is kept.
 */
export class StateFile {
  readonly #folder: string;
  readonly #path: string;
  readonly #fileSystem: FileSystem;
  #generation = 0;
  /** Of what this process read or wrote last; empty before. */
  #lastLine = '';

  /** @param folder exists. */
  constructor(folder: string, name: string, fileSystem: FileSystem) {
    this.#folder = folder;
    this.#path = join(folder, name);
    this.#fileSystem = fileSystem;
  }

  /**
   * The newest generation that can be used. One that cannot is put aside, never deleted, and said.
   * @param decode makes sense of the lines; throws when it cannot, {@link NewerStateError} when a later version could.
   */
  async read<T>(decode: (lines: readonly string[]) => T | Promise<T>): Promise<Restored<T>> {
    const notices: string[] = [];
    const found: { readonly value: T; readonly generation: number; readonly line: string }[] = [];
    /** Generations of files that cannot be used. */
    const unusable: number[] = [];
    for (const path of [this.#path, this.#previous]) {
      let text = '';
      try {
        text = (await this.#fileSystem.read(path)).toString('utf8');
        const { lines, generation, lastLine: line } = verified(text);
        found.push({ value: await decode(lines), generation, line });
      } catch (error) {
        if (codeOf(error) === 'ENOENT') continue;
        // What stood at the newest one's place was the newest; the other was only if it says so, where they were swapped.
        unusable.push(path === this.#path ? Number.POSITIVE_INFINITY : claimedGeneration(text));
        notices.push(`${path} ${reasonOf(error)}; ${await this.#putAside(path)}`);
      }
    }
    // Whoever copied files about may have swapped them.
    const [newest] = found.sort((a, b) => b.generation - a.generation);
    this.#generation = newest?.generation ?? 0;
    this.#lastLine = newest?.line ?? '';
    const isOlder = newest !== undefined && unusable.some((generation) => generation > newest.generation);
    return { ...(newest && { value: newest.value }), isOlder, notices };
  }

  /**
   * Writes the text and all that makes it last.
   * @param lines without their ends; walked once, so that a large state need not exist as one text.
   * @throws what the file system threw; then the file is what it was.
   */
  async write(lines: Iterable<string>): Promise<void> {
    const fresh = `${this.#path}.new`;
    let line = '';
    try {
      const file = await this.#fileSystem.open(fresh, 'w', 0o600);
      try {
        const generation = this.#generation + 1;
        const hash = createHash('sha256').update(`${generation}\n`);
        for (const chunk of chunks(lines)) {
          hash.update(chunk);
          await file.write(chunk);
        }
        line = `{"generation":${generation},"sha256":"${hash.digest('hex')}"}\n`;
        await file.write(Buffer.from(line));
        await file.sync();
      } finally {
        await file.close();
      }
      await this.#keepPrevious();
      await this.#fileSystem.rename(fresh, this.#path);
      this.#lastLine = line;
      await this.#syncFolder();
      this.#generation += 1;
    } catch (error) {
      await this.#fileSystem.remove(fresh).catch(() => undefined);
      throw error;
    }
  }

  /** Whether nobody has written since this process did: what is there, if anything is, is its own. */
  async isOwn(): Promise<boolean> {
    for (const path of [this.#path, this.#previous]) {
      try {
        const text = await this.#fileSystem.read(path);
        return this.#lastLine !== '' && text.subarray(-this.#lastLine.length).toString('utf8') === this.#lastLine;
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw error;
      }
    }
    return true;
  }

  get #previous(): string {
    return `${this.#path}.previous`;
  }

  /** Killed right after this, the next start goes on with the previous one, whose text is the same. */
  async #keepPrevious(): Promise<void> {
    try {
      await this.#fileSystem.rename(this.#path, this.#previous);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }

  /** Where folders cannot be opened (Windows), the move needs no flush of its own. */
  async #syncFolder(): Promise<void> {
    let folder;
    try {
      folder = await this.#fileSystem.open(this.#folder, 'r');
    } catch (error) {
      if (['EISDIR', 'EPERM', 'EACCES'].includes(codeOf(error))) return;
      throw error;
    }
    try {
      await folder.sync();
    } catch (error) {
      // Some file systems flush no folders.
      if (!['EINVAL', 'EPERM', 'ENOTSUP'].includes(codeOf(error))) throw error;
    } finally {
      await folder.close();
    }
  }

  async #putAside(path: string): Promise<string> {
    const aside = `${path}.unusable`;
    try {
      await this.#fileSystem.rename(path, aside);
      return `it is kept as ${aside}`;
    } catch (error) {
      return `it could not be put aside (${codeOf(error)})`;
    }
  }
}

function* chunks(lines: Iterable<string>): Generator<Buffer> {
  let text = '';
  for (const line of lines) {
    text += `${line}\n`;
    if (text.length < chunkBytes) continue;
    yield Buffer.from(text);
    text = '';
  }
  if (text !== '') yield Buffer.from(text);
}

/** The lines before the last one. @throws {Error} when the checksum does not fit. */
function verified(text: string): { lines: readonly string[]; generation: number; lastLine: string } {
  const end = text.slice(-lastLineLength);
  const match = lastLine.exec(end);
  const [line = '', generation = '', sha256] = match ?? [];
  const body = text.slice(0, text.length - line.length + (line.startsWith('\n') ? 1 : 0));
  if (createHash('sha256').update(`${generation}\n`).update(body).digest('hex') !== sha256) throw new Error('the checksum does not fit');
  return { lines: body.split('\n').slice(0, -1), generation: Number(generation), lastLine: line.trimStart() };
}

/** What a text that may be damaged says of itself; 0 where it says nothing. */
function claimedGeneration(text: string): number {
  return Number(lastLine.exec(text.slice(-lastLineLength))?.[1] ?? 0);
}

function reasonOf(error: unknown): string {
  if (error instanceof NewerStateError) return 'was written by a later version';
  const code = codeOf(error);
  return code === 'unknown error' ? 'is damaged' : `could not be read (${code})`;
}
