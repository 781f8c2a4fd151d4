import fc from 'fast-check';
import { expect } from 'vitest';
import type { HttpGet } from '../../../src/http/client.ts';
import { Limiter } from '../../../src/http/limiter.ts';
import { inSlices } from '../../../src/model/slices.ts';
import { systemClock } from '../../../src/model/clock.ts';
import { Secret } from '../../../src/model/secret.ts';
import { SourceError } from '../../../src/model/source-error.ts';
import { type PageReader, bucketsOf, cellsOf } from '../../../src/sources/anthropic/buckets.ts';
import { AnthropicClient } from '../../../src/sources/anthropic/client.ts';
import type { RowShape } from '../../../src/sources/anthropic/columns.ts';
import { costReader, costShape } from '../../../src/sources/anthropic/cost-rows.ts';
import { anthropicNamesSource } from '../../../src/sources/anthropic/names.ts';
import { parsePage } from '../../../src/sources/anthropic/page-order.ts';
import { usageReader, usageShape } from '../../../src/sources/anthropic/usage-rows.ts';
import { Workspaces } from '../../../src/sources/anthropic/workspaces.ts';
import { fuzz } from '../../support/fuzz.ts';
import { anyJson, torn, withOtherValues } from '../../support/outside.ts';
import { fixture } from './support.ts';

function texts(...files: readonly string[]): string[] {
  return files.map((file) => JSON.stringify(fixture(file)));
}

function bodiesLike(recorded: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 5, arbitrary: withOtherValues(recorded) },
    { weight: 2, arbitrary: torn(recorded) },
    anyJson.map((data) => JSON.stringify({ data })),
    fc.json(),
  );
}

function isPrintable(text: string): void {
  expect(text).not.toMatch(/\p{C}/u);
  expect(text).not.toBe('');
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(128);
}

/** Cells that can be true, or an error with a reason. */
async function holds(text: string, shape: RowShape, reader: PageReader): Promise<void> {
  try {
    const columns = parsePage({ bytes: new Uint8Array(Buffer.from(text)), what: 'the report', shape });
    const cells = await inSlices(reader(columns));
    const { starts, ends, rows } = columns;
    const [from, to] = [new Date(Math.min(...starts)), new Date(Math.max(...ends))];
    const buckets = bucketsOf('the report', [{ starts, ends, rows, cells }], from, to, from);
    for (const { attributes, value, bucketStart } of cellsOf(buckets)) {
      if (shape === costShape) expect(typeof value).toBe('bigint');
      else expect(value > 0n && value < 2n ** 53n).toBe(true);
      expect(bucketStart.getTime()).not.toBeNaN();
      for (const value of Object.values(attributes)) isPrintable(value);
    }
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    expect(['schema', 'too_large']).toContain(error.reason);
  }
}

const dimensions = ['model', 'api_key_id', 'workspace_id', 'service_tier', 'context_window'] as const;
const usagePages = texts('usage-messages-1h-grouped-page1.json', 'usage-messages-1h-grouped-page2.json', 'usage-messages-1m-sparse.json', 'usage-messages-1d-ungrouped.json');
fuzz('pages of the usage report', bodiesLike(usagePages), (text) => holds(text, usageShape(dimensions), usageReader(dimensions)));

const costPages = texts('cost-report-1d-grouped-page1.json', 'cost-report-1d-grouped-page2.json', 'cost-report-1d-ungrouped.json');
fuzz('pages of the cost report', bodiesLike(costPages), (text) => holds(text, costShape, costReader()));

const lists = texts('api-keys-v2023.json', 'users-page1.json', 'users-page2.json', 'workspaces-with-archived.json');

/** Names that can be attributes, or failures with a reason; whatever the lists say of what follows, their reading ends. */
fuzz('lists of names', fc.array(bodiesLike(lists), { minLength: 1, maxLength: 6 }), async (bodies) => {
  let asked = 0;
  const http: HttpGet = {
    get() {
      const body = bodies[asked++ % bodies.length] ?? '';
      if (asked > 30) return Promise.reject(new SourceError('network', 'no answer'));
      return Promise.resolve({ status: 200, contentType: 'application/json', header: () => undefined, bytes: new Uint8Array(Buffer.from(body)) });
    },
  };
  const adminKey = Secret.of('sk-ant-admin01-fake');
  const client = new AnthropicClient({ http, baseUrl: new URL('http://127.0.0.1'), adminKey, limiter: new Limiter(600, systemClock) });
  const source = anthropicNamesSource({ account: 'default', intervalMs: 1, client, workspaces: new Workspaces(client) });
  try {
    const { names, failures } = await source.read({ signal: new AbortController().signal, now: new Date('2026-11-18T12:00:00Z') });
    for (const { reason } of failures) expect(['schema', 'too_large', 'network']).toContain(reason);
    for (const [id, { name, ownerId }] of names?.apiKeys ?? []) for (const text of [id, name, ownerId]) if (text !== undefined) isPrintable(text);
    for (const [id, { name, email }] of names?.users ?? []) for (const text of [id, name, email]) if (text !== undefined) isPrintable(text);
    for (const [id, { name }] of names?.workspaces ?? []) for (const text of [id, name]) if (text !== undefined) isPrintable(text);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    expect(['schema', 'too_large', 'network']).toContain(error.reason);
  }
});
