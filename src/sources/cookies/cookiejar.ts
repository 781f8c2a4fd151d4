import { fileURLToPath } from 'node:url';
import {
  type Client,
  type ChannelCredentials,
  type ServiceError,
  Metadata,
  credentials,
  loadPackageDefinition,
  status,
} from '@grpc/grpc-js';
import { type CertificateFiles, type Certificates, keptCertificates, readCertificates } from '../../model/certificates.ts';
import { portOf } from '../../model/port.ts';
import type { Reason } from '../../model/reasons.ts';
import { SourceError, toSourceError } from '../../model/source-error.ts';
import { type OpenSpan, type Spans, grpcAnswered, grpcSpan, inSpan, noSpans } from '../../model/spans.ts';
import type { CookieProvider } from './provider.ts';

/** Where cookiejar-reader is, and how to trust it. Paths are of PEM files. */
export interface CookiejarOptions extends CertificateFiles {
  readonly url: URL;
}

interface CookieServiceClient extends Client {
  getCookies(
    request: { host: string },
    metadata: Metadata,
    options: { deadline: Date },
    done: (error: ServiceError | null, response?: { cookies: string }) => void,
  ): { cancel(): void };
}

const host = '.claude.ai';
const protoFile = fileURLToPath(new URL('../../../proto/cookiejar/v1/cookie.proto', import.meta.url));

/**
 * cookiejar-reader over gRPC: asked at every read, never cached, over a connection of its own. One that was kept for minutes
 * may have died without a word, lead to where the service no longer is, or have been made with a certificate that has been
 * replaced since. It is the user’s own, so its spans belong to our trace.
 */
export function cookiejar(options: CookiejarOptions, spans: Spans = noSpans): CookieProvider {
  const certificates = keptCertificates(options);
  const clients = new Set<CookieServiceClient>();
  return {
    async fetch(signal: AbortSignal): Promise<string> {
      if (signal.aborted) throw new SourceError('timeout', 'there was no time left to ask the cookie service');
      const client = await connect(options.url, () => tls(certificates, options));
      clients.add(client);
      try {
        return await inSpan(spans, grpcSpan('cookiejar.v1.CookieService/GetCookies', options.url), (span) => getCookies(client, signal, span));
      } catch (error) {
        throw failure(error, options.url, signal);
      } finally {
        client.close();
        clients.delete(client);
      }
    },
    close(): void {
      for (const client of clients) client.close();
    },
  };
}

async function connect(url: URL, secured: () => ChannelCredentials): Promise<CookieServiceClient> {
  // Loaded when first needed: it takes its time, and not every agent has a cookie service.
  const { loadSync } = await import('@grpc/proto-loader');
  const definition = loadSync(protoFile, { defaults: true });
  const loaded = loadPackageDefinition(definition)['cookiejar'] as unknown as {
    v1: { CookieService: new (address: string, credentials: ChannelCredentials, options: object) => CookieServiceClient };
  };
  const secure = url.protocol === 'https:';
  return new loaded.v1.CookieService(`${url.hostname}:${portOf(url)}`, secure ? secured() : credentials.createInsecure(), {
    // A cookie call goes nowhere but to its service, and no DNS record configures it.
    'grpc.enable_http_proxy': 0,
    // grpc-js else shares connections with every channel to the same address.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.service_config_disable_resolution': 1,
    'grpc.max_receive_message_length': 256 * 1024,
  });
}

/** Files are read at each connection, so that a renewed certificate is used; a half-written one is not, where there was a whole one. */
function tls(kept: () => Certificates | undefined, files: CertificateFiles): ChannelCredentials {
  try {
    const { ca = null, key = null, cert = null } = kept() ?? readCertificates(files);
    return credentials.createSsl(ca, key, cert);
  } catch (cause) {
    throw new SourceError('tls', 'a certificate for the cookie service cannot be read', { cause });
  }
}

