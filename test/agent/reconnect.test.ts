import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServerCredentials } from '@grpc/grpc-js';
import { type TestContext, afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCookiejar } from '../../src/demo/cookiejar.ts';
import { startReceiver } from '../../src/demo/receiver.ts';
import { type World, agentOf, startWorld, valuesOf } from '../support/agent.ts';
import { type Authority, type Identity, createAuthority } from '../support/certificates.ts';
import { startHttpReceiver } from '../support/http-receiver.ts';
import { ownNames } from '../support/names.ts';
import { listening, startProxy } from '../support/proxy.ts';

const addresses = ownNames();
const environment = { ...process.env };
afterAll(() => {
  for (const name of Object.keys(process.env)) if (!(name in environment)) Reflect.deleteProperty(process.env, name);
});

/** Takes what is to be stopped when the test has ended, last first. */
type After = TestContext['onTestFinished'];

async function worldOf(after: After): Promise<World> {
  const world = await startWorld();
  after(() => world.stop());
  return world;
}

/** Refuses everybody, and keeps the credentials that came. */
function createRecorder(seen: string[]): Server {
  return createServer(({ headers }, response) => {
    for (const name of ['authorization', 'cookie']) if (headers[name] !== undefined) seen.push(String(headers[name]));
    for (const name of ['x-api-key', 'x-token']) if (headers[name] !== undefined) seen.push(`${name} ${String(headers[name])}`);
    response.writeHead(401).end();
  });
}

/** Time for three attempts of a second. */
const cycle = { OTEL_METRIC_EXPORT_INTERVAL: '4800', OTEL_METRIC_EXPORT_TIMEOUT: '4800' };
const delivered = { lost: 0, rejected: 0 };

/** A backend that counts the requests that came to it. */
interface Backend {
  readonly port: number;
  requests(): number;
  stop(): unknown;
}

const protocols = [
  {
    protocol: 'grpc',
    async start(after: After, port = 0): Promise<Backend> {
      let requests = 0;
      const receiver = await startReceiver({ port, onRequest: () => (requests += 1) });
      after(() => receiver.stop());
      return { port: receiver.port, requests: () => requests, stop: () => receiver.stop() };
    },
    async startSecure(after: After, { key, certificate }: Identity, clients: Authority, seen: (serial: string) => void): Promise<number> {
      const pair = { private_key: Buffer.from(key), cert_chain: Buffer.from(certificate) };
      const credentials = ServerCredentials.createSsl(Buffer.from(clients.certificate), [pair], true);
      const receiver = await startReceiver({ credentials, onRequest: (_requests, _metadata, peer) => seen(peer) });
      after(() => receiver.stop());
      return receiver.port;
    },
  },
  {
    protocol: 'http/protobuf',
    async start(after: After, port = 0): Promise<Backend> {
      const receiver = await startHttpReceiver(undefined, port);
      let isStopped = false;
      const stop = async (): Promise<void> => {
        if (!isStopped) await receiver.stop();
        isStopped = true;
      };
      after(stop);
      return { port: receiver.port, requests: () => receiver.exports.length, stop };
    },
    async startSecure(after: After, { key, certificate }: Identity, clients: Authority, seen: (peer: string) => void): Promise<number> {
      const server = createHttpsServer({ key, cert: certificate, ca: clients.certificate, requestCert: true }, (request, response) => {
        seen(`${request.socket.remotePort ?? ''}`);
        response.end();
      });
      after(() => void server.close());
      after(() => server.closeAllConnections());
      return listening(server);
    },
  },
] as const;

async function settings(after: After, protocol: string, endpoint: string): Promise<Record<string, string>> {
  const world = await worldOf(after);
  return { ...world.settings, ...cycle, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: protocol };
}

