/**
 * Why a source could not be read: a closed set, and the only error text that becomes a metric attribute.
 * docs/troubleshooting.md has sign, meaning and remedy of each, made from {@link explanations}.
 */
export const reasons = [
  'credential_missing',
  'credential_expired',
  'forbidden',
  'challenged',
  'rate_limited',
  'timeout',
  'dns',
  'tls',
  'network',
  'upstream',
  'too_large',
  'schema',
  'internal',
] as const;

/** One of {@link reasons}. */
export type Reason = (typeof reasons)[number];

/** What a person needs to know of a reason: how it shows, what it means, what to do. */
export interface Explanation {
  readonly sign: string;
  readonly meaning: string;
  readonly remedy: string;
}

/** The text behind every reason; `check` prints the remedy, docs/troubleshooting.md all three. */
export const explanations: Readonly<Record<Reason, Explanation>> = {
  credential_missing: {
    sign: 'No request is made: the cookie service answers NOT_FOUND, its answer has no session cookie, or the file of a credential cannot be read.',
    meaning: 'There is no credential to read this source with.',
    remedy: 'Look at the setting that has the credential, or at the file it names; with a cookie service, log in to claude.ai in the browser that it watches.',
  },
  credential_expired: {
    sign: '401, or 403 with account_session_invalid; or every cookie is past its own date.',
    meaning: 'The upstream no longer accepts this credential.',
    remedy: 'Log in again, or replace the key. The agent picks a new one up by itself at its next read.',
  },
  forbidden: {
    sign: '403 without any mark of an expired session or a challenge.',
    meaning: 'The credential is accepted but may not read this.',
    remedy: 'Check CLAUDE_ORGANIZATION_ID, or use a key that has the right.',
  },
  challenged: {
    sign: 'An HTML page with challenge marks in place of JSON, whatever its status.',
    meaning: 'The bot protection before the upstream wants a browser. The credential is probably fine.',
    remedy:
      'Send the clearance cookie with the user agent of the browser that got it (CLAUDE_COOKIE_NAMES, CLAUDE_USER_AGENT), from the same address. Logging in again does not help.',
  },
  rate_limited: {
    sign: '429.',
    meaning: 'The upstream was asked too often, by this agent or by something else with the same account.',
    remedy: 'Wait; the agent keeps to Retry-After. If it comes back, raise the poll interval.',
  },
  timeout: {
    sign: 'No complete answer before the read’s deadline.',
    meaning: 'The upstream, the cookie service or the way to it is too slow.',
    remedy: 'Try the address from the same host with curl; look at proxies and firewalls in between.',
  },
  dns: {
    sign: 'The host name does not resolve.',
    meaning: 'A wrong name, or a resolver that does not answer.',
    remedy: 'Check the base URL or COOKIEJAR_URL, and the DNS of this host or container.',
  },
  tls: {
    sign: 'The TLS handshake fails.',
    meaning: 'A certificate that is not trusted, expired or for another name; a client certificate that is asked for; or no TLS at the other end.',
    remedy:
      'For a private authority set NODE_EXTRA_CA_CERTS (COOKIEJAR_CERTIFICATE for the cookie service, COOKIEJAR_CLIENT_CERTIFICATE where it asks for one).',
  },
  network: {
    sign: 'Connection refused, reset or unreachable.',
    meaning: 'Nothing listens there, or the connection broke.',
    remedy: 'Check address and port, and that the other end runs.',
  },
  upstream: {
    sign: 'A redirect, a 5xx, or a 4xx that has no reason of its own.',
    meaning: 'The upstream answered, but not with what was asked for.',
    remedy: 'Usually passes. If it stays, check the base URL and the organization id.',
  },
  too_large: {
    sign: 'The answer is over the size, ratio or depth that the agent accepts.',
    meaning: 'Not the report that was asked for, or a hostile peer.',
    remedy: 'Check the base URL and what stands between agent and upstream.',
  },
  schema: {
    sign: '200, but an error envelope, an HTML page, or a body with no part the agent knows.',
    meaning: 'The upstream changed its answer, or something else answered.',
    remedy: 'Check the address that was asked; else look for a newer version of the agent, and report the log line if there is none.',
  },
  internal: {
    sign: 'An error of the agent’s own.',
    meaning: 'A bug.',
    remedy: 'Report the log line.',
  },
};
