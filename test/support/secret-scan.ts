import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A visibly fake secret with a core that is found in any text, whatever was done to it. */
export interface Canary {
  /** The setting or cookie that it was given as. */
  readonly name: string;
  /** The secret as it was given. */
  readonly value: string;
}

/** Shortest piece that counts: the beginning that people print to tell keys apart is one too. */
const pieceLength = 8;

const headLength = 12;
const coreLength = 24;

/**
 * A secret of this name. Between its head and its core, and behind them, stand characters that JSON, URLs and base64 write in
 * other ways.
 * @param prefix what a real one begins with, which is no secret.
 */
export function canary(name: string, prefix = ''): Canary {
  return { name, value: `${prefix}${headOf(name)}"+%/${coreOf(name)}/%+"` };
}

function headOf(name: string): string {
  return coreOf(`head of ${name}`).slice(0, headLength);
}

/** The same for the same name; letters and digits alone, so that escapes leave it whole. */
function coreOf(name: string): string {
  let core = '';
  for (let seed = 7; core.length < coreLength; ) {
    for (const character of name) seed = (seed * 31 + character.charCodeAt(0)) % 2_147_483_647;
    core += seed.toString(36);
  }
  return core.slice(0, coreLength);
}

/** Where a secret was found, and in which form. */
export interface Leak {
  readonly secret: string;
  readonly form: 'plain' | 'base64' | 'hex';
  /** What surrounds it. */
  readonly excerpt: string;
}

/** Finds every canary of which eight characters in a row stand in a text: plain, escaped, in other letters, base64 or hex. */
export function scan(text: string, canaries: readonly Canary[]): Leak[] {
  const owners = new Map(canaries.flatMap(({ name }) => [headOf(name), coreOf(name)].flatMap(piecesOf).map((piece) => [piece, name] as const)));
  const readings: readonly (readonly [Leak['form'], string])[] = [
    ['plain', text.toLowerCase()],
    ['base64', runs(text, /[A-Za-z0-9+/_-]{11,}/g).flatMap((run) => [0, 1, 2, 3].map((skip) => decoded(run.slice(skip), 'base64'))).join('\n')],
    ['hex', runs(text, /[0-9A-Fa-f]{16,}/g).flatMap((run) => [0, 1].map((skip) => decoded(run.slice(skip), 'hex'))).join('\n')],
  ];
  const found = readings.map(([form, reading]) => [form, ownersIn(reading, owners)] as const);
  return canaries.flatMap(({ name }) =>
    found.flatMap(([form, excerpts]) => {
      const excerpt = excerpts.get(name);
      return excerpt === undefined ? [] : [{ secret: name, form, excerpt }];
    }),
  );
}

/** Those of which a piece stands in a text, with what surrounds the first. */
function ownersIn(text: string, owners: ReadonlyMap<string, string>): Map<string, string> {
  const found = new Map<string, string>();
  for (let at = 0; at + pieceLength <= text.length; at++) {
    const owner = owners.get(text.slice(at, at + pieceLength));
    if (owner !== undefined && !found.has(owner)) found.set(owner, text.slice(Math.max(0, at - 80), at + 80));
  }
  return found;
}

function piecesOf(core: string): string[] {
  return Array.from({ length: core.length - pieceLength + 1 }, (_, at) => core.slice(at, at + pieceLength));
}

/** Ways out of an agent. */
export const ways = ['log', 'pushes', 'spans', 'pages', 'state'] as const;

/** One of {@link ways}. */
export type Way = (typeof ways)[number];

/**
 * All that has left an agent, each word once: most of it is said over and over. No form of a secret that is searched for has white
 * space or `<` in it.
 */
export class Exits {
  readonly #words = new Map<Way, Set<string>>();

  /** A text, as it left; of any other value every text in it, keys too. */
  add(way: Way, value: unknown): void {
    const words = this.#words.get(way) ?? new Set<string>();
    this.#words.set(way, words);
    addTexts(value, words);
  }

  /** The ways by which something has left. */
  get used(): Way[] {
    return ways.filter((way) => (this.#words.get(way)?.size ?? 0) > 1);
  }

  /** As {@link scan}, with the way. */
  scan(canaries: readonly Canary[]): (Leak & { readonly way: Way })[] {
    return [...this.#words].flatMap(([way, words]) => scan([...words].join(' '), canaries).map((leak) => ({ way, ...leak })));
  }
}

/** Everything in a folder, names too. */
export function contentOf(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => entry.name + (entry.isFile() ? readFileSync(join(entry.parentPath, entry.name), 'latin1') : ''))
    .join('\n');
}

function addTexts(value: unknown, words: Set<string>): void {
  if (typeof value === 'string') {
    if (!words.has(value)) for (const word of value.split(/[\s<]+/)) words.add(word);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, part] of Object.entries(value)) {
      words.add(key);
      addTexts(part, words);
    }
  }
}

/** Each once: a log says the same over and over. */
function runs(text: string, pattern: RegExp): string[] {
  return [...new Set(text.match(pattern))];
}

function decoded(run: string, encoding: 'base64' | 'hex'): string {
  return Buffer.from(run, encoding).toString('latin1').toLowerCase();
}
