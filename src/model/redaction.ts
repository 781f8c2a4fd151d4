/** Cookies are renewed every half hour; what is older than this many values is no longer looked for. */
const rememberedValues = 200;

/** Shorter values are no secrets, and would tear ordinary text apart. */
const shortestSecret = 8;

/** Each secret that became known in this process, with what finds it. */
const remembered = new Map<string, RegExp>();

/** Lets {@link redact} look for a value; the latest few hundred are looked for. */
export function rememberSecret(value: string): void {
  if (value.length < shortestSecret) return;
  const pattern = remembered.get(value) ?? patternOf(value);
  // Deleted first: what is in use moves to the end and is forgotten last.
  remembered.delete(value);
  remembered.set(value, pattern);
  if (remembered.size <= rememberedValues) return;
  const [oldest] = remembered.keys();
  if (oldest !== undefined) remembered.delete(oldest);
}

/**
 * Lets {@link redact} look for a credential as it was given, and for what of it an echo may show alone: each value of
 * `name=value` pairs, and what stands behind a scheme such as Bearer.
 */
export function rememberCredential(text: string): void {
  for (const whole of [text.trim(), ...text.split(/[;,]/)]) {
    const value = whole.slice(whole.indexOf('=') + 1).trim();
    for (const form of [whole.trim(), value, value.slice(value.lastIndexOf(' ') + 1)]) rememberSecret(form);
  }
}

/** Finds a value as it is, in letters of another case, and as JSON and URLs write it, also one in the other. */
function patternOf(value: string): RegExp {
  const characters = Array.from(value, (character) => {
    if (/[A-Za-z0-9]/.test(character)) return character;
    const hex = Array.from(Buffer.from(character), (byte) => `%(?:25)*${byte.toString(16).padStart(2, '0')}`).join('');
    const itself = `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
    return `(?:\\\\|%(?:25)*5c)*(?:${itself}|${hex})`;
  });
  return new RegExp(characters.join(''), 'giu');
}

/** The text without any secret that became known in this process. The last line of defence: nothing is meant to put one there. */
export function redact(text: string): string {
  let clean = text;
  for (const [value, pattern] of remembered) {
    if (value.length <= clean.length) clean = clean.replace(pattern, '[redacted]');
  }
  return clean;
}
