import { attributeSet } from '../../model/attributes.ts';
import type { GaugePoint, ReadContext, Reading, Source } from '../../model/reading.ts';
import { SourceError } from '../../model/source-error.ts';
import { type CookieHeader, cookieHeader, parseCookies } from '../cookies/cookie-string.ts';
import type { CookieProvider } from '../cookies/provider.ts';
import { rememberRenewed } from '../../model/redaction.ts';
import type { ClaudeAiClient } from './client.ts';
import { chatOrganization } from './organization.ts';
import { readUsage } from './read.ts';

/** What the claude.ai source is made of. */
export interface ClaudeAiOptions {
  readonly account: string;
  readonly intervalMs: number;
  readonly client: ClaudeAiClient;
  readonly cookies: CookieProvider;
  /** Cookies that are sent on; `*` is all. */
  readonly cookieNames: readonly string[];
  /** Unset: the first organization with chat. */
  readonly organizationId?: string;
}

/** Usage windows, credits and pools of a Claude subscription. */
export function claudeAiSource(options: ClaudeAiOptions): Source {
  /** Found once a login; another login may be another account. */
  let found: { readonly session: string; readonly organizationId: string } | undefined;

  async function usage(cookies: CookieHeader, { signal, now }: ReadContext): Promise<unknown> {
    const request = { cookie: cookies.header, signal, now };
    if (options.organizationId !== undefined) return options.client.usage(options.organizationId, request);
    if (found?.session !== cookies.session) {
      found = { session: cookies.session, organizationId: chatOrganization(await options.client.organizations(request)) };
      return options.client.usage(found.organizationId, request);
    }
    try {
      return await options.client.usage(found.organizationId, request);
    } catch (error) {
      // Left, or gone: looked for again at the next read.
      if (error instanceof SourceError && (error.status === 403 || error.status === 404)) found = undefined;
      throw error;
    }
  }

  async function freshCookies({ signal, now }: ReadContext): Promise<CookieHeader> {
    const cookies = cookieHeader(parseCookies(await options.cookies.fetch(signal)), options.cookieNames, now);
    for (const value of cookies.values) rememberRenewed(value);
    return cookies;
  }

  return {
    id: 'claude-ai',
    account: options.account,
    intervalMs: options.intervalMs,
    async read(context: ReadContext): Promise<Reading> {
      let cookies = await freshCookies(context);
      let body: unknown;
      try {
        body = await usage(cookies, context);
      } catch (error) {
        if (!isRefusal(error)) throw error;
        // The browser may have renewed the session a moment ago.
        const renewed = await freshCookies(context).catch(() => undefined);
        if (renewed === undefined || renewed.session === cookies.session) throw error;
        cookies = renewed;
        body = await usage(cookies, context);
      }
      const reading = readUsage(body, context.now);
      return { ...reading, gauges: [...reading.gauges, ...expiryPoint(cookies)] };
    },
  };
}

function isRefusal(error: unknown): boolean {
  return error instanceof SourceError && error.reason === 'credential_expired';
}

function expiryPoint(cookies: CookieHeader): GaugePoint[] {
  const expiry = cookies.sessionExpiresAt;
  if (expiry === undefined) return [];
  return [
    {
      metric: 'claude.session.seconds_to_expiry',
      value: { kind: 'seconds_until', instant: expiry },
      attributes: attributeSet({}),
      validUntil: expiry,
    },
  ];
}
