import { asciiLower, fold, isFoldable } from './folding.ts';

/** Cookies are renewed every half hour; what is older than this many values is no longer looked for. */
const rememberedValues = 200;

/** Shorter values are no secrets, and would tear ordinary text apart. */
const shortestSecret = 8;

/** What finds a secret. */
interface Needle {
  /** As it was given, in small letters. */
  readonly plain: string;
  /** As {@link fold} gives it. */
  readonly folded: string;
}

/** Each secret that became known in this process, with what finds it. */
const remembered = new Map<string, Needle>();

/** Lets {@link redact} look for a value; the latest few hundred are looked for. */
export function rememberSecret(value: string): void {
  if (value.length < shortestSecret) return;
  const needle = remembered.get(value) ?? needleOf(value);
  // Deleted first: what is in use moves to the end and is forgotten last.
  remembered.delete(value);
  remembered.set(value, needle);
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

function needleOf(value: string): Needle {
  const folded = fold(value).characters;
  // JSON doubles a backslash; half of a pair that is left behind would end its string elsewhere.
  const plain = value.includes('\\') && folded.length >= shortestSecret ? '' : asciiLower(value);
  return { plain, folded };
}

/**
 * The text without any secret that became known in this process: as it is, in letters of another case, and as JSON and URLs
 * write it, also one in the other. The last line of defence: nothing is meant to put one there.
 */
export function redact(text: string): string {
  if (remembered.size === 0) return text;
  const needles = [...remembered.values()];
  const plain = placesOf(asciiLower(text), needles.map(({ plain }) => plain));
  const clean = without(text, plain.map(({ start, end }) => ({ start: beforeBackslashes(text, start), end })));
  if (!isFoldable(clean)) return clean;
  const { characters, starts, ends } = fold(clean);
  const places = placesOf(characters, needles.map(({ folded }) => folded));
  return without(clean, places.map(({ start, end }) => ({ start: starts[start] ?? 0, end: ends[end - 1] ?? clean.length })));
}

/** An escape belongs to the character behind it. */
function beforeBackslashes(text: string, start: number): number {
  let at = start;
  while (text[at - 1] === '\\') at--;
  return at;
}

/** A piece of a text, its end exclusive. */
interface Place {
  readonly start: number;
  readonly end: number;
}

function placesOf(text: string, needles: readonly string[]): Place[] {
  const places: Place[] = [];
  for (const needle of needles) {
      if (needle.length < shortestSecret) continue;
    for (let start = text.indexOf(needle); start !== -1; start = text.indexOf(needle, start + needle.length)) {
      places.push({ start, end: start + needle.length });
    }
  }
  return places.sort((a, b) => a.start - b.start);
}

/** With a word in place of each of the places, in order; of those that overlap in place of all. */
function without(text: string, places: readonly Place[]): string {
  let clean = '';
  let from = 0;
  for (const { start, end } of places) {
    if (start >= from) clean += `${text.slice(from, start)}[redacted]`;
    from = Math.max(from, end);
  }
  return clean + text.slice(from);
}
