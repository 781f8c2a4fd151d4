import { SourceError } from '../model/source-error.ts';
import type { Reason } from '../model/reasons.ts';

const reasonByCode: Readonly<Record<string, Reason>> = {
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EAI_NODATA: 'dns',
  EAI_NONAME: 'dns',
  ECONNREFUSED: 'network',
  ECONNRESET: 'network',
  ECONNABORTED: 'network',
  EPIPE: 'network',
  EHOSTUNREACH: 'network',
  ENETUNREACH: 'network',
  EADDRNOTAVAIL: 'network',
  ETIMEDOUT: 'timeout',
  HPE_HEADER_OVERFLOW: 'too_large',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls',
  UNABLE_TO_GET_ISSUER_CERT: 'tls',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls',
  HOSTNAME_MISMATCH: 'tls',
  EPROTO: 'tls',
};

/** The reason behind a Node system, TLS, HTTP-parser or zlib error code (https://nodejs.org/api/errors.html). */
export function reasonOfCode(code: string): Reason {
  const known = reasonByCode[code];
  if (known !== undefined) return known;
  if (/^(ERR_TLS_|ERR_SSL_|CERT_)/.test(code)) return 'tls';
  // A body that cannot be inflated, or bytes that are not HTTP: the peer answered nonsense.
  if (/^(Z_|ERR_BROTLI|ERR__ERROR_FORMAT|ERR_PADDING|HPE_)/.test(code)) return 'schema';
  return 'network';
}

/**
 * What went wrong below HTTP, as a SourceError. The message names host and code only: library messages may quote URLs
 * and header values.
 */
export function transportError(thrown: unknown, url: URL, signal: AbortSignal): SourceError {
  if (thrown instanceof SourceError) return thrown;
  if (signal.aborted) return new SourceError('timeout', `${url.host} did not answer in time`, { cause: thrown });
  const code = codeOf(thrown);
  if (code === undefined) return new SourceError('internal', `unexpected error reading ${url.host}`, { cause: thrown });
  return new SourceError(reasonOfCode(code), `no complete answer from ${url.host}: ${code}`, { cause: thrown });
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
