import { tracesSignal } from '../export/signal.ts';
import { prepareSdk } from '../agent.ts';
import { otlpSender } from '../agent-senders.ts';
import { openPollers } from '../agent-sources.ts';
import type { ClaudeAiConfig, Config } from '../config/config.ts';
import { proxyFor } from '../config/proxies.ts';
import { settings } from '../config/settings.ts';
import { systemClock } from '../model/clock.ts';
import type { SourceId } from '../model/reading.ts';
import { redact } from '../model/redaction.ts';
import { StateLog } from '../telemetry/state-log.ts';
import type { CommandContext } from './context.ts';
import { type DeliveryReport, tryDelivery, tryTraces } from './delivery-report.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import { show } from './show.ts';
import { type SourceReport, reportOf } from './source-report.ts';

/** From start to exit, whatever hangs. */
const checkTimeoutMs = 20_000;

/**
 * Tries every source and the OTLP endpoints, all at once, and says what works, what does not and what to do about it.
 * Nothing is exported: an endpoint gets an empty request.
 */
export async function check(context: CommandContext): Promise<ExitCode> {
  const { config, logger } = context;
  prepareSdk(config, logger);
  const timeoutMs = context.timeoutMs ?? checkTimeoutMs;
  const bugs = new StateLog(logger);
  const open = openPollers(config, {
    clock: systemClock,
    random: Math.random,
    deadlineMs: timeoutMs,
    onRead({ source, outcome, failures }) {
      if (outcome === 'internal') bugs.source(source, failures, []);
    },
  });
  const { otlp } = config.export;
  const reads = open.pollers.map((poller) => poller.refresh());
  const ofTraces = config.traces?.otlp;
  const [delivery, traces] = await Promise.all([
    otlp === undefined ? null : tryDelivery(otlp, otlpSender(otlp), Math.min(otlp.timeoutMs, timeoutMs)),
    ofTraces === undefined ? null : tryTraces(ofTraces, otlpSender(ofTraces, tracesSignal), Math.min(ofTraces.timeoutMs, timeoutMs)),
  ]);
  await Promise.all(reads);
  open.close();
  const at = new Date();
  const sources = open.pollers.map((poller) => reportOf(poller, at, originOf(poller.source.id, config).map(redact)));
  const code = codeOf(sources, delivery);
  const warnings = [...config.warnings, ...withoutBackend(config), ...withoutState(config)];
  await show({ command: 'check', exitCode: code, at: at.toISOString(), problems: [], warnings, sources, delivery, traces }, context);
  return code;
}

function codeOf(sources: readonly SourceReport[], delivery: DeliveryReport | null): ExitCode {
  if (delivery?.ok === false) return exitCode.notDelivered;
  return sources.every(({ up }) => up) ? exitCode.delivered : exitCode.sourceFailed;
}

function withoutBackend({ disabled, export: { otlp, console, scrape } }: Config): string[] {
  const where = console ? 'to stdout only' : scrape ? 'to scrapers of run only' : 'nowhere';
  return [
    ...(disabled ? ['OTEL_SDK_DISABLED is true: run and once read nothing and push nothing'] : []),
    ...(otlp === undefined ? [`OTEL_METRICS_EXPORTER: metrics go ${where}, no OTLP endpoint was tried`] : []),
  ];
}

/** What an organization's totals lose at a restart where nothing is kept. */
function withoutState({ anthropic, stateFolder, export: { temporality } }: Config): string[] {
  if (anthropic === undefined || stateFolder !== undefined) return [];
  if (temporality === 'delta') return ['STATE_DIR is not set: what is used while the agent is not running is never pushed, and once cannot push deltas'];
  return ['STATE_DIR is not set: after a restart a total whose report has taken something back shows as a fall'];
}

/** Where a source is asked and with what, as far as it is not the vendor's own address. */
function originOf(id: SourceId, config: Config): string[] {
  const { claudeAi, anthropic, openRouter } = config;
  switch (id) {
    case 'claude-ai':
      return claudeAi === undefined
        ? []
        : [cookiesFrom(claudeAi), ...wayTo(claudeAi.baseUrl, settings.CLAUDE_AI_BASE_URL.default, config)];
    case 'anthropic-usage':
    case 'anthropic-cost':
    case 'anthropic-analytics':
    case 'anthropic-claude-code':
    case 'anthropic-names':
    case 'anthropic-limits':
      return anthropic === undefined ? [] : wayTo(anthropic.baseUrl, settings.ANTHROPIC_ADMIN_BASE_URL.default, config);
    case 'openrouter':
      return openRouter === undefined ? [] : wayTo(openRouter.baseUrl, settings.OPENROUTER_ACCOUNT_BASE_URL.default, config);
  }
}

function cookiesFrom({ cookies }: ClaudeAiConfig): string {
  switch (cookies.kind) {
    case 'cookiejar':
      return `cookies from cookiejar-reader at ${cookies.url.origin}${cookies.url.protocol === 'https:' ? ' (TLS)' : ' (no TLS)'}`;
    case 'session':
      return 'cookie from CLAUDE_SESSION_KEY';
    case 'cookie':
      return 'cookies from CLAUDE_COOKIE';
  }
}

function wayTo(baseUrl: URL, vendors: string, { proxies }: Config): string[] {
  const plain = (url: URL): string => url.href.replace(/\/+$/, '');
  const proxy = proxyFor(baseUrl, proxies);
  return [
    ...(plain(baseUrl) === plain(new URL(vendors)) ? [] : [`asked at ${plain(baseUrl)} instead of ${vendors}`]),
    ...(proxy === undefined ? [] : [`asked through the proxy ${proxy.host} of HTTPS_PROXY`]),
  ];
}
