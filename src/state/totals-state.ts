import type { SentTotals } from '../model/sent-totals.ts';
import { type FileSystem, codeOf, disk } from './file-system.ts';
import { type Lock, LockedError, lock } from './lock.ts';
import { sentLines, sentTotals } from './sent-lines.ts';
import { StateFile } from './state-file.ts';

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

/** Faults of a setting rather than of a disk. */
const settingFaults: Readonly<Record<string, string>> = {
  ENOTDIR: 'is no folder',
  EEXIST: 'is no folder',
  EACCES: 'may not be written by this user',
  EPERM: 'may not be written by this user',
};

/**
 * Takes the folder and reads what is in it. A damaged or newer file is put aside, and a disk that fails is told by every
 * {@link TotalsState.save}: neither keeps the agent from starting.
 * @throws {StateFolderError} when another process uses the folder, or it can never be written.
 */
export async function openTotalsState(folder: string, account: string, fileSystem: FileSystem = disk): Promise<TotalsState> {
  let held: Lock;
  try {
    await fileSystem.makeFolder(folder);
    held = await lock(folder, fileSystem);
  } catch (error) {
    if (error instanceof LockedError) throw new StateFolderError(`${error.message}; one agent at a time writes an account’s totals`);
    const fault = settingFaults[codeOf(error)];
    if (fault !== undefined) throw new StateFolderError(`${folder} ${fault}`);
    return withoutDisk(folder, codeOf(error));
  }
  const file = new StateFile(folder, 'totals', fileSystem);
  const { value, isOlder, notices } = await file.read(sentTotals);
  const mine = value?.account === account;
  if (value !== undefined && !mine) notices.push(`${folder} has totals of the account ${value.account}, not of ${account}: they are not gone on with`);
  let restored = value === undefined || !mine ? undefined : isOlder ? withoutCuts(value) : value;
  return {
    takeRestored() {
      const given = restored;
      restored = undefined;
      return given;
    },
    notices,
    async save(totals) {
      if (!(await held.isHeld())) throw new Error('another process has taken the folder over');
      try {
        await file.write(sentLines(totals));
      } catch (error) {
        throw new Error(codeOf(error), { cause: error });
      }
    },
    release: () => held.release().catch(() => undefined),
  };
}

/** How far the cuts had come since is not known: growth that was sent must not be sent again. */
function withoutCuts({ account, reports, series }: SentTotals): SentTotals {
  return { account, reports: reports.map((report) => ({ ...report, cutting: false })), series };
}

function withoutDisk(folder: string, code: string): TotalsState {
  return {
    takeRestored: () => undefined,
    notices: [`${folder} cannot be used (${code}): nothing is kept over a restart`],
    save: () => Promise.reject(new Error(code)),
    release: () => Promise.resolve(),
  };
}
