import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import type { HttpGet, HttpResponse } from '../../../src/http/client.ts';
import { Limiter } from '../../../src/http/limiter.ts';
import { Ledger } from '../../../src/ledger/ledger.ts';
import { systemClock } from '../../../src/model/clock.ts';
import type { Reading } from '../../../src/model/reading.ts';
import { Secret } from '../../../src/model/secret.ts';
import { SourceError } from '../../../src/model/source-error.ts';
import { AnthropicClient } from '../../../src/sources/anthropic/client.ts';
import { anthropicUsageSource } from '../../../src/sources/anthropic/index.ts';
import { atOnce } from '../../support/steps.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** Tokens of the 26 days of the month, of which each hour has one. */
const whole = 26n * 24n;

/** How the part of the older days that begins on that day of the month is answered: undefined, well. */
type PartAnswer = (day: number, signal: AbortSignal) => Promise<number | undefined>;

interface Organization {
  now: Date;
  part: PartAnswer;
  /** Requests that have no answer yet. */
  readonly unanswered: ReadonlySet<number>;
  /** Parts of the older days that were asked for since the last call. */
  readonly asked: () => string[];
  readonly read: (signal?: AbortSignal) => Promise<Reading>;
  /** What a ledger makes of all reports. */
  readonly total: () => bigint;
}

/**
 * A month of one token an hour. The first page of hours is so large that the older days, from the 1st to the 22nd, are asked for in
 * parts of eight days; they turn out to be smaller, so that later parts are larger.
 */
function organizationOf(): Organization {
  const [unanswered, ledger, days]: [Set<number>, Ledger, string[]] = [new Set(), new Ledger(), []];
  let requests = 0;
  const http: HttpGet = {
    async get({ url, signal }) {
      const request = ++requests;
      unanswered.add(request);
      try {
        const query = url.searchParams;
        const [fromMs, toMs] = [Date.parse(query.get('starting_at') ?? ''), Date.parse(query.get('ending_at') ?? '')];
        const inDays = query.get('bucket_width') === '1d';
        const day = new Date(fromMs).getUTCDate();
        if (inDays) days.push(`${day}–${new Date(toMs - 1).getUTCDate()}`);
        const status = inDays ? await organization.part(day, signal) : undefined;
        if (status !== undefined) return answer(status, { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } });
        return answer(200, pageOf(fromMs, toMs, inDays ? dayMs : hourMs, request === 1 ? 4_000_000 : 0));
      } finally {
        unanswered.delete(request);
      }
    },
  };
  const client = new AnthropicClient({ http, baseUrl: new URL('http://127.0.0.1'), adminKey: Secret.of('sk-ant-admin01-fake'), limiter: new Limiter(600, systemClock) });
  const source = anthropicUsageSource({ account: 'default', intervalMs: 60_000, client, dimensions: ['model'] });
  const organization: Organization = {
    now: new Date('2026-11-26T12:00:00Z'),
    part: () => Promise.resolve(undefined),
    unanswered,
    asked: () => days.splice(0),
    async read(signal = AbortSignal.timeout(10_000)) {
      const reading = await source.read({ signal, now: organization.now });
      if (reading.report !== undefined) expect(atOnce(ledger.apply(reading.report))).toBe('applied');
      return reading;
    },
    total: () => [...ledger.totals()].reduce((sum, { value }) => sum + value, 0n),
  };
  return organization;
}

function answer(status: number, body: object): HttpResponse {
  return { status, contentType: 'application/json', header: () => undefined, bytes: new Uint8Array(Buffer.from(JSON.stringify(body))) };
}

function pageOf(fromMs: number, toMs: number, widthMs: number, paddingBytes: number): object {
  const counts = { uncached_input_tokens: widthMs / hourMs, output_tokens: 0, cache_read_input_tokens: 0, cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 } };
  const row = { ...counts, server_tool_use: { web_search_requests: 0 }, model: 'm' };
  const untilMs = Math.min(toMs, Date.parse('2026-11-27T00:00:00Z'));
  const data = Array.from({ length: (untilMs - fromMs) / widthMs }, (_, at) => ({
    starting_at: new Date(fromMs + at * widthMs).toISOString(),
    ending_at: new Date(fromMs + (at + 1) * widthMs).toISOString(),
    results: [row],
  }));
  return { data, has_more: false, next_page: null, padding: 'x'.repeat(paddingBytes) };
}

