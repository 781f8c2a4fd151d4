import { createServer } from 'node:https';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HttpClient, type HttpResponse } from '../../src/http/client.ts';
import { SourceError } from '../../src/model/source-error.ts';
import { type Authority, createAuthority } from '../support/certificates.ts';
import { cleanup } from '../support/cleanup.ts';
import { type ConnectProxy, startConnectProxy } from '../support/connect-proxy.ts';
import { listening } from '../support/proxy.ts';

const after = cleanup();
const trustedBefore = getCACertificates('default');
let authority: Authority;
beforeAll(async () => {
  authority = await createAuthority();
  setDefaultCACertificates([...trustedBefore, authority.certificate]);
});
afterAll(() => {
  setDefaultCACertificates(trustedBefore);
  authority.stop();
});

const url = new URL('https://upstream.example/key');

interface Upstream {
  readonly port: number;
  readonly headers: readonly (readonly string[])[];
}

/** An https server that has a certificate for a name, and no address that anybody could look up. */
async function startUpstream(host = 'upstream.example'): Promise<Upstream> {
  const { certificate, key } = await authority.issue({ host });
  const headers: string[][] = [];
  const server = createServer({ cert: certificate, key }, (request, response) => {
    headers.push(request.rawHeaders);
    response.end('{}');
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: await listening(server), headers };
}

async function startProxyTo(way: Parameters<typeof startConnectProxy>[0]): Promise<ConnectProxy> {
  const proxy = await startConnectProxy(way);
  after(() => proxy.stop());
  return proxy;
}

function clientBehind(port: number, user = ''): { readonly get: (timeoutMs?: number) => Promise<HttpResponse | SourceError> } {
  const client = new HttpClient({ userAgent: 'test', proxyFor: () => new URL(`http://${user}127.0.0.1:${port}`) });
  return {
    get: (timeoutMs = 5_000) =>
      client.get({ url, headers: { cookie: 'sessionKey=fake' }, signal: AbortSignal.timeout(timeoutMs) }).catch((error: unknown) => {
        if (error instanceof SourceError) return error;
        throw error;
      }),
  };
}

test('an upstream is asked through the proxy, over TLS of its own and a connection that is kept; the proxy alone gets its credentials', async () => {
  const upstream = await startUpstream();
  const proxy = await startProxyTo(() => ({ port: upstream.port }));
  const client = clientBehind(proxy.port, 'fake-user:fake%20password@');
  expect(await client.get()).toMatchObject({ status: 200 });
  expect(await client.get()).toMatchObject({ status: 200 });
  expect(proxy.asked).toEqual([{ target: 'upstream.example:443', authorization: `Basic ${Buffer.from('fake-user:fake password').toString('base64')}` }]);
  expect(upstream.headers).toHaveLength(2);
  expect(JSON.stringify(upstream.headers)).toContain('sessionKey=fake');
  expect(JSON.stringify(upstream.headers)).not.toMatch(/proxy|fake-user/i);
});

test.each([401, 403, 407, 429, 502])('a proxy that answers %i is not taken for the upstream', async (status) => {
  const proxy = await startProxyTo(() => ({ status }));
  expect(await clientBehind(proxy.port, 'fake-user:fake-password@').get()).toMatchObject({
    reason: 'network',
    status: undefined,
    message: `no way to upstream.example: the proxy 127.0.0.1:${proxy.port} answered ${status} when it was asked for a way to upstream.example:443`,
  });
});

test('a proxy that is not there is named, and what it leads to is not to blame', async () => {
  expect(await clientBehind(1).get()).toMatchObject({ reason: 'network', message: 'no way to upstream.example: the proxy 127.0.0.1:1 cannot be reached: ECONNREFUSED' });
});

test('a proxy that never answers is given up with the read', async () => {
  const proxy = await startProxyTo(() => 'hang');
  expect(await clientBehind(proxy.port).get(200)).toMatchObject({ reason: 'timeout' });
});

test('a proxy that leads to somebody else is found out by the certificate, before any credential leaves', async () => {
  const other = await startUpstream('other.example');
  const proxy = await startProxyTo(() => ({ port: other.port }));
  expect(await clientBehind(proxy.port).get()).toMatchObject({ reason: 'tls' });
  expect(other.headers).toEqual([]);
});
