import { validateHeaderValue } from 'node:http';
import fc from 'fast-check';
import { expect } from 'vitest';
import { SourceError } from '../../../src/model/source-error.ts';
import { cookieHeader, parseCookies } from '../../../src/sources/cookies/cookie-string.ts';
import { fuzz } from '../../support/fuzz.ts';

const now = new Date('2026-10-02T12:00:00Z');
const attributeNames = ['expires', 'max-age', 'domain', 'path', 'secure', 'httponly', 'samesite', 'partitioned', 'priority'];

const printable = Array.from({ length: 95 }, (_, i) => String.fromCharCode(0x20 + i));
const nameCharacters = printable.filter((character) => !'()<>@,;:\\"/[]?={} '.includes(character));
const valueCharacters = printable.filter((character) => character !== ';');

const name = fc
  .oneof(
    { weight: 4, arbitrary: fc.string({ unit: fc.constantFrom(...nameCharacters), minLength: 1, maxLength: 20 }) },
    fc.constantFrom('sessionKey', 'cf_clearance', '__proto__', 'constructor', 'paths', 'Pathname', 'expire', 'max-ages'),
  )
  .filter((text) => !attributeNames.includes(text.toLowerCase()));
const value = fc
  .string({ unit: fc.constantFrom(...valueCharacters), minLength: 1, maxLength: 40 })
  .map((text) => text.trim())
  .filter((text) => text !== '');

/** A date of the cookie's end, and whether it is over; two seconds around now are left to the examples. */
const end = fc
  .oneof(
    fc.date({ min: new Date(0), max: new Date(now.getTime() - 1_000), noInvalidDate: true }),
    fc.date({ min: new Date(now.getTime() + 1_000), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }),
  )
  .map((date) => ({ attribute: `Expires=${date.toUTCString()}`, isOver: date < now }));
const lifetime = fc.oneof(
  { weight: 2, arbitrary: end },
  fc.constant({ attribute: 'Max-Age=0', isOver: true }),
  fc.constant({ attribute: 'Max-Age=3600', isOver: false }),
  fc.constant({ attribute: 'Expires=Session', isOver: false }),
);
const otherAttributes = fc.subarray(['Path=/', 'Domain=.claude.ai', 'HttpOnly', 'Secure', 'SameSite=Lax', 'Priority=High', 'Partitioned']);

/** A cookie, and how a jar writes it. */
const cookie = fc
  .record({ name, value, ends: fc.option(lifetime), others: otherAttributes, first: fc.boolean(), upper: fc.boolean() })
  .map(({ name: ofCookie, value: own, ends, others, first, upper }) => {
    const attributes = ends === null ? others : first ? [ends.attribute, ...others] : [...others, ends.attribute];
    const written = attributes.map((text) => (upper ? text.replace(/^[^=]*/, (key) => key.toUpperCase()) : text));
    return { name: ofCookie, value: own, isOver: ends?.isOver === true, written: [`${ofCookie}=${own}`, ...written].join('; ') };
  });
const jar = fc.uniqueArray(cookie, { selector: (one) => one.name, maxLength: 30 });

const chosen = fc.oneof(fc.constant<string[]>(['*']), fc.array(name, { maxLength: 3 }));

/** A jar comes back exactly: what is named and not over, in its order, without an attribute. */
fuzz('cookies of a jar', fc.tuple(jar, chosen), ([cookies, some]) => {
  const names = some.includes('*') ? some : [...some, ...cookies.filter((_, i) => i % 2 === 0).map((one) => one.name)];
  const named = cookies.filter((one) => names.includes('*') || names.includes(one.name));
  const isSession = (one: { readonly name: string }): boolean => one.name === 'sessionKey';
  const sent = named.filter(({ isOver }) => !isOver);
  const joined = cookies.map(({ written }) => written).join('; ');
  const header = (): string => cookieHeader(parseCookies(joined), names, now).header;
  if (named.length === 0) expect(header).toThrow(expect.objectContaining({ reason: 'credential_missing' }));
  else if (sent.length === 0 || (named.some(isSession) && !sent.some(isSession))) {
    expect(header).toThrow(expect.objectContaining({ reason: 'credential_expired' }));
  } else if (names.includes('sessionKey') && !sent.some(isSession)) {
    expect(header).toThrow(expect.objectContaining({ reason: 'credential_missing' }));
  } else {
    expect(header()).toBe(sent.map((one) => `${one.name}=${one.value}`).join('; '));
    validateHeaderValue('cookie', header());
  }
});

const nonsense = fc
  .array(
    fc.oneof(
      cookie.map(({ written }) => written),
      fc.string({ unit: 'binary' }),
      fc.constantFrom(';', '=', '; ', '\r\n', '\0', 'sessionKey=', 'Path=/', 'Expires=', 'Max-Age=', 'é', '"', ','),
    ),
  )
  .map((pieces) => pieces.join(''));

/** Any text at all gives a header that may be sent, without an attribute, or an error that does not quote it. */
fuzz('cookies of any text', fc.tuple(nonsense, fc.constantFrom<string[]>(['*'], ['sessionKey', 'cf_clearance'])), ([joined, names]) => {
  try {
    const { header } = cookieHeader(parseCookies(joined), names, now);
    validateHeaderValue('cookie', header);
    const sent = header.split('; ').map((pair) => pair.split('=', 1)[0]?.toLowerCase());
    expect(sent.filter((one) => one === undefined || attributeNames.includes(one))).toEqual([]);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    expect(error.message).toMatch(/^(there is no|the cookies? )[a-zA-Z0-9. ]+$/);
  }
});
