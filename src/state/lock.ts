import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type FileSystem, codeOf } from './file-system.ts';

/** The holder touches its lock so often. */
const usualBeatMs = 5_000;

/** A lock that missed so many beats is nobody's. */
const missedBeats = 3;

const lockText = z.object({ pid: z.int().positive(), host: z.string(), space: z.string(), token: z.string() });
type Holder = z.output<typeof lockText>;

/** Another process holds the folder; the message says which. */
export class LockedError extends Error {}

/** A lock that is held. */
export interface Lock {
  /** Whether it is still this process's: false after another one took it over, as it may while this one was suspended. */
  isHeld(): Promise<boolean>;
  /** Takes it anew after it was deleted; false when another process has it. */
  retake(): Promise<boolean>;
  release(): Promise<void>;
}

/** Tokens of this process, which may not take its own locks for those of an earlier process with the same number. */
const heldHere = new Set<string>();

/**
 * Takes the folder for one holder alone. A lock whose holder is known to be gone is taken over at once; one that may be of a
 * process elsewhere (another container on the same volume) is watched, and taken over once it has missed three beats.
 * @param waitMs longest that it may be watched.
 * @throws {LockedError} when another one holds it, or may do so and there is no time to see it; else what the file system threw.
 */
export async function lock(folder: string, fileSystem: FileSystem, beatMs = usualBeatMs, waitMs = Infinity): Promise<Lock> {
  const path = join(folder, 'lock');
  const space = spaceOfNumbers();
  const own: Holder = { pid: process.pid, host: hostname(), space, token: randomUUID() };
  const text = JSON.stringify(own);
  while (!(await created(path, text, fileSystem))) await outlast(path, folder, fileSystem, beatMs, waitMs);
  heldHere.add(own.token);
  const isHeld = async (): Promise<boolean> => (await textOf(path, fileSystem)) === text;
  const beat = async (): Promise<void> => {
    // Another one's lock must not seem alive through this one's beats.
    if (await isHeld()) await fileSystem.touch(path, new Date());
  };
  let beating = false;
  const heart = setInterval(() => {
    // On a disk that hangs they would pile up, and take what the process has for asking disks.
    if (beating) return;
    beating = true;
    void beat()
      .catch(() => undefined)
      .finally(() => (beating = false));
  }, beatMs);
  heart.unref();
  return {
    isHeld,
    async retake() {
      await fileSystem.makeFolder(folder);
      return (await created(path, text, fileSystem)) || isHeld();
    },
    async release() {
      clearInterval(heart);
      if (await isHeld()) await fileSystem.remove(path);
      heldHere.delete(own.token);
    },
  };
}

/** Ends when the lock that is there is nobody's, and away. @throws {LockedError} when it is somebody's. */
async function outlast(path: string, folder: string, fileSystem: FileSystem, beatMs: number, waitMs: number): Promise<void> {
  const text = await textOf(path, fileSystem);
  if (text === undefined) return;
  const holder = holderOf(text);
  if (holder !== undefined && heldHere.has(holder.token)) throw held(folder, holder);
  if (holder === undefined || !isGone(holder)) {
    const watchMs = missedBeats * beatMs;
    if (waitMs < watchMs) {
      const who = `${folder} may still be in use by ${nameOf(holder)}`;
      throw new LockedError(`${who}: to see that it is not takes ${watchMs / 1_000} s, and there are ${waitMs / 1_000} (--timeout gives more)`);
    }
    const beat = await beatOf(path, fileSystem);
    for (let waitedMs = 0; waitedMs < watchMs; waitedMs += beatMs / 5) {
      await sleep(beatMs / 5);
      if ((await textOf(path, fileSystem)) !== text) return;
      if ((await beatOf(path, fileSystem)) !== beat) throw held(folder, holder);
    }
  }
  await takeAway(path, text, fileSystem);
}

function held(folder: string, holder: Holder | undefined): LockedError {
  return new LockedError(`${folder} is in use by ${nameOf(holder)}`);
}

function nameOf(holder: Holder | undefined): string {
  return holder === undefined ? 'another process' : `process ${holder.pid} on ${holder.host}`;
}

/**
 * What process numbers are counted in, as far as the system tells: containers that share a host's name have each their own, and
 * every boot begins anew. Empty where there is only one (not Linux).
 */
function spaceOfNumbers(): string {
  const told = (read: () => string): string => {
    try {
      return read().trim();
    } catch {
      return '';
    }
  };
  return [told(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')), told(() => readlinkSync('/proc/self/ns/pid'))].join(' ').trim();
}

/** Counted as this process is, and with a number that no process has any more, or that is now this process's own. */
function isGone({ pid, host, space }: Holder): boolean {
  if (host !== hostname() || space !== spaceOfNumbers()) return false;
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return codeOf(error) === 'ESRCH';
  }
}

/** Moved away first: who took it over at the same moment gets it back. */
async function takeAway(path: string, text: string, fileSystem: FileSystem): Promise<void> {
  const away = `${path}.${randomUUID()}`;
  try {
    await fileSystem.rename(path, away);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  if ((await textOf(away, fileSystem)) === text) await fileSystem.remove(away);
  else await fileSystem.rename(away, path);
}

async function created(path: string, text: string, fileSystem: FileSystem): Promise<boolean> {
  let file;
  try {
    file = await fileSystem.open(path, 'wx', 0o600);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    await file.write(Buffer.from(text));
    return true;
  } catch (error) {
    await fileSystem.remove(path).catch(() => undefined);
    throw error;
  } finally {
    await file.close();
  }
}

/** Undefined where there is none. */
async function textOf(path: string, fileSystem: FileSystem): Promise<string | undefined> {
  try {
    return (await fileSystem.read(path)).toString('utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function beatOf(path: string, fileSystem: FileSystem): Promise<number> {
  return fileSystem.modifiedAt(path).then(
    (at) => at.getTime(),
    () => 0,
  );
}

/** Undefined for a lock that was not written to its end. */
function holderOf(text: string): Holder | undefined {
  try {
    return lockText.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
