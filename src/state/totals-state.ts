import { createHash } from 'node:crypto';
import type { SentTotals } from '../model/sent-totals.ts';
import { within } from '../model/within.ts';
import { type FileSystem, codeOf, disk } from './file-system.ts';
import { type Lock, LockedError, lock } from './lock.ts';
import { sentLines, sentTotals } from './sent-lines.ts';
import { type Restored, StateFile } from './state-file.ts';

/** The folder cannot be this agent's; the message says why. */
export class StateFolderError extends Error {}

/** Where what was exported is kept. */
export interface TotalsState {
  /**
   * What an agent before this one exported; undefined at a first start. Given once: a large organization's is tens of
   * megabytes, and nobody needs it twice.
   */
  takeRestored(): SentTotals | undefined;
  /** What is to be told people once: what could not be used, or that nothing is kept. */
  readonly notices: readonly string[];
  /** @throws {Error} when it could not be written; its message says why. */
  save(totals: SentTotals): Promise<void>;
  /** Lets another agent have the folder. */
  release(): Promise<void>;
}

/** Longest that a start waits for the folder: longer than a lock of a holder elsewhere is watched. */
const longestWaitMs = 20_000;

/** Faults of a setting rather than of a disk. */
const settingFaults: Readonly<Record<string, string>> = {
  ENOTDIR: 'is no folder',
  EEXIST: 'is no folder',
  EACCES: 'may not be written by this user',
  EPERM: 'may not be written by this user',
};

/**
 * Takes the folder and reads what is in it. A damaged or newer file is put aside, and a disk that fails is told by every
 * {@link TotalsState.save}, which tries it anew: neither keeps the agent from starting, nor does one that gives no answer.
 * @param waitMs longest that it is waited for.
 * @throws {StateFolderError} when another process uses the folder, or it can never be written.
 */
export async function openTotalsState(folder: string, account: string, fileSystem: FileSystem = disk, waitMs = longestWaitMs): Promise<TotalsState> {
  let opened: Opened | undefined;
  /** Not waited for any longer, but a second one beside it would find the folder locked by the first. */
  let opening: Promise<Opened> | undefined;
  let restored: SentTotals | undefined;
  const notices: string[] = [];
  const cannot = (why: string): string => `${folder} cannot be used (${why}): nothing is gone on with, and until it can be used nothing is kept, and no growth is sent`;
  try {
    const first = openAndRead(folder, account, fileSystem, waitMs, sentTotals);
    const there = await within(first, waitMs);
    if (there === undefined) {
      opening = first.then(({ opened: late }) => late);
      opening.catch(() => undefined);
      notices.push(cannot(`no answer within ${waitMs / 1_000} s`));
    } else {
      const { value, isOlder, notices: ofFile } = there.found;
      opened = there.opened;
      notices.push(...ofFile);
      restored = value !== undefined && isOlder ? withoutCuts(value) : value;
    }
  } catch (error) {
    if (error instanceof LockedError) throw new StateFolderError(`${error.message}; one agent at a time writes an account’s totals, and another account wants another folder`);
    const fault = settingFaults[codeOf(error)];
    if (fault !== undefined) throw new StateFolderError(`${folder} ${fault}`);
    notices.push(cannot(codeOf(error)));
  }
  const openLate = async (): Promise<Opened> => {
    // What stands there is not gone on with any more, but the next generation comes after it.
    opening ??= openAndRead(folder, account, fileSystem, longestWaitMs, () => undefined).then(({ opened: late }) => late);
    try {
      return await opening;
    } finally {
      opening = undefined;
    }
  };
  return {
    takeRestored() {
      const given = restored;
      restored = undefined;
      return given;
    },
    notices,
    async save(totals) {
      try {
        opened ??= await openLate();
        if (!(await isStillOurs(opened))) throw new LockedError('another process has taken the folder over');
        await opened.file.write(sentLines(totals));
      } catch (error) {
        throw error instanceof LockedError ? error : new Error(codeOf(error), { cause: error });
      }
    },
    release: async () => opened?.held.release().catch(() => undefined),
  };
}

interface Opened {
  readonly held: Lock;
  readonly file: StateFile;
}

/** Whoever deleted the folder, or what is in it, did not mean that nothing be kept; another agent leaves what it wrote. */
async function isStillOurs({ held, file }: Opened): Promise<boolean> {
  if (await held.isHeld()) return true;
  if (!(await held.retake())) return false;
  if (await file.isOwn()) return true;
  await held.release();
  return false;
}

async function openAndRead<T>(
  folder: string,
  account: string,
  fileSystem: FileSystem,
  waitMs: number,
  decode: (lines: readonly string[]) => T | Promise<T>,
): Promise<{ readonly opened: Opened; readonly found: Restored<T> }> {
  await fileSystem.makeFolder(folder);
  const held = await lock(folder, fileSystem, undefined, waitMs);
  const file = new StateFile(folder, nameOf(account), fileSystem);
  return { opened: { held, file }, found: await file.read(decode) };
}

/** Each account has a file of its own: another name in the settings must not cost the first one's. */
function nameOf(account: string): string {
  return account === 'default' ? 'totals' : `totals-${createHash('sha256').update(account).digest('hex').slice(0, 12)}`;
}

/** How far the cuts had come since is not known: growth that was sent must not be sent again. */
function withoutCuts({ account, reports, series }: SentTotals): SentTotals {
  return { account, reports: reports.map((report) => ({ ...report, cutting: false })), series };
}
