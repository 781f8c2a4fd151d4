import { revealed } from '../model/secret.ts';

/**
 * The text without any secret that was revealed in this process, as it is or as JSON writes it. The last line of
 * defence: nothing is meant to put one there.
 */
export function redact(text: string): string {
  let clean = text;
  for (const secret of revealed()) {
    for (const form of [secret, JSON.stringify(secret).slice(1, -1)]) {
      if (clean.includes(form)) clean = clean.replaceAll(form, '[redacted]');
    }
  }
  return clean;
}
