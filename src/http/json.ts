import { SourceError } from '../model/source-error.ts';
import { defaultLimits } from './limits.ts';

/** The text of a body. Takes a byte order mark off, which JSON.parse would not. */
export function decoded(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/**
 * Parses the body of an answer of 200.
 * @param what names the request in messages.
 * @throws {SourceError} as {@link parseJson}, and `schema` when it says of itself that it is an error, in whatever shape.
 */
export function parseAnswer(body: string, what: string): unknown {
  const json = parseJson(body, what);
  if (hasError(json)) throw new SourceError('schema', `${what} answered 200 with an error in its body`, { status: 200 });
  return json;
}

function hasError(json: unknown): boolean {
  if (typeof json !== 'object' || json === null) return false;
  return ('error' in json && Boolean(json.error)) || ('type' in json && json.type === 'error');
}

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
