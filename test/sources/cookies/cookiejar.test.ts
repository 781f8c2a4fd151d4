import { once } from 'node:events';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server as TcpServer, type Socket } from 'node:net';
import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type CookieAnswer, type SimulatedCookiejar, startCookiejar } from '../../../src/demo/cookiejar.ts';
import { listen } from '../../../src/demo/receiver.ts';
import type { Reason } from '../../../src/model/reasons.ts';
import { type CookiejarOptions, cookiejar } from '../../../src/sources/cookies/cookiejar.ts';
import type { CookieProvider } from '../../../src/sources/cookies/provider.ts';
import { type Authority, type Identity, createAuthority } from '../../support/certificates.ts';
import { type NetworkFault, startProxy } from '../../support/proxy.ts';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

const cookies: CookieAnswer = { kind: 'cookies', text: 'sessionKey=sk-ant-sid01-fake; Path=/' };

async function service(answer: CookieAnswer = cookies, options?: Parameters<typeof startCookiejar>[1]): Promise<SimulatedCookiejar> {
  const jar = await startCookiejar(() => answer, options);
  stops.push(() => jar.stop());
  return jar;
}

function provider(port: number, options: Omit<CookiejarOptions, 'url'> & { readonly secure?: boolean } = {}): CookieProvider {
  const { secure = false, ...files } = options;
  const made = cookiejar({ url: new URL(`${secure ? 'https' : 'http'}://localhost:${port}`), ...files });
  stops.push(() => made.close());
  return made;
}

function fetch(from: CookieProvider, withinMs = 5_000): Promise<string> {
  return from.fetch(AbortSignal.timeout(withinMs));
}

/** A server that is none of ours; every connection is closed at the end. */
async function tcp(onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: TcpServer = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    onConnection(socket);
  }).listen(0, '127.0.0.1');
  stops.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test('the service is asked for the cookies of .claude.ai at every fetch', async () => {
  const jar = await service();
  const from = provider(jar.port);
  await expect(fetch(from)).resolves.toBe('sessionKey=sk-ant-sid01-fake; Path=/');
  await expect(fetch(from)).resolves.toBe('sessionKey=sk-ant-sid01-fake; Path=/');
  expect(jar.hosts).toEqual(['.claude.ai', '.claude.ai']);
});

test.each<[string, Reason]>([
  ['NOT_FOUND', 'credential_missing'],
  ['UNAUTHENTICATED', 'credential_expired'],
  ['PERMISSION_DENIED', 'forbidden'],
  ['RESOURCE_EXHAUSTED', 'rate_limited'],
  ['DEADLINE_EXCEEDED', 'timeout'],
  ['UNAVAILABLE', 'network'],
  ['UNIMPLEMENTED', 'upstream'],
  ['INTERNAL', 'upstream'],
  ['CANCELLED', 'upstream'],
])('a service that answers %s is %s', async (name, reason) => {
  const jar = await service({ kind: 'refuse', code: status[name as keyof typeof status] });
  await expect(fetch(provider(jar.port))).rejects.toMatchObject({ name: 'SourceError', reason });
});

test('no cookies at all are a missing credential', async () => {
  const jar = await service({ kind: 'cookies', text: '' });
  await expect(fetch(provider(jar.port))).rejects.toMatchObject({ reason: 'credential_missing' });
});

test('an answer over the limit is too large', async () => {
  const jar = await service({ kind: 'cookies', text: 'a'.repeat(300_000) });
  await expect(fetch(provider(jar.port))).rejects.toMatchObject({ reason: 'too_large' });
});

test('a message that is no answer is schema', async () => {
  const server = new Server();
  const raw = (bytes: Buffer): Buffer => bytes;
  const method = {
    path: '/cookiejar.v1.CookieService/GetCookies',
    requestStream: false,
    responseStream: false,
    requestSerialize: raw,
    requestDeserialize: raw,
    responseSerialize: raw,
    responseDeserialize: raw,
  };
  // A wire type that protobuf does not have.
  const answer = (_call: unknown, done: (error: null, bytes: Buffer) => void): void => done(null, Buffer.from([0x0f]));
  server.addService({ getCookies: method }, { getCookies: answer });
  const port = await listen(server, 0);
  stops.push(() => server.forceShutdown());
  await expect(fetch(provider(port))).rejects.toMatchObject({ reason: 'schema' });
});

