import { SourceError } from '../model/source-error.ts';
import { mostLevels, mostValues } from './limits.ts';

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
 * @throws {SourceError} `schema` when it is not JSON (its text is not quoted), `too_large` when it nests too deeply or has too many
 *   values.
 */
export function parseJson(body: Uint8Array, what: string): unknown {
  const excess = excessOf(body);
  if (excess !== undefined) throw new SourceError('too_large', `${what} answered with JSON that ${excess}`);
  try {
    return JSON.parse(decoded(body)) as unknown;
  } catch {
    // The parser's own message quotes the body.
    throw new SourceError('schema', `${what} answered with something that is not JSON`);
  }
}

/** What is too much about a body; counted on its bytes, before any of it is made. In UTF-8 no part of another character looks like a bracket. */
function excessOf(body: Uint8Array): string | undefined {
  let levels = 0;
  let values = 1;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i];
    if (byte === 0x22 /* " */) i = endOfString(body, i + 1);
    else if (byte === 0x2c /* , */) values++;
    else if (byte === 0x5b /* [ */ || byte === 0x7b /* { */) {
      values++;
      if (++levels > mostLevels) return `nests more than ${mostLevels} levels`;
    } else if (byte === 0x5d /* ] */ || byte === 0x7d /* } */) levels--;
  }
  return values > mostValues ? `has more than ${mostValues} values` : undefined;
}

/** Where the quotation mark stands that ends a string. */
function endOfString(body: Uint8Array, from: number): number {
  let i = from;
  while (i < body.length && body[i] !== 0x22 /* " */) i += body[i] === 0x5c /* \ */ ? 2 : 1;
  return i;
}
