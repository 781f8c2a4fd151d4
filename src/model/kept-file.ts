import { readFileSync, statSync } from 'node:fs';

/** Far more than a credential or a chain of certificates has. */
const mostBytes = 1024 * 1024;

/**
 * Content of a small file that is read again and again. What is none would be another thing each time, or stop the process: a
 * pipe is empty at the second time and waits for a writer, a device has no end.
 * @throws Node's errors, and `ENOTFILE` or `EFBIG` in the same form.
 */
export function readKept(path: string): Buffer {
  const found = statSync(path);
  if (!found.isFile() && !found.isDirectory()) throw withCode('ENOTFILE');
  if (found.size > mostBytes) throw withCode('EFBIG');
  return readFileSync(path);
}

function withCode(code: string): Error {
  return Object.assign(new Error(code), { code });
}
