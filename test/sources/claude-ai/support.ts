import { HttpClient } from '../../../src/http/client.ts';
import type { GaugePoint, Source } from '../../../src/model/reading.ts';
import { Secret } from '../../../src/model/secret.ts';
import { ClaudeAiClient } from '../../../src/sources/claude-ai/client.ts';
import { type ClaudeAiOptions, claudeAiSource } from '../../../src/sources/claude-ai/index.ts';
import { fixedSession } from '../../../src/sources/cookies/provider.ts';

/** The real source over HTTP, with a session from the settings unless told otherwise. */
export function claudeAiAt(url: string, options: Partial<ClaudeAiOptions> = {}): Source {
  return claudeAiSource({
    account: 'default',
    intervalMs: 120_000,
    client: new ClaudeAiClient(new HttpClient({ userAgent: 'claude-usage-metrics/test' }), new URL(url)),
    cookies: fixedSession(Secret.of('sk-ant-sid01-fake')),
    cookieNames: ['sessionKey'],
    ...options,
  });
}

/** A read that may take ten seconds. */
export function readAt(source: Source, now: string): ReturnType<Source['read']> {
  return source.read({ signal: AbortSignal.timeout(10_000), now: new Date(now) });
}

/**
 * Points as lines: `metric{key=value} value until instant`. The value of a countdown is `at instant`, that of a share of
 * time `5h before instant`.
 */
export function lines(points: readonly GaugePoint[]): string[] {
  return points.map(({ metric, attributes, value, validUntil }) => {
    const labels = Object.entries(attributes).map(([key, text]) => `${key}=${text}`);
    const until = validUntil === undefined ? '' : ` until ${validUntil.toISOString()}`;
    return `${metric}{${labels.join()}} ${valueText(value)}${until}`;
  });
}

function valueText(value: GaugePoint['value']): string {
  if (typeof value === 'number') return String(value);
  if (value.kind === 'seconds_until') return `at ${value.instant.toISOString()}`;
  return `${value.lengthMs / 3_600_000}h before ${value.end.toISOString()}`;
}
