import type { ExportConfig } from './config/config.ts';
import type { RawSettings } from './config/sources-of-settings.ts';
import type { BytesSender, Sender } from './export/attempt.ts';
import { consoleSender } from './export/console.ts';
import { withFreshHeaders } from './export/fresh-headers.ts';
import { grpcSender } from './export/otlp-grpc.ts';
import { httpSender } from './export/otlp-http.ts';
import { type Signal, metricsSignal } from './export/signal.ts';
import { type Spans, noSpans } from './model/spans.ts';

/** A sender for each backend of the metrics. */
export function metricsSenders(config: ExportConfig, write: (text: string) => void, spans: Spans): Sender[] {
  const chosen: Sender[] = [];
  if (config.otlp !== undefined) chosen.push(otlpSender(config.otlp, metricsSignal, spans));
  if (config.console) chosen.push(consoleSender(write));
  return chosen;
}

/** The sender of an OTLP target. */
export function otlpSender({ protocol, url, headersFromFiles }: NonNullable<ExportConfig['otlp']>, signal: Signal = metricsSignal, spans: Spans = noSpans): BytesSender {
  const sender = protocol === 'grpc' ? grpcSender(url, signal, spans) : httpSender(url, signal, spans);
  if (headersFromFiles === undefined) return sender;
  // Each sender has its own: what changed for one has not reached the connection of another.
  let last: RawSettings = {};
  return withFreshHeaders(sender, () => {
    const headers = headersFromFiles();
    const changed = Object.entries(headers).some(([name, text]) => last[name] !== text);
    last = headers;
    Object.assign(process.env, headers);
    return changed;
  });
}
