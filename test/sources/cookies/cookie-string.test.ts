import { validateHeaderValue } from 'node:http';
import { expect, test } from 'vitest';
import { cookieHeader, parseCookies } from '../../../src/sources/cookies/cookie-string.ts';

const now = new Date('2026-10-02T12:00:00Z');
const future = 'Expires=Fri, 30 Oct 2026 12:00:00 GMT';
const past = 'Expires=Fri, 02 Oct 2026 11:59:59 GMT';

function header(joined: string, names = ['*']): string {
  return cookieHeader(parseCookies(joined), names, now).header;
}

test.each([
  ['a Cookie header', 'a=1; b=2', 'a=1; b=2'],
  ['attributes of every kind', `a=1; Path=/; Domain=.claude.ai; ${future}; Max-Age=9; HttpOnly; Secure; SameSite=None; Partitioned; Priority=High; b=2`, 'a=1; b=2'],
  ['attributes in any case, spaced', 'a=1;PATH=/;  secure ;sameSITE = lax;b=2', 'a=1; b=2'],
  ['http.Cookie of Go', `a="x y"; Path=/; Domain=claude.ai; ${future}; HttpOnly; Secure; SameSite=Lax; b=2; Path=/`, 'a="x y"; b=2'],
  ['empty pieces', ';; a=1;;; ; b=2;', 'a=1; b=2'],
  ['attributes before any cookie', 'Path=/; Secure; a=1', 'a=1'],
  ['a flag that is not known', 'a=1; Quantum; b=2', 'a=1; b=2'],
  ['values with = in them', 'a=b=c==; d==', 'a=b=c==; d=='],
  ['no name, no value', '=1; a=; b=2', 'b=2'],
  ['spaces around', ' a = 1 ;\tb=2\r\n', 'a=1; b=2'],
  ['names of the prototype', '__proto__=1; constructor=2; toString=3', '__proto__=1; constructor=2; toString=3'],
  ['a value that is a date', 'a=Wed, 21 Oct 2026 07:28:00 GMT', 'a=Wed, 21 Oct 2026 07:28:00 GMT'],
])('%s', (_what, joined, expected) => expect(header(joined)).toBe(expected));

test('a cookie that is named like an attribute belongs to the one before it, and is not sent', () => {
  expect(header('a=1; path=secret; domain=secret; b=2')).toBe('a=1; b=2');
});

test.each([
  [past],
  ['expires=Fri, 02-Oct-2026 11:59:59 GMT'],
  ['Expires=Friday, 02-Oct-26 11:59:59 GMT'],
  ['Expires=Fri, 02 Oct 2026 12:00:00 GMT'],
  ['Expires=Thu, 01 Jan 1970 00:00:00 GMT'],
  ['Expires=Fri, 02 Oct 2026 13:59:59 +0200'],
  ['Expires=2026-10-02T11:59:59Z'],
  ['Expires=2026-10-02T13:59:59.5+02:00'],
  ['Expires=Fri Oct  2 11:59:59 2026'],
  ['Max-Age=0'],
  ['Max-Age=-1'],
  [`Max-Age=0; ${future}`],
  [`${future}; Max-Age=0`],
  [`${past}; Max-Age=3600`],
  ['Quantum; Max-Age=0'],
])('a cookie with %s is not sent', (attribute) => {
  expect(header(`a=1; Path=/; ${attribute}; Secure; b=2`)).toBe('b=2');
});

test.each([
  [future],
  ['Expires=Fri, 02 Oct 2026 12:00:01 GMT'],
  ['Expires=Fri, 02 Oct 2026 14:00:01 +0200'],
  ['Expires=2026-10-02T12:00:01Z'],
  ['Expires=Fri Oct  2 12:00:01 2026'],
  ['Expires=Fri, 31 Dec 9999 23:59:59 GMT'],
  ['Max-Age=3600'],
  // Not a date (RFC 6265 §5.1.1): the cookie lives as long as its session.
  ['Expires='],
  ['Expires=0'],
  ['Expires=1'],
  ['Expires=Session 12'],
  ['Expires=Fri, 99 Xyz 1999 99:99:99 GMT'],
  ['Max-Age=soon'],
])('a cookie with %s is sent', (attribute) => {
  expect(header(`a=1; Path=/; ${attribute}; Secure; b=2`)).toBe('a=1; b=2');
});

