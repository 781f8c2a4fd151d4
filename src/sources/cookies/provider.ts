import type { Secret } from '../../model/secret.ts';
import { revealed } from '../credential.ts';
import { sessionCookie } from './cookie-string.ts';

/** Where cookies come from; each fetch is a fresh one. */
export interface CookieProvider {
  /**
   * The cookies for claude.ai as one string, in the form of {@link parseCookies}.
   * @throws {SourceError} with the reason of the provider's own fault.
   */
  fetch(signal: AbortSignal): Promise<string>;
  close(): void;
}

const what = 'the claude.ai cookie';

/** A whole Cookie header from the settings, also as it is copied from a browser, with the header's name before it. */
export function fixedCookies(cookie: Secret): CookieProvider {
  return {
    fetch: () => Promise.resolve().then(() => revealed(cookie, what).replace(/^\s*cookie:/i, '')),
    close: () => undefined,
  };
}

/** The session cookie alone from the settings. */
export function fixedSession(sessionKey: Secret): CookieProvider {
  return {
    fetch: () => Promise.resolve().then(() => `${sessionCookie}=${revealed(sessionKey, what)}`),
    close: () => undefined,
  };
}
