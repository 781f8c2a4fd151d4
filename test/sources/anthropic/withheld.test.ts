import { expect, test } from 'vitest';
import type { HttpAnswer } from '../../../src/demo/http-server.ts';
import type { Source } from '../../../src/model/reading.ts';
import { anthropicCostSource, anthropicUsageSource } from '../../../src/sources/anthropic/index.ts';
import { clientOf, refusal } from './support.ts';

const hourMs = 3_600_000;
const forbidden = refusal(403, 'permission_error');

interface Reports {
  now: Date;
  usage: HttpAnswer | undefined;
  cost: HttpAnswer | undefined;
  readonly asked: string[];
}

/** Reports without any use, each with an answer in its place. */
async function start(): Promise<{ reports: Reports; read: (which: 'usage' | 'cost') => ReturnType<Source['read']> }> {
  const reports: Reports = { now: new Date('2026-11-18T12:00:00Z'), usage: undefined, cost: undefined, asked: [] };
  const client = await clientOf((path) => {
    const { pathname, searchParams: query } = new URL(path, 'http://localhost');
    const which = pathname.endsWith('cost_report') ? 'cost' : 'usage';
    reports.asked.push(which);
    const [from, to] = [Date.parse(query.get('starting_at') ?? ''), Date.parse(query.get('ending_at') ?? '')];
    const widthMs = query.get('bucket_width') === '1h' ? hourMs : 24 * hourMs;
    const data = Array.from({ length: (to - from) / widthMs }, (_, index) => {
      const start = from + index * widthMs;
      return { starting_at: new Date(start).toISOString(), ending_at: new Date(start + widthMs).toISOString(), results: [] };
    });
    const headers = { date: reports.now.toUTCString() };
    return reports[which] ?? { status: 200, body: { data, has_more: false, next_page: null }, headers };
  });
  const options = { account: 'default', intervalMs: 60_000, client };
  const sources = { usage: anthropicUsageSource({ ...options, dimensions: ['model'] }), cost: anthropicCostSource(options) };
  return { reports, read: (which) => sources[which].read({ signal: AbortSignal.timeout(10_000), now: reports.now }) };
}

test.each(['usage', 'cost'] as const)('a key that may read all but the %s is healthy, and told so', async (which) => {
  const { reports, read } = await start();
  reports[which] = forbidden;
  for (let minute = 0; minute < 5; minute++) {
    const reading = await read(which);
    expect(reading).toMatchObject({ failures: [], notices: [{ level: 'info', text: expect.stringContaining(which) as string }] });
    expect(reading).not.toHaveProperty('report');
  }
  // Once, in at most the two parts of a first reading; and where the usage is withheld, whether the cost is.
  expect(reports.asked.filter((asked) => asked === which).length).toBeLessThanOrEqual(2);
  expect(reports.asked.filter((asked) => asked !== which)).toEqual(which === 'usage' ? ['cost'] : []);
  reports[which] = undefined;
  reports.now = new Date(reports.now.getTime() + 24 * hourMs);
  expect(await read(which)).toHaveProperty('report');
});

test('a key that may read neither is forbidden, and recovers at once when it may', async () => {
  const { reports, read } = await start();
  reports.usage = forbidden;
  reports.cost = forbidden;
  for (let minute = 0; minute < 3; minute++) {
    await expect(read('usage')).rejects.toMatchObject({ reason: 'forbidden', message: expect.stringContaining('neither') as string });
  }
  // Whether the cost is withheld, too, is asked once an hour; the usage each time.
  expect(reports.asked.filter((asked) => asked === 'cost')).toHaveLength(1);
  expect(reports.asked.filter((asked) => asked === 'usage').length).toBeGreaterThanOrEqual(3);
  expect(await read('cost')).toMatchObject({ failures: [] });
  reports.usage = undefined;
  expect(await read('usage')).toHaveProperty('report');
});

test('while it cannot be known whether the key may read anything, that is the failure', async () => {
  const { reports, read } = await start();
  reports.usage = forbidden;
  reports.cost = refusal(500, 'api_error');
  await expect(read('usage')).rejects.toMatchObject({ reason: 'upstream', status: 500 });
  reports.cost = undefined;
  expect(await read('usage')).toMatchObject({ failures: [] });
});

test.each(['usage', 'cost'] as const)('what was read of the %s and is refused then is a failure', async (which) => {
  const { reports, read } = await start();
  await read(which);
  reports[which] = forbidden;
  await expect(read(which)).rejects.toMatchObject({ reason: 'forbidden', status: 403 });
});

test.each<[what: string, answer: HttpAnswer, reason: string]>([
  ['404, even in the API’s words: a wrong address', refusal(404, 'not_found_error'), 'upstream'],
  ['403 in other words', refusal(403, 'forbidden', 'Request not allowed'), 'forbidden'],
  ['403 of a proxy', { status: 403, body: '<html>no</html>', headers: { 'content-type': 'text/html' } }, 'forbidden'],
  ['401', refusal(401, 'authentication_error'), 'credential_expired'],
])('%s is a failure', async (_, answer, reason) => {
  const { reports, read } = await start();
  reports.usage = answer;
  reports.cost = answer;
  await expect(read('usage')).rejects.toMatchObject({ reason });
  await expect(read('cost')).rejects.toMatchObject({ reason });
});