function getCookies(client: CookieServiceClient, signal: AbortSignal, span: OpenSpan): Promise<string> {
  const metadata = new Metadata();
  if (span.traceparent !== undefined) metadata.set('traceparent', span.traceparent);
  return new Promise((resolve, reject) => {
    const call = client.getCookies({ host }, metadata, { deadline: new Date(Date.now() + callTimeoutMs) }, (error, response) => {
      signal.removeEventListener('abort', cancel);
      grpcAnswered(span, status[error?.code ?? status.OK]);
      if (error !== null) reject(error);
      else if (response === undefined || response.cookies === '') reject(none());
      else resolve(response.cookies);
    });
    const cancel = (): void => call.cancel();
    signal.addEventListener('abort', cancel, { once: true });
  });
}

/** Leaves the read its time to go on with claude.ai, or to say which of the two hung. */
const callTimeoutMs = 10_000;

function none(): SourceError {
  return new SourceError('credential_missing', `the cookie service has no cookies for ${host}`);
}

/** The reason of the service's own call, never of claude.ai. Its text is not passed on. */
function failure(thrown: unknown, url: URL, signal: AbortSignal): SourceError {
  if (!isServiceError(thrown)) return toSourceError(thrown);
  if (thrown.code === status.NOT_FOUND) return none();
  const service = `the cookie service at ${url.host}`;
  if (signal.aborted || thrown.code === status.DEADLINE_EXCEEDED) {
    return new SourceError('timeout', `${service} did not answer in time`, { cause: thrown });
  }
  if (thrown.code === status.UNAVAILABLE) {
    const reason = unavailableReason(thrown.details, url.protocol === 'https:');
    const why = reason === 'tls' ? tlsCause(thrown.details) : undefined;
    return new SourceError(reason, `there is no connection to ${service}${why === undefined ? '' : `: ${why}`}`, { cause: thrown });
  }
  return new SourceError(reasonOf(thrown), `${service} answered ${status[thrown.code]}`, { cause: thrown });
}

function isServiceError(thrown: unknown): thrown is ServiceError {
  return thrown instanceof Error && 'code' in thrown && 'details' in thrown;
}

function reasonOf({ code, details }: ServiceError): Reason {
  switch (code) {
    case status.UNAUTHENTICATED:
      return 'credential_expired';
    case status.PERMISSION_DENIED:
      return 'forbidden';
    case status.RESOURCE_EXHAUSTED:
      return details.includes('larger than max') ? 'too_large' : 'rate_limited';
    case status.INTERNAL:
      return details.startsWith('Response message parsing error') ? 'schema' : 'upstream';
    default:
      return 'upstream';
  }
}

/** What is wrong with a handshake, and which setting mends it; undefined where the text does not tell. */
function tlsCause(details: string): string | undefined {
  if (/certificate has expired|CERT_HAS_EXPIRED/.test(details)) return 'its certificate has expired';
  if (/altnames|ALTNAME/.test(details)) return 'its certificate is for another host name';
  if (/wrong version number|packet length too long/.test(details)) return 'it does not speak TLS; write http:// in COOKIEJAR_URL';
  if (/self.signed|SELF_SIGNED|signature failure|unable to (get|verify)|UNABLE_TO_/.test(details)) {
    return 'its certificate is not of an authority that is trusted here; set COOKIEJAR_CERTIFICATE to the authority’s PEM file';
  }
  if (/certificate required|bad certificate|handshake failure/.test(details)) return 'it wants another client certificate; see COOKIEJAR_CLIENT_CERTIFICATE';
  return undefined;
}

/** grpc-js tells a name, a handshake and a connection apart by its text alone. */
function unavailableReason(details: string, secure: boolean): Reason {
  if (/name resolution|ENOTFOUND|EAI_AGAIN/i.test(details)) return 'dns';
  if (/certificate|self.signed|SSL|TLS|ERR_TLS|altnames|EPROTO/i.test(details)) return 'tls';
  // The other end hung up on the handshake; its alert, if any (no client certificate, a strange one), may be lost.
  if (secure && /^No connection established.*(Failed to connect|ECONNRESET)/.test(details)) return 'tls';
  // Not HTTP/2: another kind of server.
  return details.includes('Protocol error') ? 'schema' : 'network';
}
