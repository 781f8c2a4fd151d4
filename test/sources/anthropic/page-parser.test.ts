import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { type PageOrder, type PageResult, tryPage } from '../../../src/sources/anthropic/page-order.ts';
import { PageParser, type PageParserOptions } from '../../../src/sources/anthropic/page-parser.ts';
import { SourceError } from '../../../src/model/source-error.ts';
import { costShape } from '../../../src/sources/anthropic/cost-rows.ts';
import { usageShape } from '../../../src/sources/anthropic/usage-rows.ts';
import { propertyOptions, propertyTimeoutMs } from '../../support/property.ts';

const mortal = new URL('mortal-worker.ts', import.meta.url);
const never = new AbortController().signal;

function parserOf(options: PageParserOptions): PageParser {
  const parser = new PageParser(options);
  onTestFinished(() => parser.close());
  return parser;
}

function orderOf(body: unknown, what = 'the report'): PageOrder {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { bytes: new Uint8Array(Buffer.from(text)), what, shape: usageShape(['model', 'api_key_id']) };
}

const row = {
  model: 'claude-sonnet-5',
  api_key_id: null,
  uncached_input_tokens: 1,
  output_tokens: 2,
  cache_read_input_tokens: 3,
  cache_creation: { ephemeral_5m_input_tokens: 4, ephemeral_1h_input_tokens: 5 },
  server_tool_use: { web_search_requests: 6 },
};
const bucket = { starting_at: '2026-11-18T00:00:00Z', ending_at: '2026-11-18T01:00:00Z', results: [row] };
const page = { data: [bucket], has_more: false, next_page: null };

async function outcomeOf(parser: PageParser, order: PageOrder): Promise<PageResult> {
  try {
    return { page: await parser.parse(order, never) };
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    const { reason, message, status } = error;
    return { refused: { reason, message, ...(status !== undefined && { status }) } };
  }
}

