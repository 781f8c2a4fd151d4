import { encodedPlaces } from './encoded-text.ts';
import { asciiLower, fold, isFoldable } from './folding.ts';
import type { Place } from './place.ts';

/** Cookies are renewed every half hour; of what is renewed no more than the latest so many values are looked for. */
const rememberedValues = 200;

/** Shorter values are no secrets, and would tear ordinary text apart. */
const shortestSecret = 8;

/** What finds a secret. */
interface Needle {
  /** As it was given, in small letters. */
  readonly plain: string;
  /** As {@link fold} gives it, in small letters. */
  readonly folded: string;
}

/** Secrets that last as long as the process, with what finds each. */
const lasting = new Map<string, Needle>();

/** Those that are renewed, in the order in which they were last in use. */
const renewed = new Map<string, Needle>();

/** Lets {@link redact} look for a value for as long as the process runs: for what the settings say themselves. */
export function rememberSecret(value: string): void {
  if (value.length >= shortestSecret && !lasting.has(value)) lasting.set(value, needleOf(value));
}

/** Lets {@link redact} look for a value that others will take the place of, and that is told again at each use: the latest few hundred are looked for. */
export function rememberRenewed(value: string): void {
  if (value.length < shortestSecret) return;
  const needle = renewed.get(value) ?? needleOf(value);
  // Deleted first: what is in use moves to the end and is forgotten last.
  renewed.delete(value);
  renewed.set(value, needle);
  if (renewed.size <= rememberedValues) return;
  const [oldest] = renewed.keys();
  if (oldest !== undefined) renewed.delete(oldest);
}

/**
 * Lets {@link redact} look for a credential as it was given, and for what of it an echo may show alone: each value of
 * `name=value` pairs, what stands behind a scheme such as Bearer, and the password of Basic (RFC 7617).
 * @param remember {@link rememberRenewed} for the content of a file.
 */
export function rememberCredential(text: string, remember = rememberSecret): void {
  for (const whole of [text.trim(), ...text.split(/[;,]/)]) {
    const value = whole.slice(whole.indexOf('=') + 1).trim();
    for (const form of [whole.trim(), value, value.slice(value.lastIndexOf(' ') + 1)]) remember(form);
    const basic = /\bbasic\s+([A-Za-z0-9+/_-]+)=*$/i.exec(whole.trim())?.[1];
    if (basic === undefined) continue;
    const pair = Buffer.from(basic, 'base64').toString();
    for (const form of [pair, pair.slice(pair.indexOf(':') + 1)]) remember(form);
  }
}

function needleOf(value: string): Needle {
  const folded = asciiLower(fold(value).characters);
  // JSON doubles a backslash; half of a pair that is left behind would end its string elsewhere.
  const plain = value.includes('\\') && folded.length >= shortestSecret ? '' : asciiLower(value);
  return { plain, folded };
}

/**
 * The text without any secret that became known in this process: as it is, in letters of another case, as JSON and URLs write it,
 * also one in the other, and within base64 or hex. The last line of defence: nothing is meant to put one there.
 */
export function redact(text: string): string {
  const needles = [...lasting.values(), ...renewed.values()];
  if (needles.length === 0) return text;
  const plain = placesOf(asciiLower(text), needles.map(({ plain }) => plain));
  const clean = without(text, plain.map(({ start, end }) => ({ start: beforeBackslashes(text, start), end })));
  if (!isFoldable(clean)) return without(clean, encodedPlaces(clean, (piece) => isSecret(piece, needles)));
  const { characters, starts, ends } = fold(clean);
  const folded = placesOf(asciiLower(characters), needles.map(({ folded }) => folded));
  const encoded = encodedPlaces(characters, (piece) => isSecret(piece, needles));
  const places = [...folded, ...encoded].sort((one, other) => one.start - other.start);
  return without(clean, places.map(({ start, end }) => ({ start: starts[start] ?? 0, end: ends[end - 1] ?? clean.length })));
}

/** What is base64 or hex by chance says nothing that can be printed. */
const unprintable = /[\0-\x1f\x7f\ufffd]+/;

/** Whether a secret stands in what was base64 or hex, also as JSON and URLs write it. */
function isSecret(said: string, needles: readonly Needle[]): boolean {
  const stands = (text: string): boolean => needles.some(({ plain, folded }) => holds(text, plain) || (folded !== plain && holds(text, folded)));
  if (stands(asciiLower(said))) return true;
  const escaped = said.split(unprintable).filter((piece) => piece.length >= shortestSecret && /[%\\]/.test(piece));
  return escaped.some((piece) => stands(asciiLower(fold(piece).characters)));
}

function holds(text: string, needle: string): boolean {
  return needle.length >= shortestSecret && text.includes(needle);
}

/** An escape belongs to the character behind it. */
function beforeBackslashes(text: string, start: number): number {
  let at = start;
  while (text[at - 1] === '\\') at--;
  return at;
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
