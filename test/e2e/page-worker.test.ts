import { expect, test } from 'vitest';
import type { PageParser } from '../../src/sources/anthropic/page-parser.ts';

/** The built parser, beside which the built worker is. */
const built = (await import(new URL('../../dist/sources/anthropic/page-parser.js', import.meta.url).href)) as { PageParser: typeof PageParser };

test('the built agent parses large pages in a worker', async () => {
  const parser = new built.PageParser({ workerFromBytes: 0 });
  const bytes = new Uint8Array(Buffer.from('{"data":[{"starting_at":"2026-11-18T00:00:00Z","ending_at":"2026-11-19T00:00:00Z","results":[]}]}'));
  const page = await parser.parse({ bytes, what: 'the report', shape: { report: 'the report', ids: [], counts: [] } }, AbortSignal.timeout(10_000));
  parser.close();
  expect(page.starts).toHaveLength(1);
  expect(bytes.length).toBe(0);
});
