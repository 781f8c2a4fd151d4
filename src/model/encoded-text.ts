import type { Place } from './place.ts';

/** Eight bytes are eleven characters of base64, with either alphabet, and sixteen of hex. */
const base64 = /[A-Za-z0-9+/_-]{11,}={0,2}/g;

/** Also as dumps write it, with something between the bytes. */
const hex = /[0-9A-Fa-f](?:[\s:x-]?[0-9A-Fa-f]){15,}/g;
const betweenBytes = /[\s:x-]/g;

interface Run extends Place {
  /** What it says, read from each of its first characters that can be a beginning: others may stand before it. */
  readonly said: string;
}

/**
 * Places of base64 and hex in a text that say something.
 * @param saysIt decides from what they say, of several together too.
 */
export function encodedPlaces(text: string, saysIt: (said: string) => boolean): Place[] {
  const runs = [...runsOf(text, base64, 'base64', 4), ...runsOf(text, hex, 'hex', 2)];
  // Nearly always nothing is there, and one look is cheaper than many.
  if (runs.length === 0 || !saysIt(runs.map(({ said }) => said).join('\n'))) return [];
  return runs.filter(({ said }) => saysIt(said)).sort((one, other) => one.start - other.start);
}

function runsOf(text: string, pattern: RegExp, encoding: 'base64' | 'hex', beginnings: number): Run[] {
  return Array.from(text.matchAll(pattern), ({ 0: run, index }) => {
    const digits = encoding === 'hex' ? run.replace(betweenBytes, '') : run;
    const readings = Array.from({ length: beginnings }, (_, skip) => Buffer.from(digits.slice(skip), encoding).toString());
    return { start: index, end: index + run.length, said: readings.join('\n') };
  });
}
