import { SourceError } from '../model/source-error.ts';
import type { Reason } from '../model/reasons.ts';
import { ProxyError } from './tunnel.ts';

/**
 * Families of Node's error codes (https://nodejs.org/api/errors.html, https://nodejs.org/api/tls.html#x509-certificate-error-codes),
 * first match wins. What is not here is the network's: the sockets' own codes are many, and differ from system to system.
 */
const families: readonly (readonly [RegExp, Reason])[] = [
  [/^(ENOTFOUND|EAI_.+)$/, 'dns'],
  [/^(ETIMEDOUT|ERR_SOCKET_CONNECTION_TIMEOUT)$/, 'timeout'],
  [/^(EPROTO$|ERR_TLS_|ERR_SSL_|ERR_OSSL_)/, 'tls'],
  [/CERT|CRL|^(INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH|UNABLE_TO_.+)$/, 'tls'],
  [/^HPE_HEADER_OVERFLOW$/, 'too_large'],
  // A body that cannot be inflated, or bytes that are not HTTP: the peer answered nonsense.
  [/^(HPE_|Z_|ERR_BROTLI|ERR__ERROR_|ERR_PADDING)/, 'schema'],
  // A request that could not even be made.
  [/^ERR_(INVALID|HTTP_INVALID|UNESCAPED|UNSUPPORTED|ASSERTION)/, 'internal'],
];

/** The reason behind a Node system, TLS, HTTP-parser or zlib error code. */
export function reasonOfCode(code: string): Reason {
  return families.find(([family]) => family.test(code))?.[1] ?? 'network';
}

/**
 * What went wrong below HTTP, as a SourceError. The message names host and code only: library messages may quote URLs
 * and header values.
 */
export function transportError(thrown: unknown, url: URL, signal: AbortSignal): SourceError {
  if (signal.aborted) return new SourceError('timeout', `${url.host} did not answer in time`);
  if (thrown instanceof SourceError) {
    const { reason, message, status } = thrown;
    return new SourceError(reason, `${url.host}: ${message}`, status === undefined ? {} : { status });
  }
  const proxyError = proxyErrorOf(thrown);
  if (proxyError !== undefined) return new SourceError(reasonOfCode(proxyError.code), `no way to ${url.host}: ${proxyError.message}`);
  const code = codeOf(thrown);
  if (code === undefined) return new SourceError('internal', `unexpected error reading ${url.host}`, { cause: thrown });
  return new SourceError(reasonOfCode(code), `no complete answer from ${url.host}: ${code}`);
}

function proxyErrorOf(thrown: unknown): ProxyError | undefined {
  for (let error = thrown; error instanceof Error; error = error.cause) if (error instanceof ProxyError) return error;
  return undefined;
}

/** The most telling error code in a chain of causes; got's own wrapper code says nothing. */
function codeOf(thrown: unknown): string | undefined {
  let found: string | undefined;
  for (let error = thrown; error instanceof Error; error = error.cause) {
    const code: unknown = 'code' in error ? error.code : undefined;
    if (typeof code === 'string' && /^[A-Z0-9_]+$/.test(code)) {
      if (found === undefined || found === 'ERR_GOT_REQUEST_ERROR') found = code;
    }
  }
  return found;
}
