import type { FileSystem, OpenFile } from '../../src/state/file-system.ts';

/** What a {@link MemoryDisk} is asked to do, in order. */
export type DiskCall = 'makeFolder' | 'open' | 'write' | 'sync' | 'close' | 'read' | 'rename' | 'remove' | 'modifiedAt' | 'touch';

/** A disk in memory, of which any call may be made to fail, or to be the last one before the power goes. */
export class MemoryDisk implements FileSystem {
  readonly files = new Map<string, { bytes: Buffer; mode: number; modifiedAt: Date }>();
  readonly calls: DiskCall[] = [];
  readonly #remembersCalls: boolean;
  /** Throws for the call with this index, which rejects with that; or holds it up until it resolves. */
  before: (call: DiskCall, index: number) => unknown = () => undefined;

  constructor(remembersCalls = true) {
    this.#remembersCalls = remembersCalls;
  }

  makeFolder(): Promise<unknown> {
    return this.#do('makeFolder', () => undefined);
  }

  open(path: string, flags: 'r' | 'w' | 'wx', mode = 0o666): Promise<OpenFile> {
    return this.#do('open', () => {
      if (flags === 'wx' && this.files.has(path)) throw systemError('EEXIST');
      if (flags !== 'r') this.files.set(path, { bytes: Buffer.alloc(0), mode, modifiedAt: new Date() });
      return {
        write: (bytes) => this.#do('write', () => this.#append(path, bytes)),
        sync: () => this.#do('sync', () => undefined),
        close: () => this.#do('close', () => undefined),
      };
    });
  }

  read(path: string): Promise<Buffer> {
    return this.#do('read', () => this.#file(path).bytes);
  }

  rename(from: string, to: string): Promise<void> {
    return this.#do('rename', () => {
      this.files.set(to, this.#file(from));
      this.files.delete(from);
    });
  }

  remove(path: string): Promise<void> {
    return this.#do('remove', () => void this.files.delete(path));
  }

  modifiedAt(path: string): Promise<Date> {
    return this.#do('modifiedAt', () => this.#file(path).modifiedAt);
  }

  touch(path: string, at: Date): Promise<void> {
    return this.#do('touch', () => void (this.#file(path).modifiedAt = at));
  }

  /** The disk as another process finds it after the power went: whole, but nothing fails any more. */
  afterPowerCut(): MemoryDisk {
    const disk = new MemoryDisk(this.#remembersCalls);
    for (const [path, file] of this.files) disk.files.set(path, { ...file });
    return disk;
  }

  #append(path: string, bytes: Uint8Array): void {
    const file = this.#file(path);
    file.bytes = Buffer.concat([file.bytes, bytes]);
  }

  #file(path: string): { bytes: Buffer; mode: number; modifiedAt: Date } {
    const file = this.files.get(path);
    if (file === undefined) throw systemError('ENOENT');
    return file;
  }

  async #do<T>(call: DiskCall, work: () => T): Promise<T> {
    const before = this.before(call, this.calls.length);
    if (this.#remembersCalls) this.calls.push(call);
    await before;
    return work();
  }
}

/** An error as the system's calls reject with. */
export function systemError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: made up`), { code });
}
