import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Paths of PEM files: a private authority, and what it signed. */
export interface Certificates {
  readonly authority: string;
  /** For 127.0.0.1. */
  readonly server: string;
  readonly serverKey: string;
  readonly client: string;
  readonly clientKey: string;
  /** Another authority, which signed none of them. */
  readonly stranger: string;
  /** Deletes the files. */
  remove(): void;
}

/** Makes new certificates with the openssl command; they are good for two days. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'certificates-'));
  const file = (name: string): string => join(folder, name);
  const make = (name: string, ...more: string[]): void => {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-keyout', file(`${name}.key`)];
    const subject = ['-subj', `/CN=${name} of a test`, '-days', '2', '-out', file(`${name}.pem`)];
    execFileSync('openssl', ['req', '-x509', ...key, ...subject, ...more], { stdio: ['ignore', 'ignore', 'pipe'] });
  };
  const signed = ['-CA', file('authority.pem'), '-CAkey', file('authority.key'), '-addext', 'basicConstraints=critical,CA:FALSE'];
  make('authority');
  make('stranger');
  make('server', ...signed, '-addext', 'subjectAltName=IP:127.0.0.1');
  make('client', ...signed);
  return {
    authority: file('authority.pem'),
    server: file('server.pem'),
    serverKey: file('server.key'),
    client: file('client.pem'),
    clientKey: file('client.key'),
    stranger: file('stranger.pem'),
    remove: () => rmSync(folder, { recursive: true }),
  };
}
