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
  const readings: readonly (readonly [Leak['form'], string])[] = [
    ['plain', text.toLowerCase()],
    ['base64', runs(text, /[A-Za-z0-9+/_-]{11,}/g).flatMap((run) => [0, 1, 2, 3].map((skip) => decoded(run.slice(skip), 'base64'))).join('\n')],
    ['hex', runs(text, /[0-9A-Fa-f]{16,}/g).flatMap((run) => [0, 1].map((skip) => decoded(run.slice(skip), 'hex'))).join('\n')],
  ];
  return canaries.flatMap(({ name }) => {
    const pieces = [headOf(name), coreOf(name)].flatMap(piecesOf);
    return readings.flatMap(([form, reading]) => {
      const piece = pieces.find((candidate) => reading.includes(candidate));
      if (piece === undefined) return [];
      const at = reading.indexOf(piece);
      return [{ secret: name, form, excerpt: reading.slice(Math.max(0, at - 80), at + 80) }];
    });
  });
}

function piecesOf(core: string): string[] {
  return Array.from({ length: core.length - pieceLength + 1 }, (_, at) => core.slice(at, at + pieceLength));
}

/** Each once: a log says the same over and over. */
function runs(text: string, pattern: RegExp): string[] {
  return [...new Set(text.match(pattern))];
}

function decoded(run: string, encoding: 'base64' | 'hex'): string {
  return Buffer.from(run, encoding).toString('latin1').toLowerCase();
}