test('a service that hangs is a timeout when the read has no more time', async () => {
  const jar = await service({ kind: 'hang' });
  await expect(fetch(provider(jar.port), 100)).rejects.toMatchObject({ reason: 'timeout' });
  const silent = await tcp(() => undefined);
  await expect(fetch(provider(silent), 100)).rejects.toMatchObject({ reason: 'timeout' });
  await expect(provider(silent, { secure: true }).fetch(AbortSignal.timeout(100))).rejects.toMatchObject({ reason: 'timeout' });
  await expect(provider(jar.port).fetch(AbortSignal.abort())).rejects.toMatchObject({ reason: 'timeout' });
  expect(jar.calls).toBe(1);
});

test('no service, a broken connection, and a server of another kind have reasons of their own', async () => {
  const jar = await service();
  jar.stop();
  await expect(fetch(provider(jar.port))).rejects.toMatchObject({ reason: 'network' });
  const hangsUp = await tcp((socket) => socket.destroy());
  await expect(fetch(provider(hangsUp))).rejects.toMatchObject({ reason: 'network' });
  const talksHttp1 = await tcp((socket) => socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'));
  await expect(fetch(provider(talksHttp1))).rejects.toMatchObject({ reason: 'schema' });
  const nowhere = cookiejar({ url: new URL('http://no..name:50051') });
  await expect(fetch(nowhere)).rejects.toMatchObject({ reason: 'dns' });
});

test('the error names the service and quotes nothing that it said', async () => {
  const jar = await service({ kind: 'refuse', code: status.INTERNAL });
  await expect(fetch(provider(jar.port))).rejects.toThrow(`the cookie service at localhost:${jar.port} answered INTERNAL`);
});

test('a proxy of the environment is not asked', async () => {
  let connections = 0;
  const proxy = await tcp(() => (connections += 1));
  const variables = ['grpc_proxy', 'https_proxy', 'http_proxy'] as const;
  const before = variables.map((variable) => process.env[variable]);
  stops.push(() => {
    variables.forEach((variable, i) => {
      if (before[i] === undefined) Reflect.deleteProperty(process.env, variable);
      else process.env[variable] = before[i];
    });
  });
  for (const variable of variables) process.env[variable] = `http://127.0.0.1:${proxy}`;
  const jar = await service();
  await expect(fetch(provider(jar.port))).resolves.toContain('sessionKey=');
  expect(connections).toBe(0);
});

test('a service that comes back is used at the next fetch', async () => {
  const first = await service();
  const from = provider(first.port);
  await fetch(from);
  first.stop();
  await expect(fetch(from)).rejects.toMatchObject({ reason: 'network' });
  await service(cookies, { port: first.port });
  await expect(fetch(from)).resolves.toContain('sessionKey=');
});

test('each fetch has a connection of its own, so that one which died without a word costs nothing', async () => {
  const jar = await service();
  const network = await startProxy(jar.port);
  stops.push(() => network.stop());
  const from = provider(network.port);
  await fetch(from);
  network.freeze();
  await expect(fetch(from)).resolves.toContain('sessionKey=');
  expect(network.connections).toBe(2);
});

test.each<[what: string, fault: NetworkFault, reason: Reason]>([
  ['refuses connections', { kind: 'refuse' }, 'network'],
  ['resets them', { kind: 'reset', afterBytes: 0 }, 'network'],
  ['cuts the answer', { kind: 'cut', afterBytes: 60 }, 'network'],
  ['swallows everything', { kind: 'black hole' }, 'timeout'],
  ['takes longer than the read has', { kind: 'latency', ms: 60_000 }, 'timeout'],
  ['passes on a byte at a time', { kind: 'drip', bytes: 1, everyMs: 100 }, 'timeout'],
])('a network that %s is named, and forgotten at the next fetch', async (_, fault, reason) => {
  const jar = await service();
  const network = await startProxy(jar.port);
  stops.push(() => network.stop());
  const from = provider(network.port);
  await network.become(fault);
  await expect(fetch(from, 1_000)).rejects.toMatchObject({ reason });
  await network.become({ kind: 'none' });
  await expect(fetch(from)).resolves.toContain('sessionKey=');
});

let authority: Authority;
let stranger: Authority;
let ofService: Identity;
let ofAgent: Identity;
let ofStranger: Identity;
beforeAll(async () => {
  [authority, stranger] = await Promise.all([createAuthority(), createAuthority()]);
  [ofService, ofAgent, ofStranger] = await Promise.all([authority.issue(), authority.issue(), stranger.issue()]);
});
afterAll(() => {
  authority.stop();
  stranger.stop();
});

/** Over TLS; with `clients`, only for those that it has signed. */
function secured(clients?: Authority): Promise<SimulatedCookiejar> {
  const pair = { private_key: Buffer.from(ofService.key), cert_chain: Buffer.from(ofService.certificate) };
  const roots = clients === undefined ? null : Buffer.from(clients.certificate);
  return service(cookies, { credentials: ServerCredentials.createSsl(roots, [pair], clients !== undefined) });
}

test('over TLS the service is trusted by its authority alone', async () => {
  const jar = await secured();
  const options = { secure: true, certificate: authority.certificateFile };
  await expect(fetch(provider(jar.port, options))).resolves.toContain('sessionKey=');
  await expect(fetch(provider(jar.port, { ...options, certificate: stranger.certificateFile }))).rejects.toMatchObject({
    reason: 'tls',
    message: expect.stringMatching(/: its certificate is not of an authority that is trusted here; set COOKIEJAR_CERTIFICATE/) as string,
  });
  await expect(fetch(provider(jar.port, { secure: true }))).rejects.toMatchObject({ reason: 'tls' });
  expect(jar.calls).toBe(1);
});

test('a service without TLS is not spoken to where TLS is set, nor one with TLS where it is not', async () => {
  const plain = await service();
  await expect(fetch(provider(plain.port, { secure: true, certificate: authority.certificateFile }))).rejects.toMatchObject({
    reason: 'tls',
    message: expect.stringMatching(/: it does not speak TLS; write http:/) as string,
  });
  const jar = await secured();
  await expect(fetch(provider(jar.port))).rejects.toMatchObject({ reason: 'network' });
  expect(plain.calls + jar.calls).toBe(0);
});

test('a service that asks for client certificates gets ours, and refuses none and a strange one', async () => {
  const jar = await secured(authority);
  const options = { secure: true, certificate: authority.certificateFile };
  const withCertificate = ({ certificateFile, keyFile }: Identity): CookieProvider =>
    provider(jar.port, { ...options, clientCertificate: certificateFile, clientKey: keyFile });
  await expect(fetch(withCertificate(ofAgent))).resolves.toContain('sessionKey=');
  await expect(fetch(provider(jar.port, options))).rejects.toMatchObject({ reason: 'tls' });
  await expect(fetch(withCertificate(ofStranger))).rejects.toMatchObject({ reason: 'tls' });
  await expect(fetch(withCertificate({ ...ofAgent, keyFile: ofStranger.keyFile }))).rejects.toMatchObject({ reason: 'tls' });
  expect(jar.calls).toBe(1);
});

test('a certificate that is missing is said, and one that is renewed is used at the next fetch', async () => {
  const jar = await secured();
  const certificate = `${authority.certificateFile}.renewed`;
  const from = provider(jar.port, { secure: true, certificate });
  await expect(fetch(from)).rejects.toMatchObject({ name: 'SourceError', reason: 'tls' });
  copyFileSync(stranger.certificateFile, certificate);
  await expect(fetch(from)).rejects.toMatchObject({ reason: 'tls' });
  copyFileSync(authority.certificateFile, certificate);
  await expect(fetch(from)).resolves.toContain('sessionKey=');
});

test('a file that is half written or gone is not used where there was a whole one before', async () => {
  const jar = await secured(authority);
  const [certificate, clientCertificate, clientKey] = ['authority', 'client', 'key'].map((name) => `${authority.certificateFile}.${name}`) as [string, string, string];
  copyFileSync(authority.certificateFile, certificate);
  copyFileSync(ofAgent.certificateFile, clientCertificate);
  copyFileSync(ofAgent.keyFile, clientKey);
  const from = provider(jar.port, { secure: true, certificate, clientCertificate, clientKey });
  await expect(fetch(from)).resolves.toContain('sessionKey=');
  for (const text of ['', authority.certificate.slice(0, 200)]) {
    writeFileSync(certificate, text);
    await expect(fetch(from)).resolves.toContain('sessionKey=');
  }
  rmSync(clientKey);
  await expect(fetch(from)).resolves.toContain('sessionKey=');
  copyFileSync(stranger.certificateFile, certificate);
  copyFileSync(ofAgent.keyFile, clientKey);
  await expect(fetch(from)).rejects.toMatchObject({ reason: 'tls' });
});
