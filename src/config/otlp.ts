import type { CertificateFiles } from '../model/certificates.ts';
import { longestTimerMs } from '../model/clock.ts';
import { rememberSecret } from '../model/redaction.ts';
import { checkPem } from './files.ts';
import { shown } from './shown.ts';
import type { RawSettings } from './sources-of-settings.ts';

/** Where metrics or traces are pushed. */
export interface OtlpTarget {
  readonly protocol: 'grpc' | 'http/protobuf';
  /** For gRPC scheme, host and port; for HTTP the whole address of the signal’s path. */
  readonly url: string;
  readonly tls: boolean;
  /** Longest time of one attempt. */
  readonly timeoutMs: number;
  /** The proxy on the way; over gRPC the library is told its address by the process environment. */
  readonly proxy?: URL;
  /** Paths of the PEM files that connections are made with; absent where none is named. */
  readonly files?: CertificateFiles;
  /** Reads the header variables anew; absent when none of them is in a file. @throws {ConfigError} */
  readonly headersFromFiles?: () => RawSettings;
}

const prefix = 'OTEL_EXPORTER_OTLP_';

/** Word of a signal in the variables that are for it alone. */
export type OtlpSignal = 'METRICS' | 'TRACES';

interface Variable {
  readonly name: string;
  readonly text: string;
}

/** A variable's form for the signal if it is set, else its general form. */
function variable(raw: RawSettings, signal: OtlpSignal, suffix: string): Variable | undefined {
  for (const name of [`${prefix}${signal}_${suffix}`, `${prefix}${suffix}`]) {
    const text = raw[name];
    if (text !== undefined) return { name, text };
  }
  return undefined;
}

/**
 * The OTLP target of the environment (https://opentelemetry.io/docs/specs/otel/protocol/exporter/).
 * Protocol as set; else http/protobuf when the endpoint has a path or port 4318, else grpc.
 * @param problems gets a line for each variable that is wrong.
 * @param signal whose own variables win over the general ones.
 */
export function otlpTarget(raw: RawSettings, problems: string[], signal: OtlpSignal): OtlpTarget | undefined {
  checkCompression(raw, signal, problems);
  checkCertificates(raw, signal, problems);
  const timeoutMs = milliseconds(raw, `${prefix}${signal}_TIMEOUT`, problems) ?? milliseconds(raw, `${prefix}TIMEOUT`, problems) ?? 10_000;
  const chosen = chosenProtocol(raw, signal, problems);
  const endpoint = variable(raw, signal, 'ENDPOINT');
  const address = endpoint === undefined ? undefined : parseEndpoint(raw, signal, endpoint, problems);
  if (chosen === 'wrong' || (endpoint !== undefined && address === undefined)) return undefined;
  const protocol = chosen ?? guessProtocol(address);
  if (protocol === 'grpc') {
    const url = address ?? new URL('http://localhost:4317');
    if (url.pathname !== '/' || url.search !== '') {
      const has = url.pathname === '/' ? 'a query' : 'a path';
      problems.push(`${endpoint?.name ?? ''} has ${has}, which OTLP/gRPC has no place for; set ${prefix}PROTOCOL=http/protobuf`);
      return undefined;
    }
    return { protocol, url: `${url.protocol}//${url.host}`, timeoutMs, ...security(url, raw, signal) };
  }
  const url = address ?? new URL('http://localhost:4318');
  // Only the general endpoint is a base address; the signal’s own is used as it is.
  if (endpoint?.name !== `${prefix}${signal}_ENDPOINT`) url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/${signal.toLowerCase()}`;
  return { protocol, url: url.href, timeoutMs, ...security(url, raw, signal) };
}

function security({ protocol }: URL, raw: RawSettings, signal: OtlpSignal): Pick<OtlpTarget, 'tls' | 'files'> {
  if (protocol !== 'https:') return { tls: false };
  const [certificate, clientCertificate, clientKey] = ['CERTIFICATE', 'CLIENT_CERTIFICATE', 'CLIENT_KEY'].map((suffix) => variable(raw, signal, suffix)?.text);
  const files = {
    ...(certificate !== undefined && { certificate }),
    ...(clientCertificate !== undefined && { clientCertificate }),
    ...(clientKey !== undefined && { clientKey }),
  };
  return { tls: true, ...(Object.keys(files).length > 0 && { files }) };
}

function chosenProtocol(raw: RawSettings, signal: OtlpSignal, problems: string[]): OtlpTarget['protocol'] | 'wrong' | undefined {
  const chosen = variable(raw, signal, 'PROTOCOL');
  if (chosen === undefined) return undefined;
  if (chosen.text === 'grpc' || chosen.text === 'http/protobuf') return chosen.text;
  problems.push(`${chosen.name} must be grpc or http/protobuf${shown(chosen.text)}`);
  return 'wrong';
}

function guessProtocol(address: URL | undefined): OtlpTarget['protocol'] {
  return address !== undefined && (address.pathname !== '/' || address.port === '4318') ? 'http/protobuf' : 'grpc';
}

function parseEndpoint(raw: RawSettings, signal: OtlpSignal, { name, text }: Variable, problems: string[]): URL | undefined {
  // Without a scheme gRPC means TLS, unless INSECURE says otherwise.
  const insecure = variable(raw, signal, 'INSECURE')?.text.toLowerCase() === 'true';
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
  for (const [name, value] of url.searchParams) rememberSecret(value === '' ? name : value);
  // A plus sign is a space to the former, and stays one where the address is printed.
  for (const pair of url.search.slice(1).split('&')) rememberSecret(pair.slice(pair.indexOf('=') + 1));
  return url;
}

function checkCompression(raw: RawSettings, signal: OtlpSignal, problems: string[]): void {
  const compression = variable(raw, signal, 'COMPRESSION');
  if (compression !== undefined && compression.text !== 'gzip' && compression.text !== 'none') {
    problems.push(`${compression.name} must be gzip or none${shown(compression.text)}`);
  }
}

/** The SDK goes on without a file that it cannot read, and without half a pair. */
function checkCertificates(raw: RawSettings, signal: OtlpSignal, problems: string[]): void {
  const certificate = variable(raw, signal, 'CLIENT_CERTIFICATE');
  const key = variable(raw, signal, 'CLIENT_KEY');
  for (const file of [variable(raw, signal, 'CERTIFICATE'), certificate, key]) {
    if (file !== undefined) checkPem(file.name, file.text, problems);
  }
  if ((certificate === undefined) !== (key === undefined)) {
    problems.push(`${prefix}CLIENT_CERTIFICATE and ${prefix}CLIENT_KEY go together; one is missing`);
  }
}

/** A variable in whole milliseconds above 0; undefined when unset, or wrong (and said so). */
export function milliseconds(raw: RawSettings, name: string, problems: string[]): number | undefined {
  return numberAboveZero(raw, name, 'milliseconds above 0', longestTimerMs, problems);
}

/** The same of spans. */
export function spanCount(raw: RawSettings, name: string, problems: string[]): number | undefined {
  return numberAboveZero(raw, name, 'spans above 0', 1_000_000, problems);
}

function numberAboveZero(raw: RawSettings, name: string, what: string, highest: number, problems: string[]): number | undefined {
  const text = raw[name];
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : 0;
  if (value > 0 && value <= highest) return value;
  problems.push(`${name} must be a whole number of ${what}${shown(text)}`);
  return undefined;
}
