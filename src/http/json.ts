import { SourceError } from '../model/source-error.ts';
import { defaultLimits } from './limits.ts';

/**
 * Parses a body of JSON.
 * @param what names the request in messages.
 * @throws {SourceError} `schema` when it is not JSON (its text is not quoted), `too_large` when nested too deeply.
 */
export function parseJson(body: string, what: string, depth: number = defaultLimits.depth): unknown {
  if (deeperThan(body, depth)) throw new SourceError('too_large', `${what} answered with JSON that nests more than ${depth} levels`);
  try {
    return JSON.parse(body) as unknown;
  } catch {
    // The parser's own message quotes the body.
    throw new SourceError('schema', `${what} answered with something that is not JSON`);
  }
}

/** Counted on the text: a parsed value this deep would overflow whatever walks it. */
function deeperThan(body: string, limit: number): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < body.length; i++) {
    const char = body.charCodeAt(i);
    if (inString) {
      if (char === 0x5c /* \ */) i++;
      else if (char === 0x22 /* " */) inString = false;
    } else if (char === 0x22) inString = true;
    else if (char === 0x5b /* [ */ || char === 0x7b /* { */) {
      if (++depth > limit) return true;
    } else if (char === 0x5d /* ] */ || char === 0x7d /* } */) depth--;
  }
  return false;
}
