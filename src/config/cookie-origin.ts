import type { CertificateFiles } from '../model/certificates.ts';
import type { Secret } from '../model/secret.ts';
import type { Checked } from './check.ts';
import { checkPem } from './files.ts';
import { isLoopback } from './kinds.ts';

/** Where the cookies for claude.ai come from. */
export type CookieOrigin =
  | ({ readonly kind: 'cookiejar'; readonly url: URL } & CertificateFiles)
  | { readonly kind: 'session'; readonly secret: Secret }
  | { readonly kind: 'cookie'; readonly secret: Secret };

/** The one origin that is set, if any. */
export function cookieOrigin(checked: Checked, problems: string[], warnings: string[]): CookieOrigin | undefined {
  const url = checked.value('COOKIEJAR_URL');
  const session = checked.secret('CLAUDE_SESSION_KEY');
  const cookie = checked.secret('CLAUDE_COOKIE');
  const names = (['COOKIEJAR_URL', 'CLAUDE_SESSION_KEY', 'CLAUDE_COOKIE'] as const).filter((name) => checked.given(name));
  if (names.length > 1) problems.push(`${names.join(' and ')} are given together; cookies come from one of them`);
  if (url !== undefined) return { kind: 'cookiejar', url, ...cookiejarFiles(checked, url, problems, warnings) };
  if (session !== undefined) return { kind: 'session', secret: session };
  return cookie === undefined ? undefined : { kind: 'cookie', secret: cookie };
}

function cookiejarFiles(checked: Checked, url: URL, problems: string[], warnings: string[]): CertificateFiles {
  const certificate = checked.value('COOKIEJAR_CERTIFICATE');
  const clientCertificate = checked.value('COOKIEJAR_CLIENT_CERTIFICATE');
  const clientKey = checked.value('COOKIEJAR_CLIENT_KEY');
  checkPem('COOKIEJAR_CERTIFICATE', certificate, problems);
  checkPem('COOKIEJAR_CLIENT_CERTIFICATE', clientCertificate, problems);
  checkPem('COOKIEJAR_CLIENT_KEY', clientKey, problems);
  if ((clientCertificate === undefined) !== (clientKey === undefined)) {
    problems.push('COOKIEJAR_CLIENT_CERTIFICATE and COOKIEJAR_CLIENT_KEY go together; one is missing');
  }
  const withFiles = certificate !== undefined || clientCertificate !== undefined || clientKey !== undefined;
  if (url.protocol === 'http:' && withFiles) {
    problems.push('COOKIEJAR_URL is http:// but a certificate is set for it; write https://');
  } else if (url.protocol === 'http:' && !isLoopback(url)) {
    warnings.push(`cookies come from ${url.host} without TLS; anyone on that network can read them`);
  }
  return {
    ...(certificate !== undefined && { certificate }),
    ...(clientCertificate !== undefined && { clientCertificate }),
    ...(clientKey !== undefined && { clientKey }),
  };
}
