import { type CertificateFiles, type Certificates, keptCertificates } from '../model/certificates.ts';
import type { Sender } from './attempt.ts';

/**
 * A sender whose certificates may be replaced while it runs: a connection keeps those it was made with, so after a change the next
 * request goes over a new one. Files that are gone, half written or do not fit together change nothing until they do: what they
 * had before is used, for a new connection too.
 * @param open makes it; asks for the certificates when it connects, and takes the files as they are while there are none.
 */
export function withFreshFiles<Request>(open: (certificates: () => Certificates | undefined) => Sender<Request>, files: CertificateFiles): Sender<Request> {
  const latest = keptCertificates(files);
  let used = latest();
  const sender = open(() => used);
  return {
    ...sender,
    get proxy() {
      return sender.proxy;
    },
    send(request, timeoutMs, stop) {
      const now = latest();
      if (now !== used) {
        used = now;
        sender.close();
      }
      return sender.send(request, timeoutMs, stop);
    },
  };
}
