import type { CookieProvider } from '../../../src/sources/cookies/provider.ts';
import { SourceError } from '../../../src/model/source-error.ts';
import { setCookies } from '../../support/canaries.ts';
import type { cookieFaults } from './schedule.ts';
import { disguised } from './secrets.ts';
import { waited } from './upstreams.ts';

/** A cookie service in memory. */
export function memoryCookies(options: {
  readonly cookies: () => string;
  readonly random: () => number;
  readonly fault: () => (typeof cookieFaults)[number] | undefined;
}): () => CookieProvider {
  const timedOut = (): never => {
    throw new SourceError('timeout', 'the cookie service did not answer in time');
  };
  return () => ({
    close: () => undefined,
    async fetch(signal) {
      const fault = options.fault();
      await waited(1 + 20 * options.random(), signal).catch(timedOut);
      switch (fault) {
        case undefined:
          return `${disguised(options.cookies())}; ${setCookies.slice(setCookies.indexOf('cf_clearance='))}`;
        case 'missing':
          throw new SourceError('credential_missing', 'the cookie service has no cookies');
        case 'unreachable':
          throw new SourceError('network', 'the cookie service cannot be reached');
        case 'hang':
          return waited(undefined, signal).then(timedOut, timedOut);
        case 'expired':
          return 'sessionKey=sk-ant-sid01-old; Domain=.claude.ai; Path=/';
        case 'nonsense':
          return '=; ; sessionKey=a\r\nb; \u0000';
      }
    },
  });
}
