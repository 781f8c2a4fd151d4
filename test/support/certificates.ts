import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';

/** A certificate and its key, as PEM text and as the files a setting can name. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** A certificate authority of a test's own. */
export interface Authority extends Identity {
  /** A certificate for localhost and 127.0.0.1, or for another host, good for servers and clients, and for a year unless said otherwise. */
  issue(options?: { readonly host?: string; readonly from?: Date; readonly until?: Date }): Promise<Identity>;
  /** Removes the files. */
  stop(): void;
}

/** Makes an authority; it signs with elliptic curves, as RSA keys take their time to be made. */
export async function createAuthority(): Promise<Authority> {
  const folder = mkdtempSync(join(tmpdir(), 'authority-'));
  const options = { keyType: 'ec', algorithm: 'sha256', notBeforeDate: new Date(Date.now() - 3_600_000) } as const;
  let made = 0;
  const files = ({ cert, private: key }: { cert: string; private: string }): Identity => {
    made += 1;
    const certificateFile = join(folder, `${made}.pem`);
    const keyFile = join(folder, `${made}.key`);
    writeFileSync(certificateFile, cert);
    writeFileSync(keyFile, key, { mode: 0o600 });
    return { certificate: cert, key, certificateFile, keyFile };
  };
  const own = await generate([{ name: 'commonName', value: 'an authority for tests' }], {
    ...options,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return {
    ...files(own),
    async issue({ host, from, until } = {}) {
      return files(
        await generate([{ name: 'commonName', value: 'localhost' }], {
          ...options,
          ...(from && { notBeforeDate: from }),
          ...(until && { notAfterDate: until }),
          ca: { key: own.private, cert: own.cert },
          extensions: [
            { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
            {
              name: 'subjectAltName',
              altNames: host === undefined ? [{ type: 2, value: 'localhost' }, { type: 7, ip: '127.0.0.1' }] : [{ type: 2, value: host }],
            },
          ],
        }),
      );
    },
    stop: () => rmSync(folder, { recursive: true, force: true }),
  };
}
