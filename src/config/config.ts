import { readFileSync } from 'node:fs';
import type { Secret } from '../model/secret.ts';
import { rememberSecret } from '../model/secret.ts';
import type { LogLevel } from '../telemetry/log.ts';
import { Checked } from './check.ts';
import { ConfigError } from './config-error.ts';
import { honoured } from './otel-variables.ts';
import { type OtlpTarget, milliseconds, otlpTarget } from './otlp.ts';
import { loopback, settings } from './settings.ts';
import { type Origins, type RawSettings, collect, readConfigFile } from './sources-of-settings.ts';

/** Where the cookies for claude.ai come from. */
export type CookieOrigin =
  | {
      readonly kind: 'cookiejar';
      readonly url: URL;
      readonly certificate?: string;
      readonly clientCertificate?: string;
      readonly clientKey?: string;
    }
  | { readonly kind: 'session'; readonly secret: Secret }
  | { readonly kind: 'cookie'; readonly secret: Secret };

/** Settings of the claude.ai source. */
export interface ClaudeAiConfig {
  readonly cookies: CookieOrigin;
  readonly cookieNames: readonly string[];
  readonly organizationId?: string;
  readonly userAgent?: string;
  readonly intervalMs: number;
  readonly baseUrl: URL;
}

/** Settings of the OpenRouter source. */
export interface OpenRouterConfig {
  readonly apiKey: Secret;
  readonly intervalMs: number;
  readonly baseUrl: URL;
}

