import { expect, test } from 'vitest';
import type { HttpGet } from '../../../src/http/client.ts';
import { Limiter } from '../../../src/http/limiter.ts';
import { systemClock } from '../../../src/model/clock.ts';
import type { Source } from '../../../src/model/reading.ts';
import { Secret } from '../../../src/model/secret.ts';
import { anthropicAnalyticsSource } from '../../../src/sources/anthropic/analytics.ts';
import { anthropicClaudeCodeSource } from '../../../src/sources/anthropic/claude-code.ts';
import { AnthropicClient } from '../../../src/sources/anthropic/client.ts';
import { Workspaces } from '../../../src/sources/anthropic/workspaces.ts';
import { rowOf } from './analytics-upstream.ts';
import { fixture } from './support.ts';

const common = { account: 'default', intervalMs: 3_600_000 };

/** Its upstream answers in the same turn of the event loop: a read has another one only by its own will. */
function clientOf(dataOf: (url: URL) => readonly object[]): AnthropicClient {
  const http: HttpGet = {
    get({ url }) {
      const bytes = new Uint8Array(Buffer.from(JSON.stringify({ data: dataOf(url), has_more: false })));
      return Promise.resolve({ status: 200, contentType: 'application/json', header: () => undefined, bytes });
    },
  };
  const adminKey = Secret.of('sk-ant-admin01-fake');
  return new AnthropicClient({ http, baseUrl: new URL('http://127.0.0.1'), adminKey, limiter: new Limiter(600, systemClock) });
}

function requests(count: number): Source {
  const rows = Array.from({ length: count }, (_, key) => rowOf('usage', { day: '2026-11-18', key: `apikey_${key}` }));
  const client = clientOf((url) => (url.pathname.endsWith('usage') && url.search.includes('ending_at=2026-11-19') ? rows : []));
  return anthropicAnalyticsSource({ ...common, client, workspaces: new Workspaces(client), beta: 'beta' });
}

function claudeCode(count: number): Source {
  const { data } = fixture('claude-code-day-page1.json') as { data: [object] };
  const records = Array.from({ length: count }, (_, key) => ({ ...data[0], date: '2026-11-18T00:00:00Z', actor: { type: 'api_actor', api_key_name: `key-${key}` } }));
  const client = clientOf((url) => (url.search.includes('starting_at=2026-11-18') ? records : []));
  return anthropicClaudeCodeSource({ ...common, client, owners: true });
}

/** How often something else had its turn while a source was read. */
async function turnsOf(source: Source): Promise<number> {
  let turns = 0;
  const turn = (): void => {
    turns += 1;
    next = setImmediate(turn);
  };
  let next = setImmediate(turn);
  const { report } = await source.read({ signal: new AbortController().signal, now: new Date('2026-11-18T12:00:00Z') });
  clearImmediate(next);
  expect([...(report?.cells ?? [])]).not.toEqual([]);
  return turns;
}

test.each<[what: string, sourceOf: (rows: number) => Source, many: number]>([
  ['requests', requests, 10_000],
  ['Claude Code', claudeCode, 2_000],
])('everything else has its turns while many rows of %s become cells', async (_, sourceOf, many) => {
  expect(await turnsOf(sourceOf(many))).toBeGreaterThan(await turnsOf(sourceOf(1)));
});
