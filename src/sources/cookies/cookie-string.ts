import { parseSetCookie } from 'set-cookie-parser';
import { SourceError } from '../../model/source-error.ts';

/** A cookie as a jar holds it. */
export interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly expiresAt?: Date;
}

/** Longest cookie string that is looked at, and longest header that is sent, in characters. */
export const maxCookieCharacters = 64 * 1024;
const maxHeaderCharacters = 16 * 1024;

/** Attributes of a Set-Cookie string (RFC 6265 §4.1.1, and what browsers have added). */
const attributeNames = new Set([
  'expires',
  'max-age',
  'domain',
  'path',
  'secure',
  'httponly',
  'samesite',
  'partitioned',
  'priority',
]);

const nameCharacters = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 6265 cookie-octets, and the space, comma and quote that browsers let through: no controls, nothing beyond ASCII, no `;` or `\`. */
const valueCharacters = /^[\x20-\x3a\x3c-\x5b\x5d-\x7e]*$/;

/**
 * The cookies of Set-Cookie strings joined by `; ` (what cookiejar-reader answers), or of a plain Cookie header: a piece
 * that is named like an attribute belongs to the cookie before it. Of a name that comes twice, the one that ends later.
 * @throws {SourceError} `schema` when a character stands in it that no header may carry; the text is not quoted.
 */
export function parseCookies(joined: string): Cookie[] {
  if (joined.length > maxCookieCharacters) {
    throw new SourceError('too_large', `the cookie string has more than ${maxCookieCharacters} characters`);
  }
  const cookies = new Map<string, Cookie>();
  for (const group of setCookieStrings(joined)) {
    const cookie = cookieOf(group);
    if (cookie === undefined) continue;
    const other = cookies.get(cookie.name);
    if (other === undefined || endOf(cookie) >= endOf(other)) cookies.set(cookie.name, cookie);
  }
  return [...cookies.values()];
}

function endOf(cookie: Cookie): number {
  return cookie.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY;
}

/** Puts the pieces of each cookie together again. */
function setCookieStrings(joined: string): string[] {
  const groups: string[] = [];
  for (const piece of joined.split(';')) {
    const text = piece.trim();
    if (text === '') continue;
    const name = text.split('=', 1)[0]?.trim().toLowerCase() ?? '';
    if (!attributeNames.has(name)) groups.push(text);
    else if (groups.length > 0) groups.push(`${groups.pop() ?? ''}; ${text}`);
  }
  return groups;
}

function cookieOf(setCookie: string): Cookie | undefined {
  const pair = setCookie.split(';', 1)[0] ?? '';
  if (!pair.includes('=')) return undefined;
  const [parsed] = parseSetCookie([setCookie], { decodeValues: false });
  if (parsed === undefined || parsed.name === '') return undefined;
  if (!nameCharacters.test(parsed.name) || !valueCharacters.test(parsed.value)) {
    throw new SourceError('schema', 'a cookie has characters that no header may carry');
  }
  const expiresAt = expiryOf(parsed.expires, parsed.maxAge);
  return { name: parsed.name, value: parsed.value, ...(expiresAt !== undefined && { expiresAt }) };
}

/** Max-Age counts from when the cookie was set, which the string does not say; only "already over" can be known from it. */
function expiryOf(expires: Date | undefined, maxAge: number | undefined): Date | undefined {
  if (maxAge !== undefined && maxAge <= 0) return new Date(0);
  return expires === undefined || Number.isNaN(expires.getTime()) ? undefined : expires;
}

/** A Cookie header that may be sent, and when its session ends. */
export interface CookieHeader {
  readonly header: string;
  /** What tells one login from another: the session cookie, or all cookies where there is none. Secret. */
  readonly session: string;
  /** Expiry of the session cookie, where the jar knows it. */
  readonly sessionExpiresAt?: Date;
}

/** The cookie that carries claude.ai's session. */
export const sessionCookie = 'sessionKey';

/**
 * The Cookie header for claude.ai: only cookies that are named (or all with `*`), none past its date, no attributes.
 * @throws {SourceError} `credential_missing` without a session cookie, `credential_expired` when it is past its date.
 */
export function cookieHeader(cookies: readonly Cookie[], names: readonly string[], now: Date): CookieHeader {
  const all = names.includes('*');
  const chosen = cookies.filter((cookie) => cookie.value !== '' && (all || names.includes(cookie.name)));
  const valid = chosen.filter((cookie) => cookie.expiresAt === undefined || cookie.expiresAt > now);
  const isSession = (cookie: Cookie): boolean => cookie.name === sessionCookie;
  if (chosen.length === 0) throw new SourceError('credential_missing', 'there is no cookie for claude.ai');
  if (valid.length === 0 || (chosen.some(isSession) && !valid.some(isSession))) {
    throw new SourceError('credential_expired', 'the cookies for claude.ai are past their date');
  }
  const session = valid.find(isSession);
  if (session === undefined && names.includes(sessionCookie)) {
    throw new SourceError('credential_missing', `there is no ${sessionCookie} among the cookies for claude.ai`);
  }
  const header = valid.map((cookie) => `${cookie.name}=${cookie.value}`).join('; ');
  if (header.length > maxHeaderCharacters) {
    throw new SourceError('too_large', `the cookies for claude.ai have more than ${maxHeaderCharacters} characters`);
  }
  return { header, session: session?.value ?? header, ...(session?.expiresAt !== undefined && { sessionExpiresAt: session.expiresAt }) };
}
