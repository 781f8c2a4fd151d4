/** A visibly fake secret with a core that is found in any text, whatever was done to it. */
export interface Canary {
  /** The setting or cookie that it was given as. */
  readonly name: string;
  /** The secret as it was given. */
  readonly value: string;
}

/** Shortest piece of a core that counts: half a secret is one too. */
const pieceLength = 10;

const coreLength = 24;

/**
 * A secret of this name. Around its core stand characters that JSON, URLs and base64 write in other ways.
 * @param prefix what a real one begins with.
 */
export function canary(name: string, prefix: string): Canary {
  return { name, value: `${prefix}"+%/${coreOf(name)}/%+"` };
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

/** Finds every canary of which ten characters in a row stand in a text: plain, escaped, in other letters, base64 or hex. */
export function scan(text: string, canaries: readonly Canary[]): Leak[] {
  const readings: readonly (readonly [Leak['form'], string])[] = [
    ['plain', text],
    ...runs(text, /[A-Za-z0-9+/_-]{16,}/g).flatMap((run) => [0, 1, 2, 3].map((skip) => ['base64', decoded(run.slice(skip), 'base64')] as const)),
    ...runs(text, /[0-9A-Fa-f]{20,}/g).flatMap((run) => [0, 1].map((skip) => ['hex', decoded(run.slice(skip), 'hex')] as const)),
  ];
  return canaries.flatMap(({ name }) => {
    const pieces = piecesOf(coreOf(name));
    return readings.flatMap(([form, reading]) => {
      const lower = reading.toLowerCase();
      const piece = pieces.find((candidate) => lower.includes(candidate));
      if (piece === undefined) return [];
      const at = lower.indexOf(piece);
      return [{ secret: name, form, excerpt: reading.slice(Math.max(0, at - 80), at + 80) }];
    });
  });
}

function piecesOf(core: string): string[] {
  return Array.from({ length: core.length - pieceLength + 1 }, (_, at) => core.slice(at, at + pieceLength));
}

function runs(text: string, pattern: RegExp): string[] {
  return text.match(pattern) ?? [];
}

function decoded(run: string, encoding: 'base64' | 'hex'): string {
  return Buffer.from(run, encoding).toString('latin1');
}
