import { SourceError } from '../model/source-error.ts';
import { defaultLimits } from './limits.ts';

/** The text of a body. Takes a byte order mark off, which JSON.parse would not. */
export function decoded(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/**
 * Parses the body of an answer of 200.
 * @param body UTF-8. @param what names the request in messages.
 * @throws {SourceError} as {@link parseJson}, and `schema` when it says of itself that it is an error, in whatever shape.
 */
export function parseAnswer(body: Uint8Array, what: string): unknown {
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
 * @param body UTF-8. @param what names the request in messages.
 * @throws {SourceError} `schema` when it is not JSON (its text is not quoted), `too_large` when nested too deeply.
 */
export function parseJson(body: Uint8Array, what: string, depth: number = defaultLimits.depth): unknown {
  if (deeperThan(body, depth)) throw new SourceError('too_large', `${what} answered with JSON that nests more than ${depth} levels`);
  try {
    return JSON.parse(decoded(body)) as unknown;
  } catch {
    // The parser's own message quotes the body.
    throw new SourceError('schema', `${what} answered with something that is not JSON`);
  }
}

/** Counted on the bytes: a parsed value this deep would overflow whatever walks it. In UTF-8 no part of another character looks like a bracket. */
function deeperThan(body: Uint8Array, limit: number): boolean {
  let depth = 0;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i];
    if (byte === 0x22 /* " */) i = endOfString(body, i + 1);
    else if (byte === 0x5b /* [ */ || byte === 0x7b /* { */) {
      if (++depth > limit) return true;
    } else if (byte === 0x5d /* ] */ || byte === 0x7d /* } */) depth--;
  }
  return false;
}

/** Where the quotation mark stands that ends a string. */
function endOfString(body: Uint8Array, from: number): number {
  let i = from;
  while (i < body.length && body[i] !== 0x22 /* " */) i += body[i] === 0x5c /* \ */ ? 2 : 1;
  return i;
}
