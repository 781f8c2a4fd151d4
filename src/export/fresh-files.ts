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
  const first = contentsOf(files);
  let used = first !== undefined && fits(first) ? JSON.stringify(first) : undefined;
  return {
    ...sender,
    get proxy() {
      return sender.proxy;
    },
    send(request, timeoutMs, stop) {
      const now = contentsOf(files);
      const text = JSON.stringify(now);
      // Whether they fit together is looked at after a change alone: it takes longer than to read them.
      if (now !== undefined && text !== used && fits(now)) {
        used = text;
        sender.close();
      }
      return sender.send(request, timeoutMs, stop);
    },
  };
}

type Contents = Readonly<Record<'ca' | 'cert' | 'key', string | undefined>>;

/** Undefined while one of them cannot be read. */
function contentsOf({ certificate, clientCertificate, clientKey }: TlsFiles): Contents | undefined {
  const read = (path: string | undefined): string | undefined => (path === undefined ? undefined : readKept(path).toString('utf8'));
  try {
    return { ca: read(certificate), cert: read(clientCertificate), key: read(clientKey) };
  } catch {
    return undefined;
  }
}

/** Whether a connection can be made with them. */
function fits({ ca, cert, key }: Contents): boolean {
  try {
    createSecureContext({ ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) });
    return true;
  } catch {
    return false;
  }
}
