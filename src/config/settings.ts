import type { z } from 'zod';
import { usageDimensions } from '../model/usage-dimensions.ts';
import { logLevels } from '../telemetry/log.ts';
import { compatibilities } from './compatibility.ts';
import { duration, headerText, httpAddress, listOf, oneOf, path, text, url } from './kinds.ts';

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
export const groups = ['claude.ai', 'Claude Platform organization', 'OpenRouter', 'Agent'] as const;
type Group = (typeof groups)[number];

const upstream = url({ plainOnlyOnLoopback: true });

/**
 * Every setting of the agent's own. The standard's `OTEL_*` variables are in otel-variables.ts.
 */
export const settings = {
  COOKIEJAR_URL: {
    schema: url({ noPath: true }),
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
    schema: headerText.regex(/^(?!sessionKey=)[^;,\s]*$/, 'is not one cookie value; a whole Cookie header goes into CLAUDE_COOKIE'),
    secret: true,
    group: 'claude.ai',
    meaning: 'Value of the sessionKey cookie, in place of a cookie service.',
    example: 'sk-ant-sid01-...',
  },
  CLAUDE_COOKIE: {
    schema: headerText.regex(/^(cookie\s*:)?[^;:]*=/i, 'is not a Cookie header; write name=value; name=value'),
    secret: true,
    group: 'claude.ai',
    meaning: 'Whole Cookie header of a browser that is logged in, in place of a cookie service.',
    example: 'sessionKey=...; cf_clearance=...',
  },
  CLAUDE_COOKIE_NAMES: {
    schema: text
      .transform((names) => names.split(',').map((name) => name.trim()).filter((name) => name !== ''))
      .refine((names) => names.length > 0, 'names no cookie'),
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
    schema: headerText,
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
  ANTHROPIC_ADMIN_API_KEY: {
    schema: headerText.regex(/^\S*$/, 'has a space in it'),
    secret: true,
    group: 'Claude Platform organization',
    meaning: 'Admin API key of the organization whose usage and cost are read.',
    example: 'sk-ant-admin01-...',
  },
  ANTHROPIC_USAGE_POLL_INTERVAL: {
    schema: duration,
    default: '60s',
    floor: '60s',
    group: 'Claude Platform organization',
    meaning: 'Time between two reads of the usage report.',
  },
  ANTHROPIC_COST_POLL_INTERVAL: {
    schema: duration,
    default: '15m',
    floor: '5m',
    group: 'Claude Platform organization',
    meaning: 'Time between two reads of the cost report.',
  },
  ANTHROPIC_SLOW_POLL_INTERVAL: {
    schema: duration,
    default: '1h',
    floor: '15m',
    group: 'Claude Platform organization',
    meaning:
      'Time between two reads of what changes slowly: names of keys, people and workspaces, requests and cost by key (Analytics), Claude Code, rate limits.',
  },
  ANTHROPIC_ANALYTICS_BETA: {
    schema: headerText.regex(/^[\w.-]*(,\s*[\w.-]+)*$/, 'is no name of a beta'),
    default: 'analytics-usage-cost-2026-08-24',
    group: 'Claude Platform organization',
    meaning: 'Header anthropic-beta of requests to the Usage and Cost Analytics API.',
  },
  ANTHROPIC_USAGE_GROUP_BY: {
    schema: listOf(usageDimensions, { most: 5 }),
    default: 'model,api_key_id,workspace_id,service_tier,context_window',
    group: 'Claude Platform organization',
    meaning: `What usage is told apart by, each an attribute; one to five of ${usageDimensions.join(', ')}. Another choice starts new series.`,
  },
  ANTHROPIC_OWNER_ATTRIBUTES: {
    schema: oneOf(['true', 'false'] as const),
    default: 'true',
    group: 'Claude Platform organization',
    meaning: 'Whether names and e-mail addresses of people become attributes, of the keys’ owners and of Claude Code’s users: true or false.',
  },
  ANTHROPIC_ADMIN_BASE_URL: {
    schema: upstream,
    default: 'https://api.anthropic.com',
    group: 'Claude Platform organization',
    meaning: 'Where the Admin API is; /v1/… is added. Not ANTHROPIC_BASE_URL, whose gateway must never see an Admin key.',
  },
  OPENROUTER_API_KEY: {
    schema: headerText.regex(/^\S*$/, 'has a space in it'),
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
  STATE_DIR: {
    schema: path,
    group: 'Agent',
    meaning:
      'Folder in which is kept what was exported of an organization’s totals, so that none falls over a restart and no growth is sent twice or forgotten; unset: nothing is kept. One agent at a time; needed by `once` with delta temporality.',
    example: '/var/lib/claude-usage-metrics',
  },
  HTTP_ADDRESS: {
    schema: httpAddress,
    group: 'Agent',
    meaning:
      'Host and port where run listens for the status page, /healthz, /readyz and, if prometheus is in OTEL_METRICS_EXPORTER, /metrics; port 0 is any free one, none is no server. Unset: OTEL_EXPORTER_PROMETHEUS_HOST and OTEL_EXPORTER_PROMETHEUS_PORT, which default to 127.0.0.1:9464.',
    example: '127.0.0.1:9464',
  },
  STATUS_PAGE: {
    schema: oneOf(['true', 'false'] as const),
    group: 'Agent',
    meaning:
      'Whether the status page is there, at / of HTTP_ADDRESS: true or false. Unset: where only this machine reaches it. It asks for no password and shows windows, cost by model, workspace and key, and the state of sources.',
    example: 'true',
  },
  COMPATIBILITY: {
    schema: oneOf(compatibilities),
    group: 'Agent',
    meaning:
      'claude-prometheus-exporter: its settings (APIKEY, PROMETHEUS_PORT, PROMETHEUS_NAMESPACE, LOOP_INTERVAL, LOGGING_LEVEL, its JSON file) are understood, and its metric names are on /metrics; see docs/migrate.md.',
    example: 'claude-prometheus-exporter',
  },
  LOG_LEVEL: {
    schema: oneOf(logLevels),
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
