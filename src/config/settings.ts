import { z } from 'zod';
import { logLevels } from '../telemetry/log.ts';
import { parseDuration } from './duration.ts';

/** One row of the table of settings; help, docs/configuration.md and .env.example are made from it. */
export interface Setting<T> {
  /** Checks and converts the text of the setting; its messages go after the setting's name. */
  readonly schema: z.ZodType<T, string>;
  /** Text used when the setting is absent or empty. */
  readonly default?: string;
  /** Lowest duration, unless the upstream is on loopback. */
  readonly floor?: string;
  /** May also be given as NAME_FILE, is read at each use, and is never printed. */
  readonly secret?: true;
  readonly group: Group;
  readonly meaning: string;
  /** A value for .env.example, where the default does not show the form. */
  readonly example?: string;
}

/** Headings of the table, in order. */
export const groups = ['claude.ai', 'OpenRouter', 'Agent'] as const;
type Group = (typeof groups)[number];

const text = z.string().trim();

const duration = text.transform((value, context) => {
  const milliseconds = parseDuration(value);
  if (milliseconds !== undefined) return milliseconds;
  context.addIssue({ code: 'custom', message: 'is not a duration; write a number and ms, s, m or h, for example 90s' });
  return z.NEVER;
});

function isLoopback(url: URL): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
}

/** Whether an address is this machine's own. */
export const loopback = isLoopback;

function url(options: { readonly plainOnlyOnLoopback: boolean }): z.ZodType<URL, string> {
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
    if (options.plainOnlyOnLoopback && parsed.protocol === 'http:' && !isLoopback(parsed)) {
      return refuse('may be http:// on loopback only; use https://, credentials go there');
    }
    return parsed;
  });
}

const secret = z.string().trim().min(1);
const path = text;
const upstream = url({ plainOnlyOnLoopback: true });

/** Text that may stand in an HTTP header: a library would quote anything else in its error. */
const headerSecret = secret.regex(/^[\x20-\x7e]*$/, 'has characters that no header may carry');

/**
 * Every setting of the agent's own. The standard's `OTEL_*` variables are in otel-variables.ts.
 */
export const settings = {
  COOKIEJAR_URL: {
    schema: url({ plainOnlyOnLoopback: false }),
    group: 'claude.ai',
    meaning:
      'gRPC address of cookiejar-reader, asked for the cookies of .claude.ai at every read. https:// for TLS; http:// beyond loopback gives a warning.',
    example: 'http://cookiejar-reader:50051',
  },
  COOKIEJAR_CERTIFICATE: {
    schema: path,
    group: 'claude.ai',
    meaning: 'PEM file of the authority that signed the cookie service’s certificate, if it is a private one.',
    example: '/certs/ca.pem',
  },
  COOKIEJAR_CLIENT_CERTIFICATE: {
    schema: path,
    group: 'claude.ai',
    meaning: 'PEM file of the client certificate for the cookie service; goes with COOKIEJAR_CLIENT_KEY.',
    example: '/certs/client.pem',
  },
  COOKIEJAR_CLIENT_KEY: {
    schema: path,
    group: 'claude.ai',
    meaning: 'PEM file of the client certificate’s key.',
    example: '/certs/client.key',
  },
  CLAUDE_SESSION_KEY: {
    schema: headerSecret.regex(/^[^;,\s]*$/, 'is not one cookie value'),
    secret: true,
    group: 'claude.ai',
    meaning: 'Value of the sessionKey cookie, in place of a cookie service.',
    example: 'sk-ant-sid01-...',
  },
  CLAUDE_COOKIE: {
    schema: headerSecret,
    secret: true,
    group: 'claude.ai',
    meaning: 'Whole Cookie header of a browser that is logged in, in place of a cookie service.',
    example: 'sessionKey=...; cf_clearance=...',
  },
  CLAUDE_COOKIE_NAMES: {
    schema: text.transform((names) => names.split(',').map((name) => name.trim()).filter((name) => name !== '')),
    default: 'sessionKey,sessionKeyLC,lastActiveOrg,cf_clearance,__cf_bm,_cfuvid,anthropic-device-id',
    group: 'claude.ai',
    meaning: 'Cookies that are sent on to claude.ai; * is all.',
  },
  CLAUDE_ORGANIZATION_ID: {
    schema: text.regex(/^[A-Za-z0-9-]+$/, 'is not an organization id (a UUID)'),
    group: 'claude.ai',
    meaning: 'Organization whose windows are read; unset: the first that has chat.',
    example: '00000000-0000-4000-8000-00000000000a',
  },
  CLAUDE_USER_AGENT: {
    schema: text.regex(/^[\x20-\x7e]+$/, 'has characters that no header may carry'),
    group: 'claude.ai',
    meaning:
      'User agent sent to claude.ai, for those whose cf_clearance is tied to a browser’s; unset: claude-usage-metrics/<version>.',
    example: 'Mozilla/5.0 ...',
  },
  CLAUDE_POLL_INTERVAL: {
    schema: duration,
    default: '120s',
    floor: '60s',
    group: 'claude.ai',
    meaning: 'Time between two reads of claude.ai.',
  },
  CLAUDE_AI_BASE_URL: {
    schema: upstream,
    default: 'https://claude.ai',
    group: 'claude.ai',
    meaning: 'Where claude.ai is; /api/… is added.',
  },
  OPENROUTER_API_KEY: {
    schema: headerSecret.regex(/^\S*$/, 'has a space in it'),
    secret: true,
    group: 'OpenRouter',
    meaning: 'OpenRouter key. Any key shows its own spend and cap; the account’s credits want a management key.',
    example: 'sk-or-v1-...',
  },
  OPENROUTER_POLL_INTERVAL: {
    schema: duration,
    default: '60s',
    floor: '60s',
    group: 'OpenRouter',
    meaning: 'Time between two reads of OpenRouter.',
  },
  OPENROUTER_ACCOUNT_BASE_URL: {
    schema: upstream,
    default: 'https://openrouter.ai/api/v1',
    group: 'OpenRouter',
    meaning: 'Where OpenRouter is; /key and /credits are added.',
  },
  ACCOUNT_NAME: {
    schema: text.regex(/^[^\p{C}]{1,64}$/u, 'must be 1 to 64 printable characters'),
    default: 'default',
    group: 'Agent',
    meaning: 'Name of the account in the attribute `account`.',
  },
  LOG_LEVEL: {
    schema: z.enum(logLevels, { error: `must be one of ${logLevels.join(', ')}` }),
    default: 'info',
    group: 'Agent',
    meaning: `How much is logged: ${logLevels.join(', ')}.`,
  },
} as const satisfies Readonly<Record<string, Setting<unknown>>>;

/** Name of a setting. */
export type SettingName = keyof typeof settings;

/** Checked values: what the schemas give, undefined where there is neither value nor default. */
export type SettingValue<Name extends SettingName> =
  | z.output<(typeof settings)[Name]['schema']>
  | ((typeof settings)[Name] extends { default: string } ? never : undefined);
