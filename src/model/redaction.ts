/** Cookies are renewed every half hour; what is older than this many values is no longer looked for. */
const rememberedValues = 200;

/** Shorter values are no secrets, and would tear ordinary text apart. */
const shortestSecret = 6;

/** Each secret that became known in this process, with the forms in which it may stand in a text. */
const remembered = new Map<string, readonly string[]>();

/** Lets {@link redact} look for a value; the latest few hundred are looked for. */
export function rememberSecret(value: string): void {
  if (value.length < shortestSecret) return;
  const forms = remembered.get(value) ?? formsOf(value);
  // Deleted first: what is in use moves to the end and is forgotten last.
  remembered.delete(value);
  remembered.set(value, forms);
  if (remembered.size <= rememberedValues) return;
  const [oldest] = remembered.keys();
  if (oldest !== undefined) remembered.delete(oldest);
}

/** As it is, and as JSON and URLs write it. */
function formsOf(value: string): readonly string[] {
  const encoded = encodeURIComponent(value.toWellFormed());
  return [...new Set([value, JSON.stringify(value).slice(1, -1), encoded])];
}

/** The text without any secret that became known in this process. The last line of defence: nothing is meant to put one there. */
export function redact(text: string): string {
  let clean = text;
  for (const forms of remembered.values()) {
    for (const form of forms) {
      if (form.length <= clean.length && clean.includes(form)) clean = clean.replaceAll(form, '[redacted]');
    }
  }
  return clean;
}