test('of a name that comes twice the one that ends later is sent', () => {
  expect(header(`a=new; ${future}; a=old; ${past}`)).toBe('a=new');
  expect(header(`a=old; ${past}; a=new; ${future}`)).toBe('a=new');
  expect(header(`a=bounded; ${future}; a=open`)).toBe('a=open');
  expect(header('a=first; a=second')).toBe('a=second');
  expect(header(`a=1; ${future}; a=`)).toBe('a=1');
});

test('only cookies that are named are sent', () => {
  const jar = `_ga=1; sessionKey=s; ${future}; cf_clearance=c; intercom=2`;
  const chosen = cookieHeader(parseCookies(jar), ['cf_clearance', 'sessionKey', 'absent'], now);
  expect(chosen).toEqual({
    header: 'sessionKey=s; cf_clearance=c',
    values: ['s', 'c'],
    session: 's',
    sessionExpiresAt: new Date('2026-10-30T12:00:00Z'),
  });
  expect(header('sessionkey=s; sessionKey=S', ['sessionKey'])).toBe('sessionKey=S');
});

test('what tells one login from another is the session, or all cookies where there is none', () => {
  const session = (joined: string, names: string[]): string => cookieHeader(parseCookies(joined), names, now).session;
  expect(session('sessionKey=s; a=1', ['*'])).toBe('s');
  expect(session('a=1; b=2', ['a', 'b'])).toBe('a=1; b=2');
});

test.each([
  ['', ['sessionKey'], 'credential_missing'],
  [' ; ;', ['*'], 'credential_missing'],
  ['_ga=1', ['sessionKey'], 'credential_missing'],
  ['sessionKey=', ['sessionKey'], 'credential_missing'],
  ['cf_clearance=1', ['sessionKey', 'cf_clearance'], 'credential_missing'],
  [`a=1; ${past}; b=2; Max-Age=0`, ['*'], 'credential_expired'],
  [`sessionKey=s; ${past}; cf_clearance=1`, ['sessionKey', 'cf_clearance'], 'credential_expired'],
  [`sessionKey=s; ${past}`, ['*'], 'credential_expired'],
  [`sessionKey=${'s'.repeat(17_000)}`, ['*'], 'too_large'],
  [`sessionKey=s; _ga=${'s'.repeat(65_000)};;;;;;;;;;;;${' '.repeat(600)}`, ['sessionKey'], 'too_large'],
])('%# %s', (joined, names, reason) => {
  expect(() => header(joined, names)).toThrow(expect.objectContaining({ reason }));
});

const breaks = ['\r\nX-Injected: 1', '\n', '\r', '\0', '\u007f', '\u00e9', '\u2028', '\ud83d\ude00', '\ud800', '\ufffd'];

test.each(breaks)('a session with %j in it is refused before any library sees it, and not quoted', (character) => {
  const joined = `sessionKey=sk-ant-${character}-fake; b=2`;
  try {
    header(joined);
    expect.unreachable();
  } catch (error) {
    expect(error).toMatchObject({ name: 'SourceError', reason: 'schema' });
    expect(String(error)).not.toContain('sk-ant');
  }
});

test.each(breaks)('another cookie with %j in it is left out', (character) => {
  expect(header(`a=x${character}y; b${character}b=3; sessionKey=s`)).toBe('sessionKey=s');
  validateHeaderValue('cookie', header(`a=x${character}y; b${character}b=3; sessionKey=s`));
});
