import { longestTimerMs } from '../model/clock.ts';
import { rememberSecret } from '../model/redaction.ts';
import { checkPem } from './files.ts';
import { shown } from './shown.ts';
import type { RawSettings } from './sources-of-settings.ts';

/** Where metrics are pushed. */
export interface OtlpTarget {
  readonly protocol: 'grpc' | 'http/protobuf';
  /** For gRPC scheme, host and port; for HTTP the whole address of the metrics path. */
  readonly url: string;
  readonly tls: boolean;
  /** Longest time of one attempt. */
  readonly timeoutMs: number;
  /** The proxy on the way, for HTTP; over gRPC the library finds it by the same variables. */
  readonly proxy?: URL;
  /** Reads the header variables anew; absent when none of them is in a file. @throws {ConfigError} */
  readonly headersFromFiles?: () => RawSettings;
}

const prefix = 'OTEL_EXPORTER_OTLP_';

interface Variable {
  readonly name: string;
  readonly text: string;
}

/** A variable's metrics form if it is set, else its general form. */
function variable(raw: RawSettings, suffix: string): Variable | undefined {
  for (const name of [`${prefix}METRICS_${suffix}`, `${prefix}${suffix}`]) {
    const text = raw[name];
    if (text !== undefined) return { name, text };
  }
  return undefined;
}

/**
 * The OTLP target of the environment (https://opentelemetry.io/docs/specs/otel/protocol/exporter/).
 * Protocol as set; else http/protobuf when the endpoint has a path or port 4318, else grpc.
 * @param problems gets a line for each variable that is wrong.
 */
export function otlpTarget(raw: RawSettings, problems: string[]): OtlpTarget | undefined {
  checkCompression(raw, problems);
  checkCertificates(raw, problems);
  const timeoutMs = milliseconds(raw, `${prefix}METRICS_TIMEOUT`, problems) ?? milliseconds(raw, `${prefix}TIMEOUT`, problems) ?? 10_000;
  const chosen = chosenProtocol(raw, problems);
  const endpoint = variable(raw, 'ENDPOINT');
  const address = endpoint === undefined ? undefined : parseEndpoint(raw, endpoint, problems);
  if (chosen === 'wrong' || (endpoint !== undefined && address === undefined)) return undefined;
  const protocol = chosen ?? guessProtocol(address);
  if (protocol === 'grpc') {
    const url = address ?? new URL('http://localhost:4317');
    if (url.pathname !== '/' || url.search !== '') {
      const has = url.pathname === '/' ? 'a query' : 'a path';
      problems.push(`${endpoint?.name ?? ''} has ${has}, which OTLP/gRPC has no place for; set ${prefix}PROTOCOL=http/protobuf`);
      return undefined;
    }
    return { protocol, url: `${url.protocol}//${url.host}`, tls: url.protocol === 'https:', timeoutMs };
  }
  const url = address ?? new URL('http://localhost:4318');
  // Only the general endpoint is a base address; the metrics one is used as it is.
  if (endpoint?.name !== `${prefix}METRICS_ENDPOINT`) url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/metrics`;
  return { protocol, url: url.href, tls: url.protocol === 'https:', timeoutMs };
}

function chosenProtocol(raw: RawSettings, problems: string[]): OtlpTarget['protocol'] | 'wrong' | undefined {
  const chosen = variable(raw, 'PROTOCOL');
  if (chosen === undefined) return undefined;
  if (chosen.text === 'grpc' || chosen.text === 'http/protobuf') return chosen.text;
  problems.push(`${chosen.name} must be grpc or http/protobuf${shown(chosen.text)}`);
  return 'wrong';
}

function guessProtocol(address: URL | undefined): OtlpTarget['protocol'] {
  return address !== undefined && (address.pathname !== '/' || address.port === '4318') ? 'http/protobuf' : 'grpc';
}

function parseEndpoint(raw: RawSettings, { name, text }: Variable, problems: string[]): URL | undefined {
  // Without a scheme gRPC means TLS, unless INSECURE says otherwise.
  const insecure = variable(raw, 'INSECURE')?.text.toLowerCase() === 'true';
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `${insecure ? 'http' : 'https'}://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.hostname === '') {
    problems.push(`${name} must be an address such as http://localhost:4317${shown(text)}`);
    return undefined;
  }
  if (url.username !== '' || url.password !== '') {
    problems.push(`${name} must not have a user or password in it; use ${prefix}HEADERS`);
    return undefined;
  }
  // A query may have a token in it, and addresses are printed.
  for (const value of url.searchParams.values()) rememberSecret(value);
  return url;
}

function checkCompression(raw: RawSettings, problems: string[]): void {
  const compression = variable(raw, 'COMPRESSION');
  if (compression !== undefined && compression.text !== 'gzip' && compression.text !== 'none') {
    problems.push(`${compression.name} must be gzip or none${shown(compression.text)}`);
  }
}

/** The SDK goes on without a file that it cannot read, and without half a pair. */
function checkCertificates(raw: RawSettings, problems: string[]): void {
  const certificate = variable(raw, 'CLIENT_CERTIFICATE');
  const key = variable(raw, 'CLIENT_KEY');
  for (const file of [variable(raw, 'CERTIFICATE'), certificate, key]) {
    if (file !== undefined) checkPem(file.name, file.text, problems);
  }
  if ((certificate === undefined) !== (key === undefined)) {
    problems.push(`${prefix}CLIENT_CERTIFICATE and ${prefix}CLIENT_KEY go together; one is missing`);
  }
}

/** A variable in whole milliseconds above 0; undefined when unset, or wrong (and said so). */
export function milliseconds(raw: RawSettings, name: string, problems: string[]): number | undefined {
  const text = raw[name];
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : 0;
  if (value > 0 && value <= longestTimerMs) return value;
  problems.push(`${name} must be a whole number of milliseconds above 0${shown(text)}`);
  return undefined;
}
