import type { FileSystem, OpenFile } from '../../../src/state/file-system.ts';
import { type MemoryDisk, systemError } from '../../state/memory-disk.ts';
import type { diskFaults } from './schedule.ts';

type DiskFault = (typeof diskFaults)[number];

/** While calls hang, it is looked this often whether that is over. */
const lookEveryMs = 20_000;

/** A disk with what is wrong with it now: full, broken, or so slow that nothing comes back before the fault is over. */
export function faultyDisk(disk: MemoryDisk, fault: () => DiskFault | undefined): FileSystem {
  /** One for all calls that hang: they may be thousands. */
  let hanging: Promise<void> | undefined;
  async function hangs(): Promise<void> {
    while (fault() === 'hang') await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    hanging = undefined;
  }
  async function pass(isWrite: boolean): Promise<void> {
    if (fault() === 'hang') await (hanging ??= hangs());
    const code = fault();
    if (code === 'EIO' || (code === 'ENOSPC' && isWrite)) throw systemError(code);
  }
  const passed = async <T>(isWrite: boolean, call: () => Promise<T>): Promise<T> => {
    await pass(isWrite);
    return call();
  };
  return {
    makeFolder: () => passed(true, () => disk.makeFolder()),
    async open(path, flags, mode): Promise<OpenFile> {
      const file = await passed(flags !== 'r', () => disk.open(path, flags, mode));
      return { write: (bytes) => passed(true, () => file.write(bytes)), sync: () => passed(true, () => file.sync()), close: () => file.close() };
    },
    read: (path) => passed(false, () => disk.read(path)),
    rename: (from, to) => passed(true, () => disk.rename(from, to)),
    remove: (path) => passed(false, () => disk.remove(path)),
    modifiedAt: (path) => passed(false, () => disk.modifiedAt(path)),
    touch: (path, at) => passed(false, () => disk.touch(path, at)),
  };
}
