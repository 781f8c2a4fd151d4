import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { readKept } from './kept-file.ts';

/** Paths of PEM files. */
export interface CertificateFiles {
  readonly certificate?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
}

/** What is in them, by Node's names; a file that is not named is absent. */
export interface Certificates {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/**
 * Reads the files at each call, and gives what they had when they were last all there, whole and fitting together: the same
 * object until they have other contents which are so too. Undefined while they never were.
 */
export function keptCertificates(files: CertificateFiles): () => Certificates | undefined {
  let fitting: Certificates | undefined;
  let refused: Certificates | undefined;
  return () => {
    const now = contentsOf(files);
    // Whether they fit is looked at after a change alone: it takes longer than to read them.
    if (now === undefined || isSame(now, fitting) || isSame(now, refused)) return fitting;
    if (fit(now)) fitting = now;
    else refused = now;
    return fitting;
  };
}

/** @throws what {@link readKept} does. */
export function readCertificates({ certificate, clientCertificate, clientKey }: CertificateFiles): Certificates {
  return {
    ...(certificate !== undefined && { ca: readKept(certificate) }),
    ...(clientCertificate !== undefined && { cert: readKept(clientCertificate) }),
    ...(clientKey !== undefined && { key: readKept(clientKey) }),
  };
}

/** Undefined while one of them cannot be read. */
function contentsOf(files: CertificateFiles): Certificates | undefined {
  try {
    return readCertificates(files);
  } catch {
    return undefined;
  }
}

function isSame(one: Certificates, other: Certificates | undefined): boolean {
  return other !== undefined && (['ca', 'cert', 'key'] as const).every((name) => Buffer.compare(one[name] ?? none, other[name] ?? none) === 0);
}

const none = Buffer.alloc(0);

/**
 * Whether a connection can be made with them. Of an authority's file, and after the first certificate of a client's, OpenSSL
 * takes what it can read and says nothing of the rest.
 */
function fit({ ca, cert, key }: Certificates): boolean {
  try {
    for (const pem of [ca, cert]) if (pem !== undefined && !isWhole(pem)) return false;
    // Without an authority Node would parse all that it knows itself; the named ones have been parsed.
    createSecureContext({ ca: [], ...(cert && { cert }), ...(key && { key }) });
    return true;
  } catch {
    return false;
  }
}

/** BEGIN and END each on a line of their own, the same label in both. */
const wholeBlock = /^\uFEFF?-----BEGIN ([A-Z0-9 ]+)-----[^-]*^-----END \1-----[ \t]*$/gm;

/**
 * Whether a PEM file (RFC 7468) has certificates, and no block that is cut; there may be other words around them. A file that
 * was cut between two blocks cannot be told from a whole one.
 * @throws Node's error of a certificate that is none.
 */
function isWhole(pem: Buffer): boolean {
  const text = pem.toString('utf8');
  if (/^\uFEFF?-----(BEGIN|END) /m.test(text.replace(wholeBlock, ''))) return false;
  const certificates = [...text.matchAll(wholeBlock)].filter(([, label]) => label?.endsWith('CERTIFICATE'));
  for (const [block] of certificates) new X509Certificate(block);
  return certificates.length > 0;
}
