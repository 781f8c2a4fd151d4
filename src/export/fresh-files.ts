import { createSecureContext } from 'node:tls';
import { readKept } from '../model/kept-file.ts';
import type { Sender } from './attempt.ts';

/** Paths of PEM files. */
export interface TlsFiles {
  readonly certificate?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
}

/**
 * A sender whose certificates may be replaced while it runs: a connection keeps those it was made with, so after a change the next
 * request goes over a new one. Files that are gone, half written or do not fit together change nothing until they do.
 */
export function withFreshFiles<Request>(sender: Sender<Request>, files: TlsFiles): Sender<Request> {
  let used = contentsOf(files);
  return {
    ...sender,
    get proxy() {
      return sender.proxy;
    },
    send(request, timeoutMs, stop) {
      const now = contentsOf(files);
      if (now !== undefined && JSON.stringify(now) !== JSON.stringify(used)) {
        used = now;
        sender.close();
      }
      return sender.send(request, timeoutMs, stop);
    },
  };
}

/** Undefined while no connection could be made with them. */
function contentsOf({ certificate, clientCertificate, clientKey }: TlsFiles): object | undefined {
  const read = (path: string | undefined): string | undefined => (path === undefined ? undefined : readKept(path).toString('utf8'));
  try {
    const [ca, cert, key] = [read(certificate), read(clientCertificate), read(clientKey)];
    createSecureContext({ ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) });
    return { ca, cert, key };
  } catch {
    return undefined;
  }
}
