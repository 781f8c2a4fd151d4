import { ServerCredentials } from '@grpc/grpc-js';
import { createServer } from 'node:https';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { type HttpAnswer, startUpstream } from '../../src/demo/http-server.ts';
import { startReceiver } from '../../src/demo/receiver.ts';
import { openRouterAnswers } from '../support/agent.ts';
import { createAuthority } from '../support/certificates.ts';
import { cleanup } from '../support/cleanup.ts';
import { runCli } from '../support/cli.ts';
import { type ConnectProxy, startConnectProxy } from '../support/connect-proxy.ts';
import { startHttpReceiver } from '../support/http-receiver.ts';
import { listening } from '../support/proxy.ts';

const after = cleanup();
const authority = await createAuthority();
afterAll(() => authority.stop());
const [ofUpstream, ofBackend] = await Promise.all([authority.issue({ host: 'upstream.example' }), authority.issue({ host: 'backend.example' })]);

let proxy: ConnectProxy;
let settings: Readonly<Record<string, string>>;

/** An upstream and a backend that nobody finds but the proxy; both have certificates of a private authority. */
beforeEach(async () => {
  const upstream = createServer({ cert: ofUpstream.certificate, key: ofUpstream.key }, ({ url = '' }, response) => {
    response.setHeader('content-type', 'application/json');
    const answer = (openRouterAnswers as Record<string, { readonly body: object } | undefined>)[url];
    response.writeHead(answer === undefined ? 404 : 200).end(JSON.stringify(answer?.body ?? {}));
  });
  const credentials = ServerCredentials.createSsl(null, [{ cert_chain: Buffer.from(ofBackend.certificate), private_key: Buffer.from(ofBackend.key) }]);
  const backend = await startReceiver({ credentials });
  const ports: Record<string, number> = { 'upstream.example:443': await listening(upstream), 'backend.example:4317': backend.port };
  proxy = await startConnectProxy((target) => {
    const port = ports[target];
    return port === undefined ? { status: 403 } : { port };
  });
  after(async () => {
    await proxy.stop();
    backend.stop();
    upstream.closeAllConnections();
    upstream.close();
  });
  settings = {
    OPENROUTER_API_KEY: 'sk-or-v1-fake',
    OPENROUTER_ACCOUNT_BASE_URL: 'https://upstream.example',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'https://backend.example:4317',
    OTEL_EXPORTER_OTLP_CERTIFICATE: authority.certificateFile,
    NODE_EXTRA_CA_CERTS: authority.certificateFile,
    HTTPS_PROXY: `http://fake-user:fake-password@127.0.0.1:${proxy.port}`,
  };
});

test('check reaches upstream and backend through the proxy of HTTPS_PROXY, and says so without its user', async () => {
  const { code, stdout, stderr } = await runCli(['check'], settings);
  expect(stdout).toContain(`openrouter origin: asked through the proxy 127.0.0.1:${proxy.port} of HTTPS_PROXY\n`);
  expect(stdout).toContain(`otlp: up, https://backend.example:4317, grpc, TLS, through the proxy 127.0.0.1:${proxy.port}, `);
  expect(code).toBe(0);
  expect(stdout + stderr).not.toMatch(/fake-user|fake-password/);
  const authorization = `Basic ${Buffer.from('fake-user:fake-password').toString('base64')}`;
  expect(proxy.asked).toEqual(expect.arrayContaining(['upstream.example:443', 'backend.example:4317'].map((target) => ({ target, authorization }))));
});

test('what is on loopback is asked directly, also where Node itself is told to use the proxy', async () => {
  const receiver = await startHttpReceiver();
  after(() => receiver.stop());
  const answers: Readonly<Record<string, HttpAnswer>> = openRouterAnswers;
  const upstream = await startUpstream(({ path }) => answers[path] ?? { status: 404, body: {} });
  after(() => upstream.stop());
  const { code, stdout } = await runCli(['check'], {
    ...settings,
    HTTP_PROXY: settings['HTTPS_PROXY'] ?? '',
    NODE_USE_ENV_PROXY: '1',
    OPENROUTER_ACCOUNT_BASE_URL: upstream.url,
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url.replace('/v1/metrics', ''),
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
  });
  expect(stdout).not.toContain('proxy');
  expect(code).toBe(0);
  expect(proxy.asked).toEqual([]);
});