/** Mostly what a report has, and anything else. */
const text = fc.oneof({ weight: 20, arbitrary: fc.constantFrom('a', 'b', 'é', '\ud800', ' padded ') }, { weight: 10, arbitrary: fc.constant(null) }, fc.jsonValue({ maxDepth: 1 }));
const count = fc.oneof({ weight: 60, arbitrary: fc.nat() }, fc.constantFrom(2 ** 53 - 1, 2 ** 53, -1, 0.5, '1', null, -0));
const usageRow = fc.record({
  model: text,
  api_key_id: text,
  uncached_input_tokens: count,
  output_tokens: count,
  cache_read_input_tokens: count,
  cache_creation: fc.record({ ephemeral_5m_input_tokens: count, ephemeral_1h_input_tokens: count }),
  server_tool_use: fc.oneof({ weight: 60, arbitrary: fc.record({ web_search_requests: count }) }, fc.constantFrom(null, [], 1)),
});
const costRow = fc.record({
  amount: fc.oneof({ weight: 20, arbitrary: fc.constantFrom('1', '-0.5', 'abc', '') }, fc.constantFrom(null, 1)),
  currency: fc.oneof({ weight: 20, arbitrary: fc.constant('USD') }, fc.constant('EUR')),
  model: text,
  workspace_id: text,
});
const bucketOf = (results: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.record({
    starting_at: fc.oneof({ weight: 60, arbitrary: fc.constant('2026-11-18T00:00:00Z') }, fc.constantFrom('yesterday', null, 1_763_424_000)),
    ending_at: fc.constant('2026-11-18T01:00:00Z'),
    results: fc.oneof({ weight: 60, arbitrary: fc.array(results, { maxLength: 8 }) }, fc.constantFrom(null, 'none')),
  });
const pageOf = (rows: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.record(
    {
      data: fc.oneof({ weight: 60, arbitrary: fc.array(bucketOf(rows), { maxLength: 4 }) }, fc.constantFrom(null, 'none')),
      has_more: fc.boolean(),
      next_page: fc.constantFrom('page_2', null),
      type: fc.constantFrom('page', 'page', 'page', 'page', 'error'),
    },
    { requiredKeys: ['data'] },
  );

test('a page is the same in a worker as where it arrives, and is refused for the same reason', async () => {
  const parser = parserOf({ workerFromBytes: 0 });
  const order = fc.oneof(
    fc.tuple(pageOf(usageRow), fc.constantFrom(usageShape(['model', 'api_key_id']), usageShape(['model']))),
    fc.tuple(pageOf(costRow), fc.constant(costShape)),
  );
  await fc.assert(
    fc.asyncProperty(order, fc.nat({ max: 20 }), async ([body, shape], cut) => {
      // One in twenty breaks off.
      const bytes = Buffer.from(JSON.stringify(body)).subarray(0, cut === 0 ? -1 : undefined);
      const here = tryPage({ bytes: new Uint8Array(bytes), what: 'the report', shape });
      expect(await outcomeOf(parser, { bytes: new Uint8Array(bytes), what: 'the report', shape })).toEqual(here);
    }),
    propertyOptions(),
  );
}, propertyTimeoutMs);

test.each<[what: string, body: unknown, reason: string]>([
  ['HTML', '<html></html>', 'schema'],
  ['an error', { type: 'error', error: { type: 'api_error' } }, 'schema'],
  ['no object', [], 'schema'],
  ['without data', { has_more: false }, 'schema'],
  ['that nests too deeply', '['.repeat(100_000), 'too_large'],
  ['of more values than memory can hold', `{"data":[${'{},'.repeat(8_000_000)}{}]}`, 'too_large'],
  ['with more to follow, but not where', { ...page, has_more: true }, 'schema'],
  ['with nothing to follow, but where', { ...page, next_page: 'page_2' }, 'schema'],
  ['with a bucket that has no start', { ...page, data: [{ ...bucket, starting_at: undefined }] }, 'schema'],
  ['with a bucket that has no end', { ...page, data: [{ ...bucket, ending_at: 'later' }] }, 'schema'],
  ['with a bucket that has no rows', { ...page, data: [{ ...bucket, results: {} }] }, 'schema'],
  ['with a row that is no object', { ...page, data: [{ ...bucket, results: [[]] }] }, 'schema'],
  ['with an id that is no text', { ...page, data: [{ ...bucket, results: [{ ...row, model: 7 }] }] }, 'schema'],
  ['with an id that is empty', { ...page, data: [{ ...bucket, results: [{ ...row, model: ' ' }] }] }, 'schema'],
  ...[-1, 0.5, 2 ** 53, '1', null, undefined, true, {}].map((wrong): [string, unknown, string] => [
    `with a count of ${wrong === undefined ? 'nothing' : JSON.stringify(wrong)}`,
    { ...page, data: [{ ...bucket, results: [row, { ...row, output_tokens: wrong }] }] },
    'schema',
  ]),
])('a page %s is refused, here and in a worker', async (_what, body, reason) => {
  const parser = parserOf({ workerFromBytes: 0 });
  const here = tryPage(orderOf(body));
  expect(here).toMatchObject({ refused: { reason } });
  expect(await outcomeOf(parser, orderOf(body))).toEqual(here);
});

test('a large page is handed over, a small one is not', async () => {
  const parser = parserOf({ workerFromBytes: 1_000 });
  const small = orderOf(page);
  const large = orderOf({ ...page, data: Array.from({ length: 100 }, () => bucket) });
  await parser.parse(small, never);
  await parser.parse(large, never);
  expect(small.bytes.length).toBeGreaterThan(0);
  // Nobody here could have read it: its memory belongs to the worker.
  expect(large.bytes.length).toBe(0);
});

test.each(['ends', 'throws'])('a worker that %s costs its own page, and the next has a new one', async (death) => {
  const parser = parserOf({ workerFromBytes: 0, workerFile: mortal });
  const dying = parser.parse(orderOf(page, death), never);
  const waiting = parser.parse(orderOf(page), never);
  await expect(dying).rejects.toMatchObject({ reason: 'internal' });
  expect((await waiting).combinations).toEqual(new Uint32Array([1, 0]));
  expect((await parser.parse(orderOf(page), never)).starts).toHaveLength(1);
});

test('a page that outlives its read is given up with its worker; what waited behind it is parsed', async () => {
  const parser = parserOf({ workerFromBytes: 0, workerFile: mortal });
  const read = new AbortController();
  const hanging = parser.parse(orderOf(page, 'hangs'), read.signal);
  const alsoCutOff = parser.parse(orderOf(page), read.signal);
  const waiting = parser.parse(orderOf(page), never);
  read.abort();
  await expect(hanging).rejects.toMatchObject({ reason: 'timeout' });
  await expect(alsoCutOff).rejects.toMatchObject({ reason: 'timeout' });
  expect((await waiting).starts).toHaveLength(1);
  await expect(parser.parse(orderOf(page), read.signal)).rejects.toMatchObject({ reason: 'timeout' });
});

test('after the end nothing is parsed any more, and what was not yet parsed is told so', async () => {
  const parser = parserOf({ workerFromBytes: 0, workerFile: mortal });
  const pages = [parser.parse(orderOf(page, 'hangs'), never), parser.parse(orderOf(page), never)];
  const refused = Promise.all(pages.map((parsed) => expect(parsed).rejects.toMatchObject({ reason: 'timeout' })));
  parser.close();
  await refused;
  await expect(parser.parse(orderOf(page), never)).rejects.toMatchObject({ reason: 'timeout' });
});

test('a worker without work does not keep a process alive, one with work does', () => {
  const module = new URL('../../../src/sources/anthropic/page-parser.ts', import.meta.url).href;
  const program = `
    import { PageParser } from ${JSON.stringify(module)};
    const shape = { report: 'the report', ids: [], counts: [] };
    const order = { bytes: new Uint8Array(Buffer.from('{"data":[]}')), what: 'the report', shape };
    new PageParser({ workerFromBytes: 0 }).parse(order, new AbortController().signal).then(() => console.log('parsed'));
  `;
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    encoding: 'utf8',
    timeout: 15_000,
  });
  expect({ status, stdout }).toEqual({ status: 0, stdout: 'parsed\n' });
});
