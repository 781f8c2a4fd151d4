import type { Secret } from '../model/secret.ts';
import type { UsageDimension } from '../model/usage-dimensions.ts';
import type { LogLevel } from '../telemetry/log.ts';
import { Checked } from './check.ts';
import { type CompatibilityConfig, withCompatibility } from './compatibility.ts';
import { ConfigError } from './config-error.ts';
import { type CookieOrigin, cookieOrigin } from './cookie-origin.ts';
import { type HttpConfig, httpConfig } from './http.ts';
import { otlpBackend } from './otlp-backend.ts';
import { type OtlpTarget, milliseconds } from './otlp.ts';
import { type Proxies, proxiesOf } from './proxies.ts';
import { settings } from './settings.ts';
import { shown } from './shown.ts';
import { type Origins, type RawSettings, collect } from './sources-of-settings.ts';
import { type Temporality, standardVariables, temporalityOf } from './standard-variables.ts';
import { type TracesConfig, tracesConfig } from './traces.ts';
import { tornValues, unknownNames } from './unknown-names.ts';

export type { CookieOrigin } from './cookie-origin.ts';
export type { CompatibilityConfig } from './compatibility.ts';
export type { HttpConfig } from './http.ts';
export type { TracesConfig } from './traces.ts';

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

/** Settings of the sources of the Admin API. */
export interface AnthropicConfig {
  readonly adminKey: Secret;
  readonly baseUrl: URL;
  readonly usageIntervalMs: number;
  readonly costIntervalMs: number;
  /** Of names, Analytics, Claude Code and limits. */
  readonly slowIntervalMs: number;
  /** Header anthropic-beta of the Usage and Cost Analytics API. */
  readonly analyticsBeta: string;
  readonly usageGroupBy: readonly UsageDimension[];
  /** Whether people's names and e-mail addresses become attributes. */
  readonly owners: boolean;
}

