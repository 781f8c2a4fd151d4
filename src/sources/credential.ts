import type { Secret } from '../model/secret.ts';
import { SourceError } from '../model/source-error.ts';

/**
 * A credential's value as it is now.
 * @param what names it in messages, for example `the OpenRouter key`.
 * @throws {SourceError} `credential_missing` when its file cannot be read.
 */
export function revealed(secret: Secret, what: string): string {
  try {
    return secret.reveal();
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    throw new SourceError('credential_missing', `the file with ${what} cannot be read (${code})`, { cause });
  }
}

/** A key that goes into a header. @throws {SourceError} as {@link revealed}, and when no header may carry it. */
export function revealedKey(secret: Secret, what: string): string {
  const key = revealed(secret, what);
  // Checked here: an HTTP library would quote the value in its error.
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new SourceError('credential_missing', `${what} is empty or has characters that no header may carry`);
  }
  return key;
}
