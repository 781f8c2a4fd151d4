/*
 * Every final status of HTTP with every form of Retry-After, from the wire to what became of the points.
 */
import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import type { AttemptResult } from '../../src/export/attempt.ts';
import { DeliveringExporter } from '../../src/export/exporter.ts';
import { httpSender } from '../../src/export/otlp-http.ts';
import type { ExportOutcome } from '../../src/export/outcome.ts';
import { cleanup } from '../support/cleanup.ts';
import { gaugePoints, gaugeRequest } from '../support/metrics.ts';
import { listening } from '../support/proxy.ts';

const after = cleanup();

/** https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes */
const mayBeRepeated = [429, 502, 503, 504];
const statuses = Array.from({ length: 400 }, (_, index) => 200 + index);

const hourMs = 3_600_000;
const weekMs = 7 * 24 * hourMs;
const httpDate = (inMs: number): string => new Date(Date.now() + inMs).toUTCString();

/** Forms of Retry-After, and the wait in milliseconds that each asks for at least and at most. */
const forms: readonly { readonly name: string; readonly header: () => string | undefined; readonly leastMs?: number; readonly mostMs?: number }[] = [
  { name: 'absent', header: () => undefined },
  { name: 'zero', header: () => '0' },
  { name: 'two seconds', header: () => '2', leastMs: 2_000, mostMs: 2_000 },
  { name: 'an hour', header: () => '3600', leastMs: hourMs, mostMs: hourMs },
  // Dates have whole seconds, and the answer's own may be of the second before.
  { name: 'a date in an hour', header: () => httpDate(hourMs), leastMs: hourMs - 60_000, mostMs: hourMs + 1_000 },
  { name: 'a date that has passed', header: () => httpDate(-hourMs) },
  { name: 'years', header: () => '999999999999', leastMs: weekMs, mostMs: weekMs },
  { name: 'negative', header: () => '-5' },
  { name: 'nonsense', header: () => 'soon' },
];

/** Answers with the status and the Retry-After that the request's path names. */
async function startStatuses(): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      const [, status = '', form = ''] = (request.url ?? '').split('/');
      const retryAfter = forms[Number(form)]?.header();
      response.writeHead(Number(status), retryAfter === undefined ? {} : { 'retry-after': retryAfter }).end();
    });
  });
  after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${await listening(server)}`;
}

async function sendTo(url: string): Promise<AttemptResult> {
  const sender = httpSender(url);
  const result = await sender.send(gaugeRequest(1), 10_000);
  sender.close();
  return result;
}

test.each(forms.map((form, index) => ({ ...form, index })))('every status from 200 to 599 with a Retry-After that is $name', async ({ index, leastMs, mostMs }) => {
  const origin = await startStatuses();
  for (let at = 0; at < statuses.length; at += 50) {
    await Promise.all(statuses.slice(at, at + 50).map(async (status) => expectFor(status, await sendTo(`${origin}/${status}/${index}`))));
  }

  function expectFor(status: number, result: AttemptResult): void {
    if (status < 300) {
      expect(result, String(status)).toEqual({ status: 'acknowledged', rejectedPoints: 0 });
      return;
    }
    expect(result, String(status)).toMatchObject({ status: 'failed', retryable: mayBeRepeated.includes(status), cause: String(status) });
    const { retryAfterMs } = result as { retryAfterMs?: number };
    if (leastMs === undefined || mostMs === undefined) expect(retryAfterMs, String(status)).toBeUndefined();
    else {
      expect(retryAfterMs, String(status)).toBeGreaterThanOrEqual(leastMs);
      expect(retryAfterMs, String(status)).toBeLessThanOrEqual(mostMs);
    }
  }
});

test('informational answers before the final one are not taken for it', async () => {
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      response.writeProcessing();
      response.writeEarlyHints({ link: '</a>; rel=preload' });
      response.writeHead(request.url === '/good' ? 200 : 503).end();
    });
  });
  after(() => server.close());
  const origin = `http://127.0.0.1:${await listening(server)}`;
  expect(await sendTo(`${origin}/good`)).toEqual({ status: 'acknowledged', rejectedPoints: 0 });
  expect(await sendTo(`${origin}/bad`)).toMatchObject({ status: 'failed', retryable: true, cause: '503' });
});

test.each([
  { status: 429, header: '1', leastMs: 1_000, attempts: 2 },
  { status: 502, header: undefined, leastMs: 0, attempts: 2 },
  { status: 503, header: '1', leastMs: 1_000, attempts: 2 },
  { status: 504, header: '0', leastMs: 0, attempts: 2 },
  { status: 503, header: '3600', leastMs: 0, attempts: 1 },
  { status: 429, header: httpDate(hourMs), leastMs: 0, attempts: 1 },
  { status: 500, header: '0', leastMs: 0, attempts: 1 },
  { status: 408, header: '0', leastMs: 0, attempts: 1 },
])('after $status with a Retry-After of $header there are $attempts attempts, and no point is forgotten', async ({ status, header, leastMs, attempts }) => {
  const atMs: number[] = [];
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      const isFirst = atMs.push(performance.now()) === 1;
      response.writeHead(isFirst ? status : 200, header === undefined ? {} : { 'retry-after': header }).end();
    });
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  const told: ExportOutcome[] = [];
  const exporter = new DeliveringExporter({
    senders: [httpSender(`http://127.0.0.1:${await listening(server)}/v1/metrics`)],
    deadlineMs: 15_000,
    attemptMs: 15_000,
    random: () => 0,
    backOffMs: 20,
    onOutcome: (outcome) => told.push(outcome),
  });
  after(() => exporter.shutdown());
  exporter.beginCycle();
  await new Promise((resolve) => exporter.export(gaugePoints(3), resolve));
  expect(told).toEqual([attempts === 2 ? { acknowledged: 3, rejected: 0, lost: 0 } : expect.objectContaining({ acknowledged: 0, rejected: 0, lost: 3, cause: String(status) })]);
  expect(atMs).toHaveLength(attempts);
  const [first = 0, second = Infinity] = atMs;
  expect(second - first).toBeGreaterThanOrEqual(leastMs);
  exporter.beginCycle();
  await new Promise((resolve) => exporter.export(gaugePoints(3), resolve));
  // Only who asks for it, and may be sent the same again, is left alone in the next cycle too.
  const isHeld = attempts === 1 && mayBeRepeated.includes(status);
  expect(atMs).toHaveLength(attempts + (isHeld ? 0 : 1));
  expect(told[1]).toEqual(isHeld ? expect.objectContaining({ acknowledged: 0, lost: 3, cause: String(status), heldUntil: told[0]?.heldUntil }) : { acknowledged: 3, rejected: 0, lost: 0 });
});

test.each([-7_200_000, 7_200_000])('a date to wait for is by the clock of the backend, which is %i ms off', async (offMs) => {
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      response.sendDate = false;
      response.writeHead(503, { date: httpDate(offMs), 'retry-after': httpDate(offMs + 90_000) }).end();
    });
  });
  after(() => server.close());
  const { retryAfterMs } = (await sendTo(`http://127.0.0.1:${await listening(server)}`)) as { retryAfterMs?: number };
  // Dates have whole seconds.
  expect(retryAfterMs).toBeGreaterThan(88_000);
  expect(retryAfterMs).toBeLessThanOrEqual(91_000);
});
