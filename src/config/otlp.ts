import type { RawSettings } from './sources-of-settings.ts';

/** Where metrics are pushed. */
export interface OtlpTarget {
  readonly protocol: 'grpc' | 'http/protobuf';
  /** For gRPC scheme, host and port; for HTTP the whole address of the metrics path. */
  readonly url: string;
  readonly tls: boolean;
  /** Longest time of one attempt. */
  readonly timeoutMs: number;
}

const prefix = 'OTEL_EXPORTER_OTLP_';

/** A variable's metrics form if it is set, else its general form. */
function variable(raw: RawSettings, suffix: string): { readonly name: string; readonly text: string } | undefined {
  for (const name of [`${prefix}METRICS_${suffix}`, `${prefix}${suffix}`]) {
    const text = raw[name]?.trim();
    if (text !== undefined && text !== '') return { name, text };
  }
  return undefined;
}

/**
 * The OTLP target of the environment (https://opentelemetry.io/docs/specs/otel/protocol/exporter/).
 * Protocol as set; else http/protobuf when the endpoint has a path or port 4318, else grpc.
 * @param problems gets a line for each variable that is wrong.
 */
export function otlpTarget(raw: RawSettings, problems: string[]): OtlpTarget | undefined {
  const endpoint = variable(raw, 'ENDPOINT');
  const chosen = variable(raw, 'PROTOCOL');
  if (chosen !== undefined && chosen.text !== 'grpc' && chosen.text !== 'http/protobuf') {
    problems.push(`${chosen.name} must be grpc or http/protobuf (${JSON.stringify(chosen.text)})`);
    return undefined;
  }
  checkCompression(raw, problems);
  const timeoutMs = milliseconds(raw, `${prefix}METRICS_TIMEOUT`, problems) ?? milliseconds(raw, `${prefix}TIMEOUT`, problems) ?? 10_000;
  const address = endpoint === undefined ? undefined : parseEndpoint(raw, endpoint, problems);
  if (endpoint !== undefined && address === undefined) return undefined;
  const protocol = chosen?.text === undefined ? guessProtocol(address) : (chosen.text as OtlpTarget['protocol']);
  if (protocol === 'grpc') {
    const url = address ?? new URL('http://localhost:4317');
    if (url.pathname !== '/') {
      problems.push(`${endpoint?.name ?? ''} has a path, which OTLP/gRPC has no place for; set ${prefix}PROTOCOL=http/protobuf`);
      return undefined;
    }
    return { protocol, url: `${url.protocol}//${url.host}`, tls: url.protocol === 'https:', timeoutMs };
  }
  const url = address ?? new URL('http://localhost:4318');
  // Only the general endpoint is a base address; the metrics one is used as it is.
  if (endpoint?.name !== `${prefix}METRICS_ENDPOINT`) url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/metrics`;
  return { protocol, url: url.href, tls: url.protocol === 'https:', timeoutMs };
}

function guessProtocol(address: URL | undefined): OtlpTarget['protocol'] {
  return address !== undefined && (address.pathname !== '/' || address.port === '4318') ? 'http/protobuf' : 'grpc';
}

function parseEndpoint(raw: RawSettings, { name, text }: { name: string; text: string }, problems: string[]): URL | undefined {
  // Without a scheme gRPC means TLS, unless INSECURE says otherwise.
  const insecure = variable(raw, 'INSECURE')?.text.toLowerCase() === 'true';
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `${insecure ? 'http' : 'https'}://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.hostname === '') {
    problems.push(`${name} must be an address such as http://localhost:4317`);
    return undefined;
  }
  if (url.username !== '' || url.password !== '') {
    problems.push(`${name} must not have a user or password in it; use ${prefix}HEADERS`);
    return undefined;
  }
  return url;
}

function checkCompression(raw: RawSettings, problems: string[]): void {
  const compression = variable(raw, 'COMPRESSION');
  if (compression !== undefined && compression.text !== 'gzip' && compression.text !== 'none') {
    problems.push(`${compression.name} must be gzip or none (${JSON.stringify(compression.text)})`);
  }
}

/** A variable in whole milliseconds above 0; undefined when unset, or wrong (and said so). */
export function milliseconds(raw: RawSettings, name: string, problems: string[]): number | undefined {
  const text = raw[name]?.trim();
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  // Timers count in signed 32-bit milliseconds; a longer one would fire at once.
  if (Number.isInteger(value) && value > 0 && value < 2 ** 31) return value;
  problems.push(`${name} must be a whole number of milliseconds above 0 (${JSON.stringify(text)})`);
  return undefined;
}
