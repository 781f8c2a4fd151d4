import { rememberCredential, rememberRenewed, rememberSecret } from '../model/redaction.ts';
import { ConfigError } from './config-error.ts';
import { readKeptText } from './files.ts';
import type { OtlpSignal } from './otlp.ts';
import type { RawSettings } from './sources-of-settings.ts';

/** Variables that carry credentials for the backend. */
const headerVariables = ['OTEL_EXPORTER_OTLP_HEADERS', 'OTEL_EXPORTER_OTLP_METRICS_HEADERS', 'OTEL_EXPORTER_OTLP_TRACES_HEADERS'];

/**
 * The header variables that are set, from their own text or from their `_FILE`.
 * @param problems gets a line for each that is wrong; values are never quoted.
 */
export function readHeaders(raw: RawSettings, problems: string[], names: readonly string[] = headerVariables): RawSettings {
  const headers: Record<string, string> = {};
  for (const name of names) {
    const inline = raw[name];
    const file = raw[`${name}_FILE`];
    if (inline !== undefined) remember(inline, rememberSecret);
    if (inline !== undefined && file !== undefined) {
      problems.push(`${name} and ${name}_FILE are both given; keep one`);
      continue;
    }
    const text = file === undefined ? inline : readKeptText(`${name}_FILE`, file, problems);
    if (text === undefined) continue;
    if (file !== undefined) remember(text, rememberRenewed);
    const wrong = wrongPair(text);
    if (wrong === undefined) headers[name] = text.trim();
    else problems.push(`${file === undefined ? name : `${name}_FILE`} ${wrong}`);
  }
  return headers;
}

/** Reads a signal’s header variables anew at each call; undefined when none of them is in a file. */
export function headersFromFiles(raw: RawSettings, signal: OtlpSignal): (() => RawSettings) | undefined {
  const names = ['OTEL_EXPORTER_OTLP_HEADERS', `OTEL_EXPORTER_OTLP_${signal}_HEADERS`];
  if (names.every((name) => raw[`${name}_FILE`] === undefined)) return undefined;
  return () => {
    const problems: string[] = [];
    const headers = readHeaders(raw, problems, names);
    if (problems.length > 0) throw new ConfigError(problems);
    return headers;
  };
}

/** HTTP/2 closes a connection whose requests have one of these, or gives no answer. */
const ofTheConnection = ['connection', 'content-length', 'http2-settings', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'];

/** The SDK drops a pair that it cannot read; the push would go out without its credentials. */
function wrongPair(headers: string): string | undefined {
  for (const [index, pair] of headers.split(',').entries()) {
    if (pair.trim() === '') continue;
    const { name, value } = parts(pair);
    if (name === '' || value === undefined || value === '') {
      return `must be name=value,name=value (pair ${index + 1} is not; a comma in a value is %2C, a percent sign %25)`;
    }
    if (pair.includes(';')) return `must have ; in a value as %3B (pair ${index + 1})`;
    if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name) || !/^[\x20-\x7e]+$/.test(value)) {
      return `has characters that no header may carry (pair ${index + 1})`;
    }
    if (ofTheConnection.includes(name.toLowerCase())) return `has a header that is the connection’s own (pair ${index + 1})`;
    if (name.toLowerCase().endsWith('-bin')) return `has a name that ends in -bin, which gRPC keeps for bytes (pair ${index + 1})`;
  }
  return undefined;
}

/** Value undefined: it has no `=`, or a percent sign that starts no escape. */
function parts(pair: string): { readonly name: string; readonly value?: string } {
  const at = pair.indexOf('=');
  if (at < 0) return { name: pair.trim() };
  try {
    return { name: decodeURIComponent(pair.slice(0, at).trim()), value: decodeURIComponent(pair.slice(at + 1).trim()) };
  } catch {
    return { name: pair.slice(0, at).trim() };
  }
}

function remember(headers: string, each: typeof rememberSecret): void {
  rememberCredential(headers, each);
  for (const pair of headers.split(',')) rememberCredential(parts(pair).value ?? '', each);
}
