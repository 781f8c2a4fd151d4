import { SourceError } from '../../model/source-error.ts';

/** A cookie as a jar holds it. */
export interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly expiresAt?: Date;
}

/** Longest cookie string that is looked at, and longest header that is sent, in characters. */
export const maxCookieCharacters = 64 * 1024;
export const maxHeaderCharacters = 16 * 1024;

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

/**
 * The cookies of Set-Cookie strings joined by `; ` (what cookiejar-reader answers), or of a plain Cookie header: a piece
 * that is named like an attribute, or has no `=`, belongs to the cookie before it. Values stay as they stand, quotes
 * included, as a browser sends them (RFC 6265 §5.2); a cookie without a value is none. Of a name that comes twice, the one
 * that ends later. What may not be sent is sorted out by {@link cookieHeader}.
 * @throws {SourceError} `too_large`; the text is not quoted.
 */
export function parseCookies(joined: string): Cookie[] {
  if (joined.length > maxCookieCharacters) {
    throw new SourceError('too_large', `the cookie string has more than ${maxCookieCharacters} characters`);
  }
  const latest = new Map<string, Cookie>();
  for (const cookie of allCookies(joined)) {
    const other = latest.get(cookie.name);
    if (other === undefined || endOf(cookie) >= endOf(other)) latest.set(cookie.name, cookie);
  }
  return [...latest.values()];
}

function endOf(cookie: Cookie): number {
  return cookie.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY;
}

function allCookies(joined: string): Cookie[] {
  const cookies: { name: string; value: string; attributes: Map<string, string> }[] = [];
  for (const piece of joined.split(';')) {
    const [before = '', ...after] = piece.split('=');
    const name = before.trim();
    const value = after.join('=').trim();
    const attribute = name.toLowerCase();
    if (after.length > 0 && !attributeNames.has(attribute)) cookies.push({ name, value, attributes: new Map() });
    else cookies.at(-1)?.attributes.set(attribute, value);
  }
  return cookies
    .filter(({ name, value }) => name !== '' && value !== '')
    .map(({ name, value, attributes }) => ({ name, value, ...expiryOf(attributes) }));
}

/** Max-Age counts from when the cookie was set, which the string does not say; only "already over" can be known from it. */
function expiryOf(attributes: ReadonlyMap<string, string>): { readonly expiresAt?: Date } {
  if (/^(0+|-\d+)$/.test(attributes.get('max-age') ?? '')) return { expiresAt: new Date(0) };
  const expires = attributes.get('expires') ?? '';
  const date = new Date(asctime.test(expires) ? `${expires} GMT` : expires);
  const isDate = httpDate.test(expires) || isoDate.test(expires) || asctime.test(expires);
  return isDate && !Number.isNaN(date.getTime()) ? { expiresAt: date } : {};
}

/** The forms of a date that name their zone, or are GMT by RFC 9110; Date reads others as local time, or reads nonsense. */
const httpDate = /^([A-Za-z]+, )?\d{1,2}[ -][A-Za-z]{3}[ -](\d{2}|\d{4}) \d{2}:\d{2}:\d{2} (GMT|UTC|[+-]\d{4})$/;
const isoDate = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;
const asctime = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;

/** A Cookie header that may be sent, and when its session ends. */
export interface CookieHeader {
  readonly header: string;
  /** Values of the cookies in it. Secret. */
  readonly values: readonly string[];
  /** What tells one login from another: the session cookie, or all cookies where there is none. Secret. */
  readonly session: string;
  /** Expiry of the session cookie, where the jar knows it. */
  readonly sessionExpiresAt?: Date;
}

/** The cookie that carries claude.ai's session. */
export const sessionCookie = 'sessionKey';

/** Printable ASCII without what ends a name or a value: nothing that a header may not carry, or that a library would quote in its error. */
const sendableName = /^[!-:<>-~]+$/;
const sendableValue = /^[ -:<-~]+$/;

/**
 * The Cookie header for claude.ai: only cookies that are named (or all with `*`), none past its date, no attributes; one
 * with characters that no header may carry is left out.
 * @throws {SourceError} `credential_missing` without a session cookie, `credential_expired` when it is past its date,
 * `schema` when no header may carry it, `too_large`; no value is quoted.
 */
export function cookieHeader(cookies: readonly Cookie[], names: readonly string[], now: Date): CookieHeader {
  const chosen = cookies.filter(({ name }) => names.includes('*') || names.includes(name));
  if (chosen.length === 0) throw new SourceError('credential_missing', 'there is no cookie for claude.ai');
  const current = chosen.filter(({ expiresAt }) => expiresAt === undefined || expiresAt > now);
  const isSession = ({ name }: Cookie): boolean => name === sessionCookie;
  if (current.length === 0 || (chosen.some(isSession) && !current.some(isSession))) {
    throw new SourceError('credential_expired', 'the cookies for claude.ai are past their date');
  }
  if (names.includes(sessionCookie) && !current.some(isSession)) {
    throw new SourceError('credential_missing', `there is no ${sessionCookie} among the cookies for claude.ai`);
  }
  const sent = current.filter(({ name, value }) => sendableName.test(name) && sendableValue.test(value));
  const session = sent.find(isSession);
  if (sent.length === 0 || (session === undefined && current.some(isSession))) {
    throw new SourceError('schema', 'the cookies for claude.ai have characters that no header may carry');
  }
  const header = sent.map(({ name, value }) => `${name}=${value}`).join('; ');
  if (header.length > maxHeaderCharacters) {
    throw new SourceError('too_large', `the cookies for claude.ai have more than ${maxHeaderCharacters} characters`);
  }
  const ends = session?.expiresAt === undefined ? {} : { sessionExpiresAt: session.expiresAt };
  return { header, values: sent.map(({ value }) => value), session: session?.value ?? header, ...ends };
}