test.each([
  ['localhost, *.example:4317', 'around'],
  // The end of a name is not above it, and nothing is no name; in lower case gRPC's library would read it too.
  ['end.example,', 'through'],
])('with no_proxy=%s OTLP/gRPC goes %s the proxy, and check says so', async (list, way) => {
  const { code, stdout } = await runCli(['check'], { ...settings, no_proxy: list });
  const isThrough = way === 'through';
  expect(stdout).toContain(`openrouter origin: asked through the proxy 127.0.0.1:${proxy.port} of HTTPS_PROXY\n`);
  expect(stdout.includes(`grpc, TLS, through the proxy 127.0.0.1:${proxy.port}, `)).toBe(isThrough);
  expect(proxy.asked.map(({ target }) => target).includes('backend.example:4317')).toBe(isThrough);
  // Nobody but the proxy knows where the backend is.
  expect(code).toBe(isThrough ? 0 : 4);
});

test('OTLP/HTTP with TLS goes through the proxy too, and a refusal names it', async () => {
  const { code, stdout } = await runCli(['check'], { ...settings, OTEL_EXPORTER_OTLP_ENDPOINT: 'https://elsewhere.example/otlp' });
  expect(stdout).toContain(`otlp: down, https://elsewhere.example/otlp/v1/metrics, http/protobuf, TLS, through the proxy 127.0.0.1:${proxy.port}, `);
  expect(stdout).toMatch(/otlp failure: .*answered 403 when it was asked for a way to elsewhere\.example:443 \(through the proxy /);
  expect(code).toBe(4);
});

test.each([
  ['grpc', 'https://backend.example:4317'],
  ['http/protobuf', 'https://elsewhere.example/otlp'],
])('traces over %s go through the proxy too', async (protocol, endpoint) => {
  const { code, stdout } = await runCli(['check'], {
    ...settings,
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: endpoint,
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: protocol,
  });
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`^traces: down, ${endpoint}.*, TLS, through the proxy 127\\.0\\.0\\.1:${proxy.port}, `, 'm'));
  expect(stdout).toMatch(protocol === 'grpc' ? /traces failure: .*UNIMPLEMENTED.*it takes no traces/ : /traces failure: .*answered 403 when it was asked for a way to elsewhere\.example/);
  expect(proxy.asked.map(({ target }) => target)).toContain(new URL(endpoint).host + (protocol === 'grpc' ? '' : ':443'));
});

test('without its authority a certificate is named as the cause, with the setting that mends it', async () => {
  const rest = Object.fromEntries(Object.entries(settings).filter(([name]) => !name.includes('CERT')));
  const { code, stdout } = await runCli(['check'], rest);
  expect(stdout).toMatch(/openrouter failure: tls: no complete answer from upstream\.example: (UNABLE_TO_|SELF_SIGNED)/);
  expect(stdout).toMatch(/openrouter remedy: .*NODE_EXTRA_CA_CERTS/);
  expect(stdout).toMatch(/otlp failure: .*not of an authority that is trusted here; set OTEL_EXPORTER_OTLP_CERTIFICATE/);
  expect(code).toBe(4);
});

test('a proxy that cannot be used is a wrong setting', async () => {
  const { code, stderr } = await runCli(['check'], { ...settings, HTTPS_PROXY: 'socks5://fake-user:fake-password@127.0.0.1:1080' });
  expect(stderr).toBe('HTTPS_PROXY must be the address of an HTTP proxy, such as http://host:3128\n');
  expect(code).toBe(2);
});
