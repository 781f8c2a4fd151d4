import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { type Route, sendText } from '../../src/server/route.ts';
import { type HttpServer, startServer } from '../../src/server/server.ts';
import { ask } from '../support/ask.ts';
import { cleanup } from '../support/cleanup.ts';

const after = cleanup();

const hello: Route = { path: '/hello', handle: (_request, response) => sendText(response, 200, 'hello') };

async function start(routes: readonly Route[] = [hello], errors: unknown[] = []): Promise<HttpServer> {
  const server = await startServer({ host: '127.0.0.1', port: 0, loopback: true, routes, onError: (error) => errors.push(error) });
  after(() => server.stop());
  return server;
}

test('a path is answered whatever its query, to GET and HEAD', async () => {
  const { url } = await start();
  expect(await ask(`${url}/hello?x=/metrics`)).toMatchObject({ status: 200, body: 'hello\n' });
  expect(await ask(`${url}/hello`, { method: 'HEAD' })).toMatchObject({ status: 200, body: '', headers: { 'content-length': '6' } });
});

test('what is not there is said, with what is; other methods are refused', async () => {
  const { url } = await start();
  expect(await ask(`${url}/%3Cb%3E`)).toMatchObject({ status: 404, body: 'Not found. There is /hello.\n' });
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    expect(await ask(`${url}/hello`, { method })).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
  }
});

test('every answer forbids to sniff, frame, cache and read it elsewhere', async () => {
  const { url } = await start();
  for (const path of ['/hello', '/missing']) {
    expect((await ask(url + path)).headers).toMatchObject({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'cross-origin-resource-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
    });
  }
});

test.each([
  ['localhost:9464', 200],
  ['127.0.0.1', 200],
  ['[::1]:80', 200],
  ['10.1.2.3:9464', 200],
  ['rebound.example.com:9464', 421],
  ['localhost.example.com', 421],
])('on loopback a request for the host %s is answered with %i', async (host, status) => {
  const { url } = await start();
  expect((await ask(`${url}/hello`, { headers: { host } })).status).toBe(status);
});

test('a route that fails is a 500, or a broken answer where it had begun; the server goes on', async () => {
  const errors: unknown[] = [];
  const bug = new Error('a bug with a secret');
  const fails: Route = { path: '/fails', handle: () => Promise.reject(bug) };
  const breaks: Route = {
    path: '/breaks',
    handle(_request, response) {
      response.write('half');
      throw bug;
    },
  };
  const { url } = await start([fails, breaks, hello], errors);
  const answer = await ask(`${url}/fails`);
  expect(answer.status).toBe(500);
  expect(answer.body).not.toContain('secret');
  await expect(ask(`${url}/breaks`)).rejects.toThrow();
  expect((await ask(`${url}/hello`)).status).toBe(200);
  expect(errors).toEqual([bug, bug]);
});

test('headers without end are refused', async () => {
  const { url } = await start();
  expect((await ask(`${url}/hello`, { headers: { filler: 'x'.repeat(9_000) } })).status).toBe(431);
});

test('at the end streams are told, what has begun is finished, nobody new is answered, idle connections do not hold', async () => {
  const begun = Promise.withResolvers<undefined>();
  const told = Promise.withResolvers<undefined>();
  const slow: Route = {
    path: '/slow',
    handle(_request, response, stopping) {
      response.write('begun, ');
      begun.resolve(undefined);
      stopping.addEventListener('abort', () => {
        told.resolve(undefined);
        response.end('done');
      });
    },
  };
  const server = await start([slow, hello]);
  const { hostname, port } = new URL(server.url);
  const idle = connect(Number(port), hostname);
  await new Promise((resolve) => idle.once('connect', resolve));
  const idleClosed = new Promise((resolve) => idle.once('close', resolve));

  const answer = ask(`${server.url}/slow`);
  await begun.promise;
  const stopped = server.stop();
  await told.promise;
  expect((await answer).body).toBe('begun, done');
  await expect(ask(`${server.url}/hello`)).rejects.toThrow();
  await Promise.all([stopped, idleClosed]);
});

test('a reader that never reads does not hold the end', async () => {
  const flood: Route = {
    path: '/flood',
    handle(_request, response) {
      response.write('x'.repeat(64 << 20));
    },
  };
  const server = await start([flood]);
  const { hostname, port } = new URL(server.url);
  const reader: Socket = connect(Number(port), hostname);
  reader.on('error', () => undefined);
  reader.write('GET /flood HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await new Promise((resolve) => reader.once('readable', resolve));
  await server.stop();
  reader.destroy();
});

test('a port in use is an error with its code', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  after(() => new Promise((resolve) => other.close(resolve)));
  const { port } = other.address() as AddressInfo;
  const start = startServer({ host: '127.0.0.1', port, loopback: true, routes: [], onError: () => undefined });
  await expect(start).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
