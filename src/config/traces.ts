import { otlpBackend } from './otlp-backend.ts';
import { type OtlpTarget, milliseconds, spanCount } from './otlp.ts';
import type { Proxies } from './proxies.ts';
import { shown } from './shown.ts';
import type { RawSettings } from './sources-of-settings.ts';

/** Values of `OTEL_TRACES_SAMPLER`. */
export const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/** Which traces are made: all, none, or a share of them. A cycle is the root of its trace, so that no parent decides. */
export interface SamplerConfig {
  readonly kind: (typeof samplers)[number];
  /** Of the two with a ratio; 0 to 1. */
  readonly ratio: number;
}

/** How spans are gathered before they are sent. */
export interface SpanBatchConfig {
  readonly delayMs: number;
  /** Longest time of one batch with its retries. */
  readonly timeoutMs: number;
  /** Spans beyond it are dropped. */
  readonly maxQueueSize: number;
  readonly maxBatchSize: number;
}

/** Where the agent’s own traces go. */
export interface TracesConfig {
  readonly otlp?: OtlpTarget;
  readonly console: boolean;
  readonly sampler: SamplerConfig;
  readonly batch: SpanBatchConfig;
}

const endpoints = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'];

/**
 * What the standard’s variables say of traces; undefined: there are none. Unless it is said they go to OTLP when an
 * endpoint is set for them, so that an agent without one does not knock at a port of localhost for them.
 * @param raw all settings, for the files of headers.
 * @param problems gets a line for each variable that is wrong, unless it is there already.
 */
export function tracesConfig(variables: RawSettings, raw: RawSettings, proxies: Proxies, problems: string[]): TracesConfig | undefined {
  const own: string[] = [];
  const byDefault = endpoints.some((name) => variables[name] !== undefined) ? 'otlp' : 'none';
  const chosen = exporters(variables['OTEL_TRACES_EXPORTER'] ?? byDefault, own);
  const sampler = samplerConfig(variables, own);
  const batch = batchConfig(variables, own);
  const otlp = chosen.includes('otlp') ? otlpBackend(variables, raw, proxies, own, 'TRACES') : undefined;
  problems.push(...own.filter((problem) => !problems.includes(problem)));
  const console = chosen.includes('console');
  if (otlp === undefined && !console) return undefined;
  return { ...(otlp && { otlp }), console, sampler, batch };
}

function exporters(list: string, problems: string[]): readonly string[] {
  const chosen = list.split(',').map((name) => name.trim().toLowerCase()).filter((name) => name !== '');
  if (chosen.length === 0 || chosen.some((name) => !['otlp', 'console', 'none'].includes(name))) {
    problems.push(`OTEL_TRACES_EXPORTER may list otlp and console, or be none${shown(list)}`);
  } else if (chosen.length > 1 && chosen.includes('none')) {
    problems.push('OTEL_TRACES_EXPORTER: none stands alone');
  }
  return chosen;
}

function samplerConfig(variables: RawSettings, problems: string[]): SamplerConfig {
  const text = variables['OTEL_TRACES_SAMPLER'] ?? 'parentbased_always_on';
  const kind = samplers.find((known) => known === text);
  if (kind === undefined) problems.push(`OTEL_TRACES_SAMPLER must be one of ${samplers.join(', ')}${shown(text)}`);
  const share = variables['OTEL_TRACES_SAMPLER_ARG'];
  const ratio = share === undefined ? 1 : Number(share);
  const isRatio = ratio >= 0 && ratio <= 1;
  if (kind?.endsWith('traceidratio') === true && !isRatio) problems.push(`OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1${shown(share ?? '')}`);
  return { kind: kind ?? 'parentbased_always_on', ratio: isRatio ? ratio : 1 };
}

function batchConfig(variables: RawSettings, problems: string[]): SpanBatchConfig {
  const maxQueueSize = spanCount(variables, 'OTEL_BSP_MAX_QUEUE_SIZE', problems) ?? 2_048;
  const maxBatchSize = spanCount(variables, 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE', problems);
  if (maxBatchSize !== undefined && maxBatchSize > maxQueueSize) {
    problems.push(`OTEL_BSP_MAX_EXPORT_BATCH_SIZE must be at most OTEL_BSP_MAX_QUEUE_SIZE, which is ${maxQueueSize}`);
  }
  return {
    delayMs: milliseconds(variables, 'OTEL_BSP_SCHEDULE_DELAY', problems) ?? 5_000,
    timeoutMs: milliseconds(variables, 'OTEL_BSP_EXPORT_TIMEOUT', problems) ?? 30_000,
    maxQueueSize,
    maxBatchSize: maxBatchSize ?? Math.min(512, maxQueueSize),
  };
}
