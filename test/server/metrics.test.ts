import { type Socket, connect } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { Cycles } from '../../src/server/cycles.ts';
import { metricsRoute } from '../../src/server/metrics.ts';
import { type HttpServer, startServer } from '../../src/server/server.ts';
import { ManualClock } from '../support/agent.ts';
import { ask } from '../support/ask.ts';
import { cleanup } from '../support/cleanup.ts';
import { parseExposition } from '../support/exposition.ts';
import { resourceMetrics } from '../support/families.ts';

const after = cleanup();

interface Started {
  readonly url: string;
  readonly clock: ManualClock;
  readonly cycles: Cycles;
  readonly server: HttpServer;
  readonly errors: unknown[];
}

async function start(): Promise<Started> {
  const clock = new ManualClock();
  const cycles = new Cycles({ clock, intervalMs: 60_000, timeoutMs: 30_000, readDeadlineMs: 20_000, pushes: false });
  const errors: unknown[] = [];
  const onError = (error: unknown): unknown => errors.push(error);
  const server = await startServer({ host: '127.0.0.1', port: 0, loopback: true, routes: [metricsRoute({ cycles })], onError });
  after(() => server.stop());
  return { url: `${server.url}/metrics`, clock, cycles, server, errors };
}

const series = (count: number) =>
  resourceMetrics([{ name: 'x', points: Array.from({ length: count }, (_, n) => [{ n: String(n), filler: 'x'.repeat(100) }, n]) }]);

// What Prometheus 2 and 3 ask for, and browsers, and whoever asks for nothing.
const prometheus2 = 'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
const prometheus3 =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2';

test.each([
  [prometheus2, 'openmetrics'],
  [prometheus3, 'openmetrics'],
  ['application/openmetrics-text', 'openmetrics'],
  ['Application/OpenMetrics-Text; Version=1.0.0', 'openmetrics'],
  ['application/openmetrics-text;version=1.0.0;q=0.2,text/plain;q=0.9', 'text'],
  ['application/openmetrics-text;version=0.0.1', 'text'],
  ['application/openmetrics-text;q=0', 'text'],
  ['application/openmetrics-text;q=much', 'text'],
  ['text/html,application/xhtml+xml,*/*;q=0.8', 'text'],
  ['application/json', 'text'],
  ['', 'text'],
])('to whoever accepts %j it is %s', async (accept, format) => {
  const { url, cycles } = await start();
  cycles.collected(series(1), 0);
  const { status, headers, body } = await ask(url, { headers: { accept } });
  expect(status).toBe(200);
  expect(headers['content-type']).toBe(
    format === 'text' ? 'text/plain; version=0.0.4; charset=utf-8' : 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  );
  expect(body.endsWith('# EOF\n')).toBe(format === 'openmetrics');
  expect(parseExposition(body).map(({ name }) => name)).toEqual([format === 'text' ? 'target_info' : 'target', 'x']);
});

test.each([
  ['gzip', true],
  ['deflate, GZIP;q=0.5, br', true],
  ['*', true],
  ['gzip;q=0', false],
  ['*, gzip;q=0', false],
  ['br', false],
])('to whoever accepts the encodings %j it is compressed: %j', async (encodings, compressed) => {
  const { url, cycles } = await start();
  cycles.collected(series(1_000), 0);
  const plain = await ask(url);
  const { headers, bytes } = await ask(url, { headers: { 'accept-encoding': encodings } });
  expect(headers['content-encoding']).toBe(compressed ? 'gzip' : undefined);
  expect((compressed ? gunzipSync(bytes) : bytes).toString()).toBe(plain.body);
});

test('HEAD has the headers and no body', async () => {
  const { url, cycles } = await start();
  cycles.collected(series(1), 0);
  expect(await ask(url, { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
});

test('before the first cycle, and when none has come for three intervals, there is no old number', async () => {
  const { url, cycles, clock } = await start();
  expect(await ask(url)).toMatchObject({ status: 503, body: 'The first cycle has not ended yet.\n' });
  cycles.collected(series(1), 0);
  clock.advance(180_000);
  expect(await ask(url)).toMatchObject({ status: 200 });
  // A collection that failed is a sign of life, and no number.
  cycles.collected(undefined, 0);
  clock.advance(1);
  expect(await ask(url)).toMatchObject({ status: 503, body: 'No cycle has ended for 180 s.\n' });
  cycles.collected(series(2), 0);
  expect(parseExposition((await ask(url)).body)[1]?.series).toHaveLength(2);
});

test('after the machine was suspended there is no old number until the next cycle', async () => {
  const { url, cycles, clock } = await start();
  cycles.collected(series(1), 0);
  clock.advance(10_000);
  clock.suspend(8 * 3_600_000);
  expect(await ask(url)).toMatchObject({ status: 503, body: expect.stringMatching(/^No cycle has ended for 288\d\d s\.\n$/) as unknown });
  cycles.collected(series(1), 0);
  expect(await ask(url)).toMatchObject({ status: 200 });
});

test('ten scrapers at once have the same whole cycle, though the next one comes while they read', async () => {
  const { url, cycles, errors } = await start();
  cycles.collected(series(20_000), 0);
  const scrapes = Array.from({ length: 10 }, () => ask(url, { headers: { accept: prometheus2 } }));
  await Promise.race(scrapes.map((scrape) => scrape.catch(() => undefined)));
  cycles.collected(series(1), 0);
  const bodies = new Set((await Promise.all(scrapes)).map(({ body }) => body));
  expect(bodies.size).toBe(1);
  expect(parseExposition([...bodies].join(''))[1]?.series).toHaveLength(20_000);
  expect(errors).toEqual([]);
});

test('a scraper that does not read makes nothing pile up and holds up nobody; one that goes away is no error', async () => {
  const { url, cycles, server, errors } = await start();
  let taken = 0;
  const endless = series(1);
  const [metric] = endless.scopeMetrics[0]?.metrics ?? [];
  const [point] = metric?.dataPoints ?? [];
  // Ten million series, which exist only as far as they are written.
  const points = { length: 10_000_000, *[Symbol.iterator]() { for (; taken < 10_000_000; taken++) yield point; } };
  Object.assign(metric ?? {}, { dataPoints: points });
  cycles.collected(endless, 0);

  const { hostname, port } = new URL(url);
  const reader: Socket = connect(Number(port), hostname);
  reader.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await new Promise((resolve) => reader.once('readable', resolve));
  // What is written goes on until the buffers of both sockets are full.
  for (let before = -1; before !== taken; ) {
    before = taken;
    await ask(`${server.url}/other`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(taken).toBeLessThan(1_000_000);
  reader.destroy();
  await server.stop();
  expect(errors).toEqual([]);
});
