import { headersFromFiles } from './otlp-headers.ts';
import { type OtlpSignal, type OtlpTarget, otlpTarget } from './otlp.ts';
import { type Proxies, grpcProxyFor, proxyFor } from './proxies.ts';
import type { RawSettings } from './sources-of-settings.ts';

/**
 * The OTLP target of a signal, with the files of its headers and the proxy on the way.
 * @param raw all settings, for the files of headers.
 * @param problems gets a line for each variable that is wrong.
 */
export function otlpBackend(variables: RawSettings, raw: RawSettings, proxies: Proxies, problems: string[], signal: OtlpSignal): OtlpTarget | undefined {
  const target = otlpTarget(variables, problems, signal);
  if (target === undefined) return undefined;
  const fresh = headersFromFiles(raw, signal);
  const url = new URL(target.url);
  const proxy = target.protocol === 'grpc' ? grpcProxyFor(url, proxies) : proxyFor(url, proxies);
  return { ...target, ...(fresh && { headersFromFiles: fresh }), ...(proxy && { proxy }) };
}
