import type { LookupFunction } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { openPollers } from '../src/agent-sources.ts';
import { loadConfig } from '../src/config/config.ts';
import { httpSender } from '../src/export/otlp-http.ts';
import { HttpClient } from '../src/http/client.ts';
import { type RawServer, startRawServer, writeAnswer } from './support/raw-server.ts';
import { ManualClock } from './support/agent.ts';
import { gaugeRequest } from './support/metrics.ts';
import { canary, scan } from './support/secret-scan.ts';

const session = canary('CLAUDE_SESSION_KEY', 'sk-ant-sid01-fake');
const adminKey = canary('ANTHROPIC_ADMIN_API_KEY', 'sk-ant-admin01-fake');
const openRouterKey = canary('OPENROUTER_API_KEY', 'sk-or-v1-fake');
const headers = canary('OTEL_EXPORTER_OTLP_HEADERS', 'fake');
const credentials = [session, adminKey, openRouterKey, headers];

/** Where a redirect points, from the port of the origin that was asked and of another one. */
const targets: readonly (readonly [name: string, location: (asked: number, other: number) => string])[] = [
  ['another path', () => '/elsewhere'],
  ['another path, in full', (asked) => `http://127.0.0.1:${asked}/elsewhere`],
  ['another host', (_asked, other) => `http://upstream.example:${other}/key`],
  ['another host of the same scheme', (_asked, other) => `//upstream.example:${other}/key`],
  ['another port', (_asked, other) => `http://127.0.0.1:${other}/key`],
  ['another scheme', (_asked, other) => `https://127.0.0.1:${other}/key`],
  ['loopback by name', (_asked, other) => `http://localhost:${other}/key`],
  ['a private address', (_asked, other) => `http://metadata.example:${other}/latest/meta-data/`],
  ['the same origin with user info', (asked) => `http://user:word@127.0.0.1:${asked}/elsewhere`],
  ['another port with user info', (_asked, other) => `http://user:word@127.0.0.1:${other}/key`],
];

const cells = [301, 302, 303, 307, 308].flatMap((status) => targets.map(([name, location]) => ({ status, name, location })));

/** Addresses of the world outside; whoever asks for one is led to loopback, so that nothing of a failing test leaves this machine. */
const addresses: Readonly<Record<string, string>> = { 'upstream.example': '203.0.113.7', 'metadata.example': '169.254.169.254' };

interface Trap {
  /** Answers each request with the redirect. */
  readonly asked: RawServer;
  /** Where it points, unless to the same origin. */
  readonly other: RawServer;
  /** Names that were looked up, with the addresses that they stand for. */
  readonly lookedUp: string[];
  readonly lookup: LookupFunction;
}

async function startTrap(status: number, location: (asked: number, other: number) => string): Promise<Trap> {
  const other = await startRawServer((socket) => writeAnswer(socket, '200 OK', '{}'));
  const asked = await startRawServer((socket) => {
    writeAnswer(socket, `${status} Elsewhere`, '{}', { location: location(asked.port, other.port), 'content-type': 'application/json' });
  });
  onTestFinished(async () => {
    await asked[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
  });
  const lookedUp: string[] = [];
  return {
    asked,
    other,
    lookedUp,
    lookup(name, { all }, done) {
      lookedUp.push(`${name} (${addresses[name] ?? 'unknown'})`);
      if (all === true) done(null, [{ address: '127.0.0.1', family: 4 }]);
      else done(null, '127.0.0.1', 4);
    },
  };
}

/** Nobody but the origin that was asked has heard anything, and it was asked for nothing that the redirect named. */
function staysAtHome({ asked, other, lookedUp }: Trap): void {
  expect(scan(other.heads.join('\n'), credentials)).toEqual([]);
  expect(other.connections()).toBe(0);
  expect(lookedUp).toEqual([]);
  expect(asked.heads.filter((head) => head.includes('/elsewhere'))).toEqual([]);
}

test.each(cells)('no source follows a $status to $name', async ({ status, location }) => {
  const trap = await startTrap(status, location);
  const base = `http://127.0.0.1:${trap.asked.port}`;
  const config = loadConfig({
    environment: {
      CLAUDE_SESSION_KEY: session.value,
      CLAUDE_AI_BASE_URL: base,
      ANTHROPIC_ADMIN_API_KEY: adminKey.value,
      ANTHROPIC_ADMIN_BASE_URL: base,
      OPENROUTER_API_KEY: openRouterKey.value,
      OPENROUTER_ACCOUNT_BASE_URL: base,
    },
    envFile: fileURLToPath(new URL('support/empty.env', import.meta.url)),
    flags: {},
  });
  const open = openPollers(config, {
    clock: new ManualClock(),
    random: () => 0,
    deadlineMs: 10_000,
    connect: (options) => new HttpClient({ ...options, lookup: trap.lookup }),
  });
  await Promise.all(open.pollers.map((poller) => poller.refresh()));
  open.close();
  const ends = open.pollers.map(({ source, last }) => [source.id, last?.outcome, last?.failures[0]?.status]);
  expect(ends).toEqual(
    ['claude-ai', 'usage', 'cost', 'names', 'analytics', 'claude-code', 'limits', 'openrouter'].map((id) => [
      ['claude-ai', 'openrouter'].includes(id) ? id : `anthropic-${id}`,
      'upstream',
      status,
    ]),
  );
  // The credentials did travel: each of the sources asked where it was told to.
  expect(scan(trap.asked.heads.join('\n'), credentials).map(({ secret }) => secret)).toEqual([session.name, adminKey.name, openRouterKey.name]);
  staysAtHome(trap);
});

afterEach(() => vi.unstubAllEnvs());

test.each(cells)('no push follows a $status to $name', async ({ status, location }) => {
  const trap = await startTrap(status, location);
  vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', `authorization=${encodeURIComponent(headers.value)}`);
  const sender = httpSender(`http://127.0.0.1:${trap.asked.port}/v1/metrics`);
  const result = await sender.send(gaugeRequest(1), 10_000);
  sender.close();
  expect(result).toMatchObject({ status: 'failed', cause: String(status) });
  expect(scan(trap.asked.heads.join('\n'), credentials)).toHaveLength(1);
  staysAtHome(trap);
});