test('when a part of the older days fails, the read ends with the others, and no day is counted twice', async () => {
  const organization = organizationOf();
  organization.part = async (day) => {
    if (day === 1) return 529;
    await sleep(20);
    return undefined;
  };
  await organization.read();
  expect(organization.asked()).toEqual(['1–8', '9–16', '17–22']);
  expect(organization.unanswered.size).toBe(0);

  organization.part = () => Promise.resolve(undefined);
  await organization.read();
  expect(organization.asked()).toEqual(['1–8']);
  expect(organization.total()).toBe(whole);
});

test('a part that is answered after its read was given up makes no report of days that are there twice', async () => {
  const organization = organizationOf();
  const late = Promise.withResolvers<undefined>();
  organization.part = (day) => (day === 9 ? late.promise : Promise.resolve(day === 1 ? 529 : undefined));
  const givenUp = organization.read().catch(() => undefined);
  await vi.waitFor(() => expect(organization.unanswered.size).toBe(1), { interval: 1 });
  expect(organization.asked()).toEqual(['1–8', '9–16', '17–22']);

  // From the 1st to the 16th by now.
  organization.part = async () => {
    late.resolve(undefined);
    await givenUp;
    return undefined;
  };
  await expect(organization.read()).rejects.toMatchObject({ reason: 'schema' });
  expect(organization.asked()).toEqual(['1–16']);
  expect(organization.total()).toBe(0n);

  organization.part = () => Promise.resolve(undefined);
  await organization.read();
  expect(organization.total()).toBe(whole);
});

test('a first reading that takes hours comes to its end, as long as each read comes nearer to it', async () => {
  const organization = organizationOf();
  let [good, failing] = [9, 529];
  organization.part = (day) => Promise.resolve(day === good ? undefined : failing);
  for (const asked of [['1–8', '9–16', '17–22'], ['1–8', '17–22']]) {
    const { report, failures } = await organization.read();
    expect(report).toBeUndefined();
    expect(failures).toMatchObject([{ reason: 'upstream', status: failing }]);
    expect(organization.asked()).toEqual(asked);
    organization.now = new Date(organization.now.getTime() + 40 * minuteMs);
    good = 17;
  }
  // One that comes no nearer is a failure like any other, and is backed off from.
  failing = 500;
  good = 0;
  await expect(organization.read()).rejects.toMatchObject({ reason: 'upstream', status: 500 });
  expect(organization.asked()).toEqual(['1–8']);
  good = 1;
  await organization.read();
  expect(organization.asked()).toEqual(['1–8']);
  expect(organization.total()).toBe(whole);
});

test('parts that were read more than an hour ago are read anew', async () => {
  const organization = organizationOf();
  organization.part = (day) => Promise.resolve(day === 1 ? 529 : undefined);
  await organization.read();
  expect(organization.asked()).toEqual(['1–8', '9–16', '17–22']);
  organization.now = new Date(organization.now.getTime() + 61 * minuteMs);
  organization.part = () => Promise.resolve(undefined);
  await organization.read();
  expect(organization.asked()).toEqual(['1–22']);
  expect(organization.total()).toBe(whole);
});

test('older days that hang cost the recent ones nothing', async () => {
  const organization = organizationOf();
  await organization.read();
  organization.now = new Date(organization.now.getTime() + hourMs);
  const deadline = new AbortController();
  const over = new SourceError('timeout', 'not read in time');
  organization.part = (_day, signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(over));
      deadline.abort(over);
    });
  expect(await organization.read(deadline.signal)).toMatchObject({
    failures: [{ reason: 'timeout' }],
    report: { from: new Date('2026-11-23T00:00:00Z'), to: new Date('2026-11-27T00:00:00Z') },
  });
  expect(organization.total()).toBe(whole);
});
