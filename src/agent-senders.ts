import type { ExportConfig } from './config/config.ts';
import type { OtlpTarget } from './config/otlp.ts';
import type { RawSettings } from './config/sources-of-settings.ts';
import type { BytesSender, Sender } from './export/attempt.ts';
import { consoleSender } from './export/console.ts';
import { withFreshFiles } from './export/fresh-files.ts';
import { withFreshHeaders } from './export/fresh-headers.ts';
import { grpcSender } from './export/otlp-grpc.ts';
import { httpSender } from './export/otlp-http.ts';
import { type Signal, metricsSignal } from './export/signal.ts';
import type { Certificates } from './model/certificates.ts';
import { type Spans, noSpans } from './model/spans.ts';

/** Makes the sender of the metrics to an OTLP target. */
export type OpenSender = (otlp: OtlpTarget, signal: Signal, spans: Spans) => Sender;

/** How senders are made. */
export interface SenderOptions {
  /** Where the console exporter writes. */
  readonly write: (text: string) => void;
  /** {@link otlpSender} if absent. */
  readonly openSender?: OpenSender;
}

/** A sender for each backend of the metrics. */
export function metricsSenders(config: ExportConfig, { write, openSender = otlpSender }: SenderOptions, spans: Spans): Sender[] {
  const chosen: Sender[] = [];
  if (config.otlp !== undefined) chosen.push(openSender(config.otlp, metricsSignal, spans));
  if (config.console) chosen.push(consoleSender(write));
  return chosen;
}

/** The sender of an OTLP target. */
export function otlpSender({ protocol, url, files, headersFromFiles, proxy }: OtlpTarget, signal: Signal = metricsSignal, spans: Spans = noSpans): BytesSender {
  const open = (certificates?: () => Certificates | undefined): BytesSender => {
    const options = { signal, spans, ...(certificates && { certificates }) };
    return protocol === 'grpc' ? grpcSender(url, { ...options, proxied: proxy !== undefined }) : httpSender(url, { ...options, ...(proxy && { proxy }) });
  };
  const sender = files === undefined ? open() : withFreshFiles(open, files);
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