/** Where the metrics go. */
export interface ExportConfig {
  readonly otlp?: OtlpTarget;
  readonly console: boolean;
  /** How totals and the agent's own counters are sent. */
  readonly temporality: Temporality;
  /** Whether `prometheus` was chosen. */
  readonly scrape: boolean;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/** Everything that was set, checked. */
export interface Config {
  readonly claudeAi?: ClaudeAiConfig;
  readonly openRouter?: OpenRouterConfig;
  readonly anthropic?: AnthropicConfig;
  readonly account: string;
  /** Folder in which is kept what was exported of the totals. */
  readonly stateFolder?: string;
  readonly export: ExportConfig;
  /** Absent: no traces of the agent’s own are made. */
  readonly traces?: TracesConfig;
  readonly proxies: Proxies;
  /** Absent: `run` listens nowhere. */
  readonly http?: HttpConfig;
  /** Absent: nothing beside the agent's own settings and names. */
  readonly compatibility?: CompatibilityConfig;
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
  const { raw: given, namesInConfigFile, namesOfSeveralLines } = collect(origins);
  const problems = [...unknownNames(namesInConfigFile), ...tornValues(namesOfSeveralLines)];
  const warnings: string[] = [];
  const { raw, compatibility } = withCompatibility(given, problems, warnings);
  const checked = new Checked(raw, problems);
  const otelVariables = standardVariables(raw, problems, warnings);
  const claudeAi = claudeAiConfig(checked, problems, warnings);
  const openRouter = openRouterConfig(checked);
  const anthropic = anthropicConfig(checked);
  const stateFolder = checked.value('STATE_DIR');
  const proxies = proxiesOf(raw, problems);
  const exports = exportConfig(otelVariables, raw, proxies, problems);
  const traces = tracesConfig(otelVariables, raw, proxies, problems);
  checked.value('COMPATIBILITY');
  const http = httpConfig(checked, otelVariables, exports.scrape, compatibility, problems);
  const config: Config = {
    ...(claudeAi && { claudeAi }),
    ...(openRouter && { openRouter }),
    ...(anthropic && { anthropic }),
    account: checked.value('ACCOUNT_NAME') ?? settings.ACCOUNT_NAME.default,
    ...(stateFolder !== undefined && { stateFolder }),
    export: exports,
    ...(traces && { traces }),
    proxies,
    ...(http && { http }),
    ...(compatibility && { compatibility }),
    disabled: otelVariables['OTEL_SDK_DISABLED']?.toLowerCase() === 'true',
    logLevel: checked.value('LOG_LEVEL') ?? settings.LOG_LEVEL.default,
    warnings,
    otelVariables,
  };
  if (problems.length === 0 && (claudeAi ?? anthropic ?? openRouter) === undefined) {
    problems.push(
      'nothing to read is configured: set COOKIEJAR_URL, CLAUDE_SESSION_KEY or CLAUDE_COOKIE for claude.ai, ANTHROPIC_ADMIN_API_KEY for an organization, or OPENROUTER_API_KEY for OpenRouter',
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

function openRouterConfig(checked: Checked): OpenRouterConfig | undefined {
  const apiKey = checked.secret('OPENROUTER_API_KEY');
  const baseUrl = checked.value('OPENROUTER_ACCOUNT_BASE_URL');
  const intervalMs = checked.interval('OPENROUTER_POLL_INTERVAL', baseUrl);
  return apiKey === undefined || baseUrl === undefined ? undefined : { apiKey, baseUrl, intervalMs };
}

function anthropicConfig(checked: Checked): AnthropicConfig | undefined {
  const adminKey = checked.secret('ANTHROPIC_ADMIN_API_KEY');
  const baseUrl = checked.value('ANTHROPIC_ADMIN_BASE_URL');
  const intervals = {
    usageIntervalMs: checked.interval('ANTHROPIC_USAGE_POLL_INTERVAL', baseUrl),
    costIntervalMs: checked.interval('ANTHROPIC_COST_POLL_INTERVAL', baseUrl),
    slowIntervalMs: checked.interval('ANTHROPIC_SLOW_POLL_INTERVAL', baseUrl),
  };
  const usageGroupBy = checked.value('ANTHROPIC_USAGE_GROUP_BY');
  const analyticsBeta = checked.value('ANTHROPIC_ANALYTICS_BETA');
  const owners = checked.value('ANTHROPIC_OWNER_ATTRIBUTES') !== 'false';
  if (adminKey === undefined || baseUrl === undefined || usageGroupBy === undefined || analyticsBeta === undefined) return undefined;
  return { adminKey, baseUrl, ...intervals, usageGroupBy, analyticsBeta, owners };
}

function exportConfig(variables: RawSettings, raw: RawSettings, proxies: Proxies, problems: string[]): ExportConfig {
  const chosen = metricsExporters(variables['OTEL_METRICS_EXPORTER'] ?? 'otlp', problems);
  const otlp = chosen.includes('otlp') ? otlpBackend(variables, raw, proxies, problems, 'METRICS') : undefined;
  const intervalMs = milliseconds(variables, 'OTEL_METRIC_EXPORT_INTERVAL', problems) ?? 60_000;
  const timeoutMs = milliseconds(variables, 'OTEL_METRIC_EXPORT_TIMEOUT', problems) ?? 30_000;
  return {
    ...(otlp && { otlp }),
    console: chosen.includes('console'),
    temporality: temporalityOf(variables),
    scrape: chosen.includes('prometheus'),
    intervalMs,
    timeoutMs: Math.min(timeoutMs, intervalMs),
  };
}

function metricsExporters(list: string, problems: string[]): readonly string[] {
  const chosen = list.split(',').map((name) => name.trim().toLowerCase()).filter((name) => name !== '');
  const unknown = chosen.filter((name) => !['otlp', 'prometheus', 'console', 'none'].includes(name));
  if (unknown.length > 0 || chosen.length === 0) {
    problems.push(`OTEL_METRICS_EXPORTER may list otlp, prometheus and console, or be none${shown(list)}`);
  } else if (chosen.length > 1 && chosen.includes('none')) {
    problems.push('OTEL_METRICS_EXPORTER: none stands alone');
  }
  return chosen;
}
