import { existsSync, readFileSync } from 'node:fs';
import { readKept } from '../model/kept-file.ts';
import { shownPath } from './shown.ts';

/**
 * Text of the file that a setting names.
 * @param setting names the setting in messages.
 * @param problems gets a line when it cannot be read.
 */
export function readText(setting: string, path: string, problems: string[]): string | undefined {
  return textBy(() => readFileSync(path, 'utf8'), setting, path, problems);
}

/** The same for a file that is read again later: a pipe or a device is refused. */
export function readKeptText(setting: string, path: string, problems: string[]): string | undefined {
  return textBy(() => readKept(path).toString('utf8'), setting, path, problems);
}

function textBy(read: () => string, setting: string, path: string, problems: string[]): string | undefined {
  try {
    return read();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    problems.push(`${setting}: the file${shownPath(path)} cannot be read (${reasons[code] ?? code})`);
    return undefined;
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOTFILE: 'it is read again later, which a pipe or a device is not for; put it into a regular file',
  EFBIG: 'it has more than 1 MiB',
};

/** The same for a file that need not be there: then undefined, without a line. */
export function readIfThere(setting: string, path: string, problems: string[]): string | undefined {
  return existsSync(path) ? readText(setting, path, problems) : undefined;
}

/** Checks a file of certificates or of a key; libraries would go on without it, or fail at each push. */
export function checkPem(setting: string, path: string | undefined, problems: string[]): void {
  const text = path === undefined ? undefined : readKeptText(setting, path, problems);
  if (path !== undefined && text !== undefined && !/-----BEGIN [A-Z ]+-----/.test(text)) {
    problems.push(`${setting}: the file${shownPath(path)} is not PEM`);
  }
}
