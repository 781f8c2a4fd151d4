import { mkdir, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';

/** An open file. */
export interface OpenFile {
  write(bytes: Uint8Array): Promise<unknown>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The calls that keep state on a disk; injected, so that tests decide what fails. All reject with Node's errors. */
export interface FileSystem {
  makeFolder(path: string): Promise<unknown>;
  /** Flags as of open(2): `wx` fails where the file exists. */
  open(path: string, flags: 'r' | 'w' | 'wx', mode?: number): Promise<OpenFile>;
  read(path: string): Promise<Buffer>;
  rename(from: string, to: string): Promise<void>;
  /** Without an error where there is none. */
  remove(path: string): Promise<void>;
  modifiedAt(path: string): Promise<Date>;
  touch(path: string, at: Date): Promise<void>;
}

/** The machine's own disk. */
export const disk: FileSystem = {
  makeFolder,
  async open(path, flags, mode) {
    const file = await open(path, flags, mode);
    return { write: (bytes) => writeAll(file, bytes), sync: () => file.sync(), close: () => file.close() };
  },
  read: (path) => readFile(path),
  rename,
  remove: (path) => rm(path, { force: true }),
  modifiedAt: async (path) => (await stat(path)).mtime,
  touch: (path, at) => utimes(path, at, at),
};

/** Node's own recursion goes on for ever where the system says of a folder in one that is there that it is not (/proc/x). */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const parent = dirname(path);
    if (codeOf(error) === 'EEXIST' && (await stat(path)).isDirectory()) return;
    if (codeOf(error) !== 'ENOENT' || parent === path) throw error;
    await makeFolder(parent);
    await mkdir(path, { mode: 0o700 });
  }
}

/** One call may take less than it was given. */
async function writeAll(file: Awaited<ReturnType<typeof open>>, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
}

/** The code of an error of the system, such as `ENOSPC`. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error';
}
