import type { SourceId } from './reading.ts';
import type { Reason } from './reasons.ts';

/** Whom sources ask; what helps with one does not with another. */
export const upstreams = ['claude.ai', 'Admin API', 'OpenRouter'] as const;

/** One of {@link upstreams}. */
export type Upstream = (typeof upstreams)[number];

interface SettingsOfUpstream {
  /** Where it is asked. */
  readonly address: string;
  /** What it is asked with. */
  readonly credential: string;
  /** How often. */
  readonly interval: string;
}

const settingsOf: Readonly<Record<Upstream, SettingsOfUpstream>> = {
  'claude.ai': { address: 'CLAUDE_AI_BASE_URL', credential: 'CLAUDE_SESSION_KEY or CLAUDE_COOKIE', interval: 'CLAUDE_POLL_INTERVAL' },
  'Admin API': { address: 'ANTHROPIC_ADMIN_BASE_URL', credential: 'ANTHROPIC_ADMIN_API_KEY', interval: 'ANTHROPIC_USAGE_POLL_INTERVAL, ANTHROPIC_COST_POLL_INTERVAL or ANTHROPIC_SLOW_POLL_INTERVAL' },
  OpenRouter: { address: 'OPENROUTER_ACCOUNT_BASE_URL', credential: 'OPENROUTER_API_KEY', interval: 'OPENROUTER_POLL_INTERVAL' },
};

/** Where sources of one upstream have different ones. */
const ownIntervals: Readonly<Partial<Record<SourceId, string>>> = {
  'anthropic-usage': 'ANTHROPIC_USAGE_POLL_INTERVAL',
  'anthropic-cost': 'ANTHROPIC_COST_POLL_INTERVAL',
  'anthropic-analytics': 'ANTHROPIC_SLOW_POLL_INTERVAL',
  'anthropic-claude-code': 'ANTHROPIC_SLOW_POLL_INTERVAL',
  'anthropic-names': 'ANTHROPIC_SLOW_POLL_INTERVAL',
  'anthropic-limits': 'ANTHROPIC_SLOW_POLL_INTERVAL',
};

const look = 'Try the address from the same host with curl; look at proxies and firewalls in between.';
const replaceKey = 'Replace the key. From a file ({credential}_FILE) a new one is taken up at the next read; one in the environment needs a restart.';
const anotherWay = 'Ask from another network, or look at the proxy in between. Another key does not help.';

/** What to do, the same for every upstream or of each; names of settings in braces are the upstream’s own. */
const remedies: Readonly<Record<Reason, string | Readonly<Record<Upstream, string>>>> = {
  credential_missing: {
    'claude.ai': 'Look at {credential}, or at the file that one of them names; with a cookie service, log in to claude.ai in the browser that it watches.',
    'Admin API': 'Look at {credential}, or at the file that {credential}_FILE names.',
    OpenRouter: 'Look at {credential}, or at the file that {credential}_FILE names.',
  },
  credential_expired: {
    'claude.ai': 'Log in to claude.ai again. From a cookie service or a file the new session is taken up at the next read; one in the environment needs a restart.',
    'Admin API': replaceKey,
    OpenRouter: replaceKey,
  },
  forbidden: {
    'claude.ai': 'Check CLAUDE_ORGANIZATION_ID, and that this account may use the organization.',
    'Admin API': 'Use an Admin API key (sk-ant-admin…), which an administrator of the organization makes in the Console. Other keys may read none of this.',
    OpenRouter: 'Use a key that has the right; only a management key may read the account’s credits.',
  },
  challenged: {
    'claude.ai':
      'Send the clearance cookie with the user agent of the browser that got it (CLAUDE_COOKIE_NAMES, CLAUDE_USER_AGENT), from the same address. Logging in again does not help.',
    'Admin API': anotherWay,
    OpenRouter: anotherWay,
  },
  rate_limited: 'Wait; the agent keeps to Retry-After. If it comes back, raise {interval}.',
  timeout: {
    'claude.ai': `${look} The same goes for the cookie service.`,
    'Admin API': `${look} A large organization may need more time for a read: --timeout.`,
    OpenRouter: look,
  },
  dns: {
    'claude.ai': 'Check {address} or COOKIEJAR_URL, and the DNS of this host or container.',
    'Admin API': 'Check {address}, and the DNS of this host or container.',
    OpenRouter: 'Check {address}, and the DNS of this host or container.',
  },
  tls: {
    'claude.ai':
      'For a private authority set NODE_EXTRA_CA_CERTS (COOKIEJAR_CERTIFICATE for the cookie service, COOKIEJAR_CLIENT_CERTIFICATE where it asks for one).',
    'Admin API': 'For a private authority, such as that of a proxy that looks into TLS, set NODE_EXTRA_CA_CERTS.',
    OpenRouter: 'For a private authority, such as that of a proxy that looks into TLS, set NODE_EXTRA_CA_CERTS.',
  },
  network: {
    'claude.ai': 'Check {address} or COOKIEJAR_URL, and that the other end runs; look at proxies and firewalls in between.',
    'Admin API': 'Check {address}; look at proxies and firewalls in between.',
    OpenRouter: 'Check {address}; look at proxies and firewalls in between.',
  },
  upstream: {
    'claude.ai': 'Usually passes. If it stays, check {address} and CLAUDE_ORGANIZATION_ID.',
    'Admin API': 'Usually passes; after a 504 smaller pages are asked for. If it stays, check {address}, and this machine’s clock where the message names it.',
    OpenRouter: 'Usually passes. If it stays, check {address}.',
  },
  too_large: {
    'claude.ai': 'Check {address} and what stands between agent and upstream; where the message names the cookies, send fewer (CLAUDE_COOKIE_NAMES).',
    'Admin API': 'Check {address} and what stands between agent and upstream.',
    OpenRouter: 'Check {address} and what stands between agent and upstream.',
  },
  schema: 'Check {address}; else look for a newer version of the agent, and report the log line if there is none.',
  internal: 'Report the log line.',
};

/** What to do about a reason with one upstream. @param interval the setting that says how often it is asked. */
export function remedyAt(reason: Reason, upstream: Upstream, interval = settingsOf[upstream].interval): string {
  const remedy = remedies[reason];
  const { address, credential } = settingsOf[upstream];
  const text = typeof remedy === 'string' ? remedy : remedy[upstream];
  return text.replaceAll('{address}', address).replaceAll('{credential}', credential).replaceAll('{interval}', interval);
}

/** What to do about a reason when one source has it. */
export function remedyOf(reason: Reason, source: SourceId): string {
  return remedyAt(reason, upstreamOf(source), ownIntervals[source]);
}

function upstreamOf(source: SourceId): Upstream {
  if (source === 'claude-ai') return 'claude.ai';
  return source === 'openrouter' ? 'OpenRouter' : 'Admin API';
}
