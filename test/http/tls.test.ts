import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startUpstream } from '../../src/demo/http-server.ts';
import { HttpClient } from '../../src/http/client.ts';
import { SourceError } from '../../src/model/source-error.ts';
import { type Authority, type Identity, createAuthority } from '../support/certificates.ts';
import { startRawServer } from '../support/raw-server.ts';

const trustedBefore = getCACertificates('default');
let trusted: Authority;
let unknown: Authority;

beforeAll(async () => {
  [trusted, unknown] = await Promise.all([createAuthority(), createAuthority()]);
  setDefaultCACertificates([...trustedBefore, trusted.certificate]);
});
afterAll(() => {
  setDefaultCACertificates(trustedBefore);
  trusted.stop();
  unknown.stop();
});

const hourMs = 3_600_000;

test.each<{ name: string; identity: () => Promise<Identity>; outcome: number | 'tls' }>([
  { name: 'a trusted authority', identity: () => trusted.issue(), outcome: 200 },
  { name: 'an authority that nobody knows', identity: () => unknown.issue(), outcome: 'tls' },
  { name: 'no authority but itself', identity: () => Promise.resolve(unknown), outcome: 'tls' },
  { name: 'another host', identity: () => trusted.issue({ host: 'other.example' }), outcome: 'tls' },
  {
    name: 'a time that has passed',
    identity: () => trusted.issue({ from: new Date(Date.now() - 2 * hourMs), until: new Date(Date.now() - hourMs) }),
    outcome: 'tls',
  },
  { name: 'a time to come', identity: () => trusted.issue({ from: new Date(Date.now() + hourMs) }), outcome: 'tls' },
])('a certificate of $name: $outcome', async ({ identity, outcome }) => {
  const { certificate, key } = await identity();
  let requests = 0;
  const server = createServer({ cert: certificate, key }, (_request, response) => {
    requests += 1;
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    expect(await read(`https://127.0.0.1:${(server.address() as AddressInfo).port}/key`)).toBe(outcome);
    // The credential must not have left before the peer was known.
    expect(requests).toBe(outcome === 200 ? 1 : 0);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

test('a plain server behind an https URL is tls', async () => {
  const upstream = await startUpstream(() => ({ status: 200, body: {} }));
  try {
    expect(await read(upstream.url.replace('http:', 'https:'))).toBe('tls');
    expect(upstream.requests).toEqual([]);
  } finally {
    await upstream.stop();
  }
});

test('a TLS server behind an http URL gives no answer', async () => {
  const { certificate, key } = await trusted.issue();
  const server = createServer({ cert: certificate, key });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    expect(['network', 'schema']).toContain(await read(`http://127.0.0.1:${(server.address() as AddressInfo).port}/key`));
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

test('a handshake that nobody answers is timeout', async () => {
  await using server = await startRawServer(() => undefined);
  expect(await read(`https://127.0.0.1:${server.port}/key`, 1_000)).toBe('timeout');
  await server.allClosed();
});

/** Status of the answer, or the reason why there is none. */
async function read(url: string, deadlineMs = 10_000): Promise<number | string> {
  const client = new HttpClient({ userAgent: 'test' });
  const headers = { authorization: 'Bearer sk-or-v1-visibly-fake' };
  try {
    return (await client.get({ url: new URL(url), headers, signal: AbortSignal.timeout(deadlineMs) })).status;
  } catch (error) {
    if (error instanceof SourceError) return error.reason;
    throw error;
  }
}