describe.concurrent.each(protocols)('over $protocol', (backends) => {
  const { protocol } = backends;

  test('a connection that died without a word is replaced within the cycle', async ({ onTestFinished: after }) => {
    const backend = await backends.start(after);
    const network = await startProxy(backend.port);
    after(() => network.stop());
    const agent = agentOf(await settings(after, protocol, `http://127.0.0.1:${network.port}`));
    after(() => agent.close());
    expect(await agent.push()).toMatchObject(delivered);
    for (let times = 1; times <= 2; times++) {
      network.freeze();
      expect(await agent.nextPush()).toMatchObject(delivered);
      expect(backend.requests()).toBe(1 + times);
    }
  });

  test.for([{ kind: 'reset', afterBytes: 0 }, { kind: 'cut', afterBytes: 20 }, { kind: 'refuse' }, { kind: 'black hole' }] as const)(
    'a network with $kind costs points that are counted, and the next cycle is delivered',
    async (fault, { onTestFinished: after }) => {
      const backend = await backends.start(after);
      const network = await startProxy(backend.port);
      after(() => network.stop());
      const agent = agentOf({ ...(await settings(after, protocol, `http://127.0.0.1:${network.port}`)), OTEL_METRIC_EXPORT_TIMEOUT: '1000' });
      after(() => agent.close());
      await network.become(fault);
      const outcome = await agent.push();
      expect(outcome).toMatchObject({ acknowledged: 0, rejected: 0 });
      expect(outcome?.lost).toBeGreaterThan(0);
      await network.become({ kind: 'none' });
      expect(await agent.nextPush()).toMatchObject(delivered);
    },
  );

  test('a collector that restarts is reached within the cycle', async ({ onTestFinished: after }) => {
    const first = await backends.start(after);
    const agent = agentOf(await settings(after, protocol, `http://127.0.0.1:${first.port}`));
    after(() => agent.close());
    expect(await agent.push()).toMatchObject(delivered);
    await first.stop();
    const second = await backends.start(after, first.port);
    expect(await agent.nextPush()).toMatchObject(delivered);
    expect(second.requests()).toBe(1);
  });

  test.for(['gone', 'silent'])('a collector that has moved is found at its new address when the old one is %s', async (old, { onTestFinished: after }) => {
    const name = `collector-${old}-${protocol.slice(0, 4)}.test`;
    const backend = await backends.start(after);
    const network = await startProxy(backend.port, '127.0.0.2');
    const agent = agentOf(await settings(after, protocol, `http://${name}:${network.port}`));
    after(() => agent.close());
    addresses.set(name, '127.0.0.2');
    expect(await agent.push()).toMatchObject(delivered);
    // The same port at another address.
    const moved = await startProxy(backend.port, '127.0.0.1', network.port);
    after(() => moved.stop());
    addresses.set(name, '127.0.0.1');
    if (old === 'silent') {
      after(() => network.stop());
      network.freeze();
      await network.become({ kind: 'black hole' });
    } else {
      await network.stop();
    }
    expect(await agent.nextPush()).toMatchObject(delivered);
    expect(moved.connections).toBeGreaterThan(0);
  });
});

describe.each(protocols)('over $protocol', (backends) => {
  const { protocol } = backends;

  /** An agent and a backend that trust each other, with a stretch of network between; what the files have may be replaced. */
  async function trusting(after: After) {
    const folder = mkdtempSync(join(tmpdir(), 'tls-'));
    after(() => rmSync(folder, { recursive: true }));
    const files = { certificate: join(folder, 'ca.pem'), clientCertificate: join(folder, 'client.pem'), clientKey: join(folder, 'client.key') };
    const [server, first, second] = await Promise.all([authority.issue(), authority.issue(), authority.issue()]);
    const use = (client: Identity): void => {
      copyFileSync(authority.certificateFile, files.certificate);
      copyFileSync(client.certificateFile, files.clientCertificate);
      copyFileSync(client.keyFile, files.clientKey);
    };
    use(first);
    const connections: string[] = [];
    const port = await backends.startSecure(after, server, authority, (peer) => connections.push(peer));
    let network = await startProxy(port);
    after(() => network.stop());
    const agent = agentOf({
      ...(await settings(after, protocol, `https://localhost:${network.port}`)),
      OTEL_EXPORTER_OTLP_CERTIFICATE: files.certificate,
      OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: files.clientCertificate,
      OTEL_EXPORTER_OTLP_CLIENT_KEY: files.clientKey,
    });
    after(() => agent.close());
    /** A push that finds the backend on its way up. */
    const pushAtRestart = async (): ReturnType<typeof agent.push> => {
      await network.stop();
      network = await startProxy(port, '127.0.0.1', network.port);
      await network.become({ kind: 'reset', afterBytes: 0 });
      const pushing = agent.nextPush();
      await expect.poll(() => network.connections).toBeGreaterThan(0);
      await network.become({ kind: 'none' });
      return pushing;
    };
    return { agent, files, first, second, use, pushAtRestart, connections: () => new Set(connections).size };
  }

  test('certificates that are replaced are used from the next cycle on, half-written ones are not', async ({ onTestFinished: after }) => {
    const { agent, files, second, use, connections } = await trusting(after);
    expect(await agent.push()).toMatchObject(delivered);
    writeFileSync(files.clientCertificate, second.certificate.slice(0, 200));
    expect(await agent.nextPush()).toMatchObject(delivered);
    expect(connections()).toBe(1);
    use(second);
    expect(await agent.nextPush()).toMatchObject(delivered);
    expect(connections()).toBe(2);
  });

  test('files that are no more or not yet whole change nothing, also when the collector restarts meanwhile', async ({ onTestFinished: after }) => {
    const { agent, files, first, second, use, pushAtRestart, connections } = await trusting(after);
    expect(await agent.push()).toMatchObject(delivered);
    const { certificate } = authority;
    const broken = [
      ...['', 'hello', certificate.slice(0, 100), certificate.slice(0, 200), certificate.replace(/-----END[^]*/, ''), `${second.certificate}\n${certificate.slice(0, 200)}`]
        .map((text) => [files.certificate, text] as const),
      [files.certificate, certificate.replace(/[A-Za-z]{20}/, '')],
      [files.clientCertificate, ''],
      [files.clientKey, ''],
      [files.clientKey, first.key.slice(0, 100)],
      [files.clientKey, second.key],
    ] as const;
    for (const [file, text] of broken) {
      use(first);
      writeFileSync(file, text);
      expect([text, await agent.nextPush()]).toMatchObject([text, delivered]);
    }
    use(first);
    expect(await agent.nextPush()).toMatchObject(delivered);
    expect(connections()).toBe(1);
    for (const file of Object.values(files)) writeFileSync(file, '');
    expect(await pushAtRestart()).toMatchObject(delivered);
    expect(connections()).toBe(2);
    use(second);
    expect(await agent.nextPush()).toMatchObject(delivered);
    expect(connections()).toBe(3);
  });

  test('a bundle with words around its certificates, and lines that end as on Windows, is whole', async ({ onTestFinished: after }) => {
    const { agent, files, second, connections } = await trusting(after);
    expect(await agent.push()).toMatchObject(delivered);
    const bundle = [`\uFEFF${second.certificate}`, '', 'Ours -- since 2020\n=================\n-----------------', authority.certificate, 'The end'];
    writeFileSync(files.certificate, bundle.join('\n').replace(/\r?\n/g, '\r\n'));
    expect(await agent.nextPush()).toMatchObject(delivered);
    expect(connections()).toBe(2);
  });
});