/** Where the metrics go. */
export interface ExportConfig {
  readonly otlp?: OtlpTarget;
  readonly console: boolean;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/** Everything that was set, checked. */
export interface Config {
  readonly claudeAi?: ClaudeAiConfig;
  readonly openRouter?: OpenRouterConfig;
  readonly account: string;
  readonly export: ExportConfig;
  readonly disabled: boolean;
  readonly logLevel: LogLevel;
  /** Things to say once at start. */
  readonly warnings: readonly string[];
  /** The standard's variables of all origins; the SDK reads them from the process environment. */
  readonly otelVariables: RawSettings;
}

/**
 * Reads and checks every setting.
 * @throws {ConfigError} with all that is wrong, one line each; also when no source is configured.
 */
export function loadConfig(origins: Origins): Config {
  const raw = collect(origins);
  const problems: string[] = [];
  const warnings: string[] = [];
  const checked = new Checked(raw, problems);
  const otelVariables = standardVariables(raw, problems, warnings);
  const claudeAi = claudeAiConfig(checked, problems, warnings);
  const openRouter = openRouterConfig(checked);
  const config: Config = {
    ...(claudeAi && { claudeAi }),
    ...(openRouter && { openRouter }),
    account: checked.value('ACCOUNT_NAME') ?? settings.ACCOUNT_NAME.default,
    export: exportConfig(otelVariables, problems),
    disabled: otelVariables['OTEL_SDK_DISABLED']?.toLowerCase() === 'true',
    logLevel: checked.value('LOG_LEVEL') ?? settings.LOG_LEVEL.default,
    warnings,
    otelVariables,
  };
  unknownNames(origins, problems);
  if (problems.length === 0 && config.claudeAi === undefined && config.openRouter === undefined) {
    problems.push(
      'nothing to read is configured: set COOKIEJAR_URL, CLAUDE_SESSION_KEY or CLAUDE_COOKIE for claude.ai, or OPENROUTER_API_KEY for OpenRouter',
      'to see it work without an account: claude-usage-metrics demo',
    );
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

function claudeAiConfig(checked: Checked, problems: string[], warnings: string[]): ClaudeAiConfig | undefined {
  const cookies = cookieOrigin(checked, problems, warnings);
  const baseUrl = checked.value('CLAUDE_AI_BASE_URL');
  const intervalMs = checked.interval('CLAUDE_POLL_INTERVAL', baseUrl);
  const cookieNames = checked.value('CLAUDE_COOKIE_NAMES');
  const organizationId = checked.value('CLAUDE_ORGANIZATION_ID');
  const userAgent = checked.value('CLAUDE_USER_AGENT');
  if (cookies === undefined || baseUrl === undefined || cookieNames === undefined) return undefined;
  return {
    cookies,
    cookieNames,
    ...(organizationId !== undefined && { organizationId }),
    ...(userAgent !== undefined && { userAgent }),
    intervalMs,
    baseUrl,
  };
}

function cookieOrigin(checked: Checked, problems: string[], warnings: string[]): CookieOrigin | undefined {
  const names = (['COOKIEJAR_URL', 'CLAUDE_SESSION_KEY', 'CLAUDE_COOKIE'] as const).filter((name) => checked.given(name));
  if (names.length > 1) {
    problems.push(`${names.join(' and ')} are both given; cookies come from one of them`);
    return undefined;
  }
  const url = checked.value('COOKIEJAR_URL');
  if (url !== undefined) return { kind: 'cookiejar', url, ...cookiejarFiles(checked, url, problems, warnings) };
  const session = checked.secret('CLAUDE_SESSION_KEY');
  if (session !== undefined) return { kind: 'session', secret: session };
  const cookie = checked.secret('CLAUDE_COOKIE');
  return cookie === undefined ? undefined : { kind: 'cookie', secret: cookie };
}

function cookiejarFiles(checked: Checked, url: URL, problems: string[], warnings: string[]): object {
  const certificate = checked.value('COOKIEJAR_CERTIFICATE');
  const clientCertificate = checked.value('COOKIEJAR_CLIENT_CERTIFICATE');
  const clientKey = checked.value('COOKIEJAR_CLIENT_KEY');
  if ((clientCertificate === undefined) !== (clientKey === undefined)) {
    problems.push('COOKIEJAR_CLIENT_CERTIFICATE and COOKIEJAR_CLIENT_KEY go together; one is missing');
  }
  const files = [certificate, clientCertificate, clientKey].filter((file) => file !== undefined);
  if (files.length > 0 && url.protocol !== 'https:') {
    problems.push('COOKIEJAR_URL is http:// but a certificate is set for it; write https://');
  }
  for (const file of files) {
    try {
      readFileSync(file);
    } catch {
      problems.push(`the certificate file ${file} for the cookie service cannot be read`);
    }
  }
  if (url.protocol === 'http:' && !loopback(url)) {
    warnings.push(`cookies come from ${url.host} without TLS; anyone on that network can read them`);
  }
  return {
    ...(certificate !== undefined && { certificate }),
    ...(clientCertificate !== undefined && { clientCertificate }),
    ...(clientKey !== undefined && { clientKey }),
  };
}

function openRouterConfig(checked: Checked): OpenRouterConfig | undefined {
  const apiKey = checked.secret('OPENROUTER_API_KEY');
  const baseUrl = checked.value('OPENROUTER_ACCOUNT_BASE_URL');
  const intervalMs = checked.interval('OPENROUTER_POLL_INTERVAL', baseUrl);
  return apiKey === undefined || baseUrl === undefined ? undefined : { apiKey, baseUrl, intervalMs };
}

function exportConfig(variables: RawSettings, problems: string[]): ExportConfig {
  const chosen = (variables['OTEL_METRICS_EXPORTER'] ?? 'otlp').split(',').map((name) => name.trim().toLowerCase());
  const unknown = chosen.filter((name) => !['otlp', 'console', 'none'].includes(name));
  if (unknown.length > 0) {
    problems.push(`OTEL_METRICS_EXPORTER may list otlp, console and none (${JSON.stringify(unknown.join(','))})`);
  }
  const otlp = chosen.includes('otlp') ? otlpTarget(variables, problems) : undefined;
  const intervalMs = milliseconds(variables, 'OTEL_METRIC_EXPORT_INTERVAL', problems) ?? 60_000;
  const timeoutMs = milliseconds(variables, 'OTEL_METRIC_EXPORT_TIMEOUT', problems) ?? 30_000;
  return {
    ...(otlp && { otlp }),
    console: chosen.includes('console'),
    intervalMs,
    timeoutMs: Math.min(timeoutMs, intervalMs),
  };
}

/** The `OTEL_*` variables that are set, files of secrets read in; says which of them are not honoured. */
function standardVariables(raw: RawSettings, problems: string[], warnings: string[]): RawSettings {
  const variables: Record<string, string> = {};
  const ignored: string[] = [];
  for (const [name, text] of Object.entries(raw)) {
    if (!name.startsWith('OTEL_')) continue;
    const variable = honoured.find((candidate) => candidate.name === name.replace(/_FILE$/, ''));
    if (variable === undefined || (name.endsWith('_FILE') && variable.secret !== true)) ignored.push(name);
    else if (name.endsWith('_FILE')) headersFile(name, variable.name, text, raw, variables, problems);
    else variables[name] = text;
    if (variable?.secret === true && !name.endsWith('_FILE')) rememberHeaders(text);
  }
  if (ignored.length > 0) warnings.push(`set, but not honoured by this agent: ${ignored.sort().join(', ')}`);
  const preference = variables['OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE']?.toLowerCase();
  if (preference !== undefined && preference !== 'cumulative') {
    warnings.push('OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: only cumulative is honoured');
  }
  return variables;
}

function headersFile(
  fileName: string,
  name: string,
  file: string,
  raw: RawSettings,
  variables: Record<string, string>,
  problems: string[],
): void {
  if (raw[name] !== undefined) {
    problems.push(`${name} and ${fileName} are both given; keep one`);
    return;
  }
  try {
    variables[name] = readFileSync(file, 'utf8').trim();
    rememberHeaders(variables[name]);
  } catch {
    problems.push(`${fileName} ${file} cannot be read`);
  }
}

function rememberHeaders(headers: string): void {
  for (const pair of headers.split(',')) rememberSecret(pair.slice(pair.indexOf('=') + 1).trim());
}

/** A misspelt name in a file of settings would else be silently without effect; the environment is full of other names. */
function unknownNames(origins: Origins, problems: string[]): void {
  if (origins.configFile === undefined) return;
  for (const name of Object.keys(readConfigFile(origins.configFile))) {
    const base = name.replace(/_FILE$/, '');
    if (!name.startsWith('OTEL_') && !(base in settings)) problems.push(`${name} in ${origins.configFile} is no setting`);
  }
}
