/** Whether a text that a message is about to quote might be a secret that got into the wrong place: long, of several lines, or with a user, a query or a key's prefix in it. */
export function mayBeSecret(value: string): boolean {
  return value.length > 40 || /@|\?\w|sk-|[\r\n]/.test(value);
}

/** A wrong value as a message quotes it, with a space before it; empty when it {@link mayBeSecret}. */
export function shown(value: string): string {
  return mayBeSecret(value) ? '' : ` ("${printable(value)}")`;
}

/** The path of a file as a message shows it, with a space before it; empty when it is not plainly a path: it may be the secret itself. */
export function shownPath(path: string): string {
  // The lines after a quote that was forgotten are other settings, with their secrets.
  if (/[\r\n]/.test(path)) return ' of more than one line (is a quote not closed?)';
  const isPath = /^(\.{0,2}[\\/]|[A-Za-z]:[\\/])/.test(path) || (/\.\w{1,5}$/.test(path) && !mayBeSecret(path));
  return isPath ? ` ${printable(path)}` : '';
}

/** A name from a file as a message shows it; what does not look like a name may be the line with the secret. */
export function shownName(name: string): string {
  return /^\w{1,60}$/.test(name) ? name : 'a name with other characters than letters, digits and _';
}

/** Control characters and line separators as escapes: a message is one line. Backslashes stay single, as paths have them. */
function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