let authority: Authority;
beforeAll(async () => {
  authority = await createAuthority();
});
afterAll(() => authority.stop());

test('a cookie service that restarts, moves or loses its connections costs no read', async ({ onTestFinished: after }) => {
  const world = await worldOf(after);
  const jar = await startCookiejar(() => ({ kind: 'cookies', text: 'sessionKey=sk-ant-sid01-fake' }));
  after(() => jar.stop());
  const network = await startProxy(jar.port, '127.0.0.2');
  const { CLAUDE_SESSION_KEY, ...settings } = world.settings;
  expect(CLAUDE_SESSION_KEY).toBeDefined();
  const agent = agentOf({ ...settings, COOKIEJAR_URL: `http://cookies.test:${network.port}` });
  after(() => agent.close());
  const isUp = async (): Promise<boolean> => {
    await agent.nextPush();
    return valuesOf(world.pushes.at(-1))['claude_usage_metrics.source.up{source=claude-ai}'] === 1;
  };
  addresses.set('cookies.test', '127.0.0.2');
  expect(await isUp()).toBe(true);
  network.freeze();
  expect(await isUp()).toBe(true);
  const moved = await startProxy(jar.port, '127.0.0.1', network.port);
  after(() => moved.stop());
  await network.stop();
  addresses.set('cookies.test', '127.0.0.1');
  expect(await isUp()).toBe(true);
});

test('secrets in files are read at each use', async ({ onTestFinished: after }) => {
  const folder = mkdtempSync(join(tmpdir(), 'secrets-'));
  after(() => rmSync(folder, { recursive: true }));
  const write = (turn: string): void => {
    for (const name of ['session', 'key', 'headers']) writeFileSync(join(folder, name), `${name === 'headers' ? 'x-token=' : ''}${turn}-${name}\n`);
  };
  const seen: string[] = [];
  const upstream = createRecorder(seen);
  after(() => void upstream.close());
  const url = `http://127.0.0.1:${await listening(upstream)}`;
  write('first');
  const agent = agentOf({
    ...cycle,
    CLAUDE_SESSION_KEY_FILE: join(folder, 'session'),
    CLAUDE_AI_BASE_URL: url,
    OPENROUTER_API_KEY_FILE: join(folder, 'key'),
    OPENROUTER_ACCOUNT_BASE_URL: url,
    ANTHROPIC_ADMIN_API_KEY_FILE: join(folder, 'key'),
    ANTHROPIC_ADMIN_BASE_URL: url,
    OTEL_EXPORTER_OTLP_ENDPOINT: `${url}/v1`,
    OTEL_EXPORTER_OTLP_HEADERS_FILE: join(folder, 'headers'),
  });
  after(() => agent.close());
  const all = (turn: string): string[] => [`Bearer ${turn}-key`, `sessionKey=${turn}-session`, `x-api-key ${turn}-key`, `x-token ${turn}-headers`].sort();
  for (const turn of ['first', 'second']) {
    write(turn);
    seen.length = 0;
    agent.clock.advance(2 * 3_600_000);
    await agent.push();
    expect([...new Set(seen)].sort()).toEqual(all(turn));
  }
});
