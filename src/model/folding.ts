/** A text as {@link fold} gives it, and where in the text each of its characters comes from. */
export interface Folded {
  readonly characters: string;
  /** By character: where what stands for it begins, backslashes before it included, and where it ends. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** What stands at a place of a text. */
interface Unit {
  /** One character a byte of UTF-8. */
  readonly bytes: string;
  /** Characters that it takes. */
  readonly length: number;
}

const percentEscape = /%(?:25)*([0-9a-f]{2})/iy;
const unicodeEscape = /\\u([0-9a-f]{4})/iy;

/** Whether {@link fold} changes anything of a text. */
export function isFoldable(text: string): boolean {
  return /[%\\\u0080-\uffff]/.test(text);
}

/**
 * One form for all that JSON and URLs make of a text, also one in the other: escapes undone, backslashes left out, a character for
 * each byte of UTF-8, small letters where they are not ASCII. Takes time in proportion to the text, whatever it is: upstreams choose it.
 */
export function fold(text: string): Folded {
  let characters = '';
  const starts: number[] = [];
  const ends: number[] = [];
  let start = 0;
  for (let at = 0; at < text.length; ) {
    const { bytes, length } = unitAt(text, at);
    at += length;
    if (bytes === '\\') continue;
    characters += bytes;
    starts.push(...Array<number>(bytes.length).fill(start));
    ends.push(...Array<number>(bytes.length).fill(at));
    start = at;
  }
  return { characters, starts, ends };
}

function unitAt(text: string, at: number): Unit {
  const first = text[at];
  if (first === '%') {
    const [escape, hex] = matchAt(percentEscape, text, at);
    if (escape !== undefined && hex !== undefined) return { bytes: String.fromCharCode(Number.parseInt(hex, 16)), length: escape.length };
  }
  if (first === '\\') {
    const [escape, hex] = matchAt(unicodeEscape, text, at);
    if (escape !== undefined && hex !== undefined) return { bytes: utf8(String.fromCharCode(Number.parseInt(hex, 16))), length: escape.length };
  }
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  return { bytes: utf8(character), length: character.length };
}

function matchAt(pattern: RegExp, text: string, at: number): readonly (string | undefined)[] {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? [];
}

function utf8(character: string): string {
  if (character < '\u0080') return character;
  const small = character.toLowerCase();
  return small < '\u0080' ? small : Buffer.from(small).toString('latin1');
}

/** With small letters where there are others of A to Z; as long as it was. */
export function asciiLower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
