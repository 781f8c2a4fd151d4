/**
 * Why a source could not be read: a closed set, and the only error text that becomes a metric attribute.
 * docs/troubleshooting.md has sign and meaning of each, made from {@link explanations}, and the remedies (remedies.ts).
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

/** What a person needs to know of a reason: how it shows, what it means. What to do depends on whom the source asks. */
export interface Explanation {
  readonly sign: string;
  readonly meaning: string;
}

/** The text behind every reason. */
export const explanations: Readonly<Record<Reason, Explanation>> = {
  credential_missing: {
    sign: 'No request is made: the cookie service answers NOT_FOUND, its answer has no session cookie, or the file of a credential cannot be read.',
    meaning: 'There is no credential to read this source with.',
  },
  credential_expired: {
    sign: '401, or 403 with account_session_invalid; or every cookie is past its own date.',
    meaning: 'The upstream no longer accepts this credential.',
  },
  forbidden: {
    sign: '403 without any mark of an expired session or a challenge.',
    meaning: 'The credential is accepted but may not read this.',
  },
  challenged: {
    sign: 'An HTML page with challenge marks in place of JSON, whatever its status.',
    meaning: 'The bot protection before the upstream wants a browser. The credential is probably fine.',
  },
  rate_limited: {
    sign: '429.',
    meaning: 'The upstream was asked too often, by this agent or by something else with the same account.',
  },
  timeout: {
    sign: 'No complete answer before the read’s deadline.',
    meaning: 'The upstream, the cookie service or the way to it is too slow.',
  },
  dns: {
    sign: 'The host name does not resolve.',
    meaning: 'A wrong name, or a resolver that does not answer.',
  },
  tls: {
    sign: 'The TLS handshake fails.',
    meaning: 'A certificate that is not trusted, expired or for another name; a client certificate that is asked for; or no TLS at the other end.',
  },
  network: {
    sign: 'Connection refused, reset or unreachable.',
    meaning: 'Nothing listens there, or the connection broke.',
  },
  upstream: {
    sign: 'A redirect, a 5xx, or a 4xx that has no reason of its own.',
    meaning: 'The upstream answered, but not with what was asked for.',
  },
  too_large: {
    sign: 'The answer is over the size, ratio or depth that the agent accepts.',
    meaning: 'Not the report that was asked for, or a hostile peer.',
  },
  schema: {
    sign: '200, but an error envelope, an HTML page, or a body with no part the agent knows.',
    meaning: 'The upstream changed its answer, or something else answered.',
  },
  internal: {
    sign: 'An error of the agent’s own.',
    meaning: 'A bug.',
  },
};
