import { isIP } from 'node:net';
import { z } from 'zod';
import { parseDuration } from './duration.ts';

/** Text without the white space around it. */
export const text = z.string().trim();

/** Path of a file, as the system writes it. */
export const path = text;

/** Milliseconds of a {@link parseDuration} text. */
export const duration = text.transform((value, context) => {
  const milliseconds = parseDuration(value);
  if (milliseconds !== undefined) return milliseconds;
  context.addIssue({ code: 'custom', message: 'is not a duration; write a number and ms, s, m or h, for example 90s' });
  return z.NEVER;
});

/** One of some words, in any case. */
export function oneOf<const Words extends readonly [string, ...string[]]>(words: Words): z.ZodType<Words[number], string> {
  return text.toLowerCase().pipe(z.enum(words, { error: `must be one of ${words.join(', ')}` }));
}

/** Some different ones of some words, in any case and order, with commas between them; given in the words' own order. */
export function listOf<Word extends string>(words: readonly Word[], { most }: { readonly most: number }): z.ZodType<readonly Word[], string> {
  return text.toLowerCase().transform((list, context) => {
    const chosen = list.split(',').map((word) => word.trim()).filter((word) => word !== '');
    const known = words.filter((word) => chosen.includes(word));
    if (known.length === chosen.length && known.length >= 1 && known.length <= most) return known;
    context.addIssue({ code: 'custom', message: `must be 1 to ${most} different ones of ${words.join(', ')}` });
    return z.NEVER;
  });
}

const printable = /^[\x20-\x7e]*$/;

/** Text that may stand in an HTTP header: a library would quote anything else in its error. */
export const headerText = text.regex(printable, 'has characters that no header may carry').min(1, 'is empty');

/** What an address may have. */
export interface UrlOptions {
  /** `http:` is for this machine only: credentials go there. */
  readonly plainOnlyOnLoopback?: true;
  readonly noPath?: true;
}

/** An absolute http or https address without user, query and fragment. */
export function url({ plainOnlyOnLoopback, noPath }: UrlOptions): z.ZodType<URL, string> {
  return text.transform((value, context) => {
    const refuse = (message: string): never => {
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    };
    if (!URL.canParse(value)) return refuse('is not a URL; write it with its scheme, for example https://host:port');
    const parsed = new URL(value);
    if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') return refuse('must begin with http:// or https://');
    if (parsed.username !== '' || parsed.password !== '') return refuse('must not have a user or password in it');
    if (parsed.search !== '' || parsed.hash !== '') return refuse('must not have a query or a fragment');
    if (noPath && parsed.pathname !== '/') return refuse('must not have a path');
    if (plainOnlyOnLoopback && parsed.protocol === 'http:' && !isLoopback(parsed)) {
      return refuse('may be http:// on loopback only; use https://, credentials go there');
    }
    return parsed;
  });
}

/** Where a server listens. */
export interface HttpAddress {
  /** Name or IP address, IPv6 without brackets. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

/** `host:port`, IPv6 in brackets, or `none`. */
export const httpAddress = text.transform((value, context): HttpAddress | 'none' => {
  if (value.toLowerCase() === 'none') return 'none';
  const [, name = '', digits = ''] = /^(.+):(\d{1,5})$/.exec(value) ?? [];
  const host = hostName(name);
  const port = Number(digits);
  if (host !== undefined && digits !== '' && port <= 65_535) return { host, port };
  context.addIssue({ code: 'custom', message: 'must be host:port, for example 127.0.0.1:9464 or [::1]:9464, or none' });
  return z.NEVER;
});

/** A name or an IP address, IPv6 in brackets or not; without them. Undefined: it is neither. */
export function hostName(name: string): string | undefined {
  const bare = /^\[(.+)\]$/.exec(name)?.[1];
  if (bare !== undefined) return isIP(bare) === 6 ? bare : undefined;
  return isIP(name) !== 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(name) ? name : undefined;
}

/** Whether an address is this machine's own. */
export function isLoopback({ hostname }: Pick<URL, 'hostname'>): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\]|::1)$/.test(hostname);
}
