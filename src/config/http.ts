import type { Checked } from './check.ts';
import type { CompatibilityConfig } from './compatibility.ts';
import { type HttpAddress, hostName, isLoopback } from './kinds.ts';
import { shown } from './shown.ts';
import type { RawSettings } from './sources-of-settings.ts';

/** The one server of `run`. */
export interface HttpConfig extends HttpAddress {
  /** Whether only this machine reaches it. */
  readonly loopback: boolean;
  /** Whether `/metrics` is asked for: then there is no going on without the server. */
  readonly scrape: boolean;
  /** Whether the status page is there. */
  readonly statusPage: boolean;
  /** The setting that says where, for whoever must change it. */
  readonly setting: 'HTTP_ADDRESS' | typeof portVariable | 'PROMETHEUS_PORT';
  /** Whether COMPATIBILITY wants `/metrics`. */
  readonly compatible: boolean;
}

const hostVariable = 'OTEL_EXPORTER_PROMETHEUS_HOST';
const portVariable = 'OTEL_EXPORTER_PROMETHEUS_PORT';

/** The standard's port of the Prometheus exporter (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/). */
const defaultPort = 9464;

/**
 * Where `run` listens: HTTP_ADDRESS, else the standard's names for it. Undefined: nowhere.
 * @param scrape whether `prometheus` is among the exporters of metrics.
 * @param compatibility undefined: none.
 * @param problems gets a line for each variable that is wrong.
 */
export function httpConfig(checked: Checked, variables: RawSettings, scrape: boolean, compatibility: CompatibilityConfig | undefined, problems: string[]): HttpConfig | undefined {
  const address = checked.given('HTTP_ADDRESS') ? checked.value('HTTP_ADDRESS') : standardAddress(variables, problems);
  const wanted = checked.value('STATUS_PAGE');
  if (address === undefined) return undefined;
  if (address === 'none') {
    if (scrape) problems.push('HTTP_ADDRESS is none, but OTEL_METRICS_EXPORTER lists prometheus, which is scraped there');
    if (wanted === 'true') problems.push('HTTP_ADDRESS is none, but STATUS_PAGE is true');
    return undefined;
  }
  const loopback = isLoopback({ hostname: address.host.toLowerCase() });
  const statusPage = wanted === undefined ? loopback : wanted === 'true';
  return { ...address, loopback, scrape, statusPage, setting: settingOf(checked, variables, compatibility), compatible: compatibility !== undefined };
}

function settingOf(checked: Checked, variables: RawSettings, compatibility: CompatibilityConfig | undefined): HttpConfig['setting'] {
  if (checked.given('HTTP_ADDRESS') || variables[portVariable] === undefined) return 'HTTP_ADDRESS';
  return compatibility?.setsPort === true ? 'PROMETHEUS_PORT' : portVariable;
}

function standardAddress(variables: RawSettings, problems: string[]): HttpAddress | undefined {
  const hostText = variables[hostVariable] ?? '127.0.0.1';
  const portText = variables[portVariable] ?? String(defaultPort);
  const host = hostName(hostText);
  const port = /^\d{1,5}$/.test(portText) && Number(portText) <= 65_535 ? Number(portText) : undefined;
  if (host === undefined) problems.push(`${hostVariable} must be a host name or an IP address${shown(hostText)}`);
  if (port === undefined) problems.push(`${portVariable} must be a port, 0 to 65535${shown(portText)}`);
  return host === undefined || port === undefined ? undefined : { host, port };
}
