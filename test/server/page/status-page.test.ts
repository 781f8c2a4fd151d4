import { createHash } from 'node:crypto';
import { type Socket, connect } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Reason } from '../../../src/model/reasons.ts';
import { rememberSecret } from '../../../src/model/redaction.ts';
import { Cycles } from '../../../src/server/cycles.ts';
import { type PolledSource, StatusPage } from '../../../src/server/page/status-page.ts';
import { type HttpServer, startServer } from '../../../src/server/server.ts';
import { ManualClock } from '../../support/agent.ts';
import { type SnapshotPoint, snapshotOf, windowPoints } from './support.ts';

interface Served {
  readonly server: HttpServer;
  readonly url: string;
  readonly clock: ManualClock;
  readonly page: StatusPage;
  readonly errors: unknown[];
  source: PolledSource[];
  cycle(points: readonly SnapshotPoint[]): void;
  text(): Promise<string>;
}

const startsAt = new Date('2026-11-10T12:00:00Z');

function polled(id: PolledSource['source']['id'], failure?: { readonly reason: Reason; readonly message: string }): PolledSource {
  return {
    source: { id, account: 'default' },
    last: { outcome: failure?.reason ?? 'success', failures: failure === undefined ? [] : [failure] },
    lastSuccessAt: startsAt,
  };
}

async function serve(): Promise<Served> {
  const clock = new ManualClock(startsAt);
  const cycles = new Cycles({ clock, intervalMs: 60_000, timeoutMs: 1000, readDeadlineMs: 1000, pushes: true });
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  const page: StatusPage = new StatusPage({ cycles, clock, pushes: true, sources: () => served.source, onError });
  const server = await startServer({ host: '127.0.0.1', port: 0, loopback: true, routes: page.routes(), onError });
  onTestFinished(() => server.stop());
  const served: Served = {
    server,
    url: server.url,
    clock,
    page,
    errors,
    source: [polled('claude-ai'), polled('anthropic-usage'), polled('anthropic-cost'), polled('openrouter')],
    cycle(points) {
      const metrics = snapshotOf(points);
      cycles.collected(metrics, 1);
      page.collected(metrics);
    },
    text: async () => (await fetch(`${server.url}/`)).text(),
  };
  return served;
}

/** A connection that asks for the event stream, and gives what came so far, and how many events they are. */
function listener(url: string): { readonly socket: Socket; received: () => string; events: () => number } {
  const { port } = new URL(url);
  let text = '';
  let events = 0;
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.setEncoding('utf8').on('data', (part: string) => {
    // Too short to hold a whole line, long enough for the first part of one that two packets share.
    events += `${text.slice(1 - eventLine.length)}${part}`.split(eventLine).length - 1;
    text += part;
  });
  socket.write('GET /events HTTP/1.1\r\nhost: localhost\r\n\r\n');
  onTestFinished(() => void socket.destroy());
  return { socket, received: () => text, events: () => events };
}

async function until(condition: () => boolean): Promise<void> {
  await vi.waitUntil(condition, { timeout: 10_000, interval: 5 });
}

const eventLine = '\nevent: status\n';

function eventsIn(text: string): number {
  return text.match(/^event: status$/gm)?.length ?? 0;
}

/** Names that would be markup, break out of attributes or of an event, or turn the text around. */
const hostile = [
  '<script>alert(1)</script>',
  '" onmouseover="alert(1)',
  "' autofocus onfocus='alert(1)",
  '</title></style><img src=x onerror=alert(1)>',
  'line\nevent: status\ndata: <b>x</b>',
  '&lt;i&gt; `${x}` &amp;',
  '\u202Egnp.exe 🦊🇪🇺',
];

test('names with markup, quotes, newlines and emoji are text, wherever they stand', async () => {
  const served = await serve();
  served.source = [polled('claude-ai', { reason: 'upstream', message: 'answered <i>500</i> "x"' }), polled('anthropic-cost')];
  served.cycle(
    hostile.flatMap((name) => [
      ...windowPoints(name, { used: 0.99, secondsToReset: 60 }),
      ['claude.cost.current', { model: name, workspace_id: name, workspace_name: name }, 1] as const,
      ['claude.tokens.current', { model: name, api_key_id: name, api_key_name: name, owner_name: name }, 1] as const,
    ]),
  );
  const listening = listener(served.url);
  const html = await served.text();
  await until(() => eventsIn(listening.received()) === 1);
  for (const text of [html, listening.received()]) {
    expect(text).not.toMatch(/<(?:script>alert|img|i>|b>x)/);
    expect(text).not.toMatch(/["'] (?:onmouseover|autofocus)=/);
    expect(text).toContain('🦊🇪🇺');
    expect(text).toContain('answered &lt;i&gt;500&lt;/i&gt; &quot;x&quot;');
  }
  // A newline in a name stays in its event: every line of it is a data field.
  expect(listening.received()).toMatch(/^data: event: status$/m);
  expect(eventsIn(listening.received())).toBe(1);
});

test('the policy allows this page’s own style and script, and nothing else', async () => {
  const served = await serve();
  const response = await fetch(`${served.url}/`);
  const policy = response.headers.get('content-security-policy') ?? '';
  const html = await response.text();
  const hashOf = (tag: string): string => {
    const [, text = ''] = new RegExp(`<${tag}>(.*?)</${tag}>`, 's').exec(html) ?? [];
    return createHash('sha256').update(text).digest('base64');
  };
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain(`style-src 'sha256-${hashOf('style')}'`);
  expect(policy).toContain(`script-src 'sha256-${hashOf('script')}'`);
  expect(policy).not.toMatch(/unsafe|\*|https?:/);
  expect(html).not.toMatch(/<[^>]+\s(?:style|on\w+)=/);
  expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
});

test('the page stays small with hundreds of windows and models, and says how many there are', async () => {
  const served = await serve();
  const windows = Array.from({ length: 1000 }, (_, index) => windowPoints(`window_${index}_${'x'.repeat(100)}`, { used: 0.5, elapsed: 0.4, secondsToReset: 3600 }));
  const models = Array.from({ length: 1000 }, (_, index): SnapshotPoint => ['claude.cost.current', { model: `model-${index}` }, 1]);
  for (let minute = 0; minute < 60; minute += 5) {
    served.clock.advance(5 * 60_000);
    served.cycle([...windows.flat(), ...models]);
  }
  const html = await served.text();
  expect(html.length).toBeLessThan(150_000);
  expect(html).toContain('980 more');
  expect(html).toContain('391 more');
});

test('before the first cycle the page says so, and of cycles that stopped it shows nothing', async () => {
  const served = await serve();
  expect(await served.text()).toContain('Reading for the first time');
  served.cycle(windowPoints('five_hour', { used: 0.42, secondsToReset: 3600 }));
  expect(await served.text()).toContain('42 %');
  served.clock.advance(4 * 60_000);
  const stalled = await served.text();
  expect(stalled).toContain('too old to show');
  expect(stalled).not.toContain('42 %');
});

test('what does not work is said at the top, with the way to it; a reason is explained once', async () => {
  const served = await serve();
  served.cycle([]);
  expect(await served.text()).not.toContain('href="#sources"');
  const failure = { reason: 'forbidden', message: 'the Admin API answered 403' } as const;
  served.source = [polled('openrouter'), polled('claude-ai', { ...failure, message: 'claude.ai answered 403' }), polled('anthropic-usage', failure), polled('anthropic-cost', failure)];
  served.page.delivered({ acknowledged: 1, rejected: 2, lost: 0, message: 'fake' });
  const html = await served.text();
  expect(html).toContain('<a class="trouble" href="#sources">3 of 4 sources fail, not all was delivered</a>');
  // The same reason has another remedy at another service.
  expect(html.match(/Check CLAUDE_ORGANIZATION_ID/g)).toHaveLength(1);
  expect(html.match(/Use an Admin API key/g)).toHaveLength(1);
  expect(html.match(/the Admin API answered 403/g)).toHaveLength(2);
  expect(html).toContain('As for Admin usage.');
});

test('of an organization alone the cost of the day is the headline, and the title of the tab', async () => {
  const served = await serve();
  served.source = [polled('anthropic-cost')];
  served.cycle([['claude.cost.current', { model: 'opus' }, 12.5]]);
  const html = await served.text();
  expect(html).toContain('<b>$12.50</b> today so far.');
  expect(html).toContain('data-title="$12.50 today"');
});

test.each([
  ['credits that are used up', ['openrouter.credits.remaining', {}, 0], '<b><bdi>OpenRouter credits</bdi></b> are used up.', 'OpenRouter credits used up'],
  ['credits that are nearly spent', ['openrouter.credits.remaining', {}, 2.5], '<b><bdi>OpenRouter credits</bdi></b> are down to $2.50.', '$2.50 left'],
  ['a pool that is nearly spent', ['claude.credit_pool.remaining', { metric_name: 'cinder_cove' }, 2.5], '<b><bdi>Cinder cove</bdi></b> is down to $2.50.', '$2.50 left'],
] satisfies [string, SnapshotPoint, string, string][])('of %s headline and title are in order', async (_, point, headline, title) => {
  const served = await serve();
  served.cycle([point]);
  const html = await served.text();
  expect(html).toContain(headline);
  expect(html).toContain(`data-title="${title}"`);
});

test('a key without a cap has its spend, and nothing says that there is nothing', async () => {
  const served = await serve();
  const spend: SnapshotPoint = ['openrouter.key.usage', { window: 'daily' }, 1.25];
  served.source = [polled('openrouter')];
  served.cycle([spend]);
  expect(await served.text()).toMatch(/<dd>\$1\.25<\/dd>/);
  expect(await served.text()).not.toContain('There is nothing to show now.');
  served.source = [polled('openrouter', { reason: 'forbidden', message: 'OpenRouter answered 403' })];
  expect(await served.text()).toContain('What is shown is of then or from the parts that answered.');
  expect(await served.text()).not.toMatch(/Nothing is known/);
});

test('what came from the cache is a share of the input, not of all tokens', async () => {
  const served = await serve();
  const types = { input: 100, cache_creation: 100, cache_read: 200, output: 100 };
  served.cycle(Object.entries(types).map(([type, tokens]) => ['claude.tokens.current', { model: 'opus', type }, tokens]));
  expect(await served.text()).toContain('<td class="wide">50 %</td>');
});

test('a secret in a message is not on the page', async () => {
  rememberSecret('sk-ant-sid01-very-secret');
  const served = await serve();
  served.source = [polled('claude-ai', { reason: 'upstream', message: 'echoed sk-ant-sid01-very-secret' })];
  served.cycle([]);
  served.page.delivered({ acknowledged: 0, rejected: 0, lost: 3, message: 'refused: sk-ant-sid01-very-secret' });
  const html = await served.text();
  expect(html).toContain('echoed [redacted]');
  expect(html).toContain('refused: [redacted]');
  expect(html).not.toContain('very-secret');
});

test('whoever listens gets the page at once, and each cycle; a delivery is told when it turns', async () => {
  const served = await serve();
  const { received } = listener(served.url);
  await until(() => eventsIn(received()) === 1);
  expect(received()).toMatch(/^HTTP\/1.1 200/);
  expect(received()).toContain('content-type: text/event-stream');
  served.cycle(windowPoints('five_hour', { used: 0.42 }));
  await until(() => eventsIn(received()) === 2);
  expect(received()).toContain('42 %');
  served.page.delivered({ acknowledged: 5, rejected: 0, lost: 0 });
  await until(() => eventsIn(received()) === 3);
  served.page.delivered({ acknowledged: 6, rejected: 0, lost: 0 });
  served.cycle(windowPoints('five_hour', { used: 0.43 }));
  await until(() => received().includes('43 %'));
  expect(eventsIn(received())).toBe(4);
});

test('one who does not read is let go; nothing piles up for him, and the others go on', async () => {
  const served = await serve();
  const slow = listener(served.url);
  const good = listener(served.url);
  await until(() => eventsIn(slow.received()) === 1 && eventsIn(good.received()) === 1);
  slow.socket.pause();
  let closed = false;
  slow.socket.once('close', () => (closed = true));
  const windows = Array.from({ length: 300 }, (_, index) => windowPoints(`w${index}`, { used: 0.5, elapsed: 0.4, secondsToReset: 3600 })).flat();
  // Kernels take some megabytes for a reader who does not come.
  for (let cycle = 0; cycle < 2000 && served.page.listeners > 1; cycle++) {
    const before = good.events();
    served.cycle(windows);
    while (good.events() === before) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(served.page.listeners).toBe(1);
  slow.socket.resume();
  await until(() => closed);
  const count = eventsIn(good.received());
  served.cycle(windows);
  await until(() => eventsIn(good.received()) > count);
}, 60_000);

test('a quiet stream still moves, and with nobody listening nothing does', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const served = await serve();
  const { socket, received } = listener(served.url);
  await until(() => eventsIn(received()) === 1);
  vi.advanceTimersByTime(60_000);
  await until(() => (received().match(/^event: alive\ndata: \n\n/gm)?.length ?? 0) === 3);
  expect(eventsIn(received())).toBe(1);
  socket.destroy();
  await until(() => served.page.listeners === 0);
  expect(vi.getTimerCount()).toBe(0);
});

test('more than 64 listeners are asked to come back, and there is room when one has gone', async () => {
  const served = await serve();
  const listeners = Array.from({ length: 64 }, () => listener(served.url));
  await until(() => listeners.every(({ received }) => eventsIn(received()) === 1));
  const refused = await fetch(`${served.url}/events`);
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('10');
  await refused.text();
  listeners[0]?.socket.destroy();
  await until(() => served.page.listeners === 63);
  const next = listener(served.url);
  await until(() => eventsIn(next.received()) === 1);
});

test('a server that stops ends its streams at once, whoever listens', async () => {
  const served = await serve();
  const { socket, received } = listener(served.url);
  await until(() => eventsIn(received()) === 1);
  const ended = new Promise((resolve) => socket.once('close', resolve));
  await served.server.stop();
  await ended;
  expect(received().endsWith('0\r\n\r\n')).toBe(true);
});

test('HEAD of either path has no body and no end to wait for', async () => {
  const served = await serve();
  for (const [path, type] of [['/', 'text/html'], ['/events', 'text/event-stream']] as const) {
    const response = await fetch(`${served.url}${path}`, { method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain(type);
    expect(await response.text()).toBe('');
  }
  expect(served.page.listeners).toBe(0);
});

test('a cycle that cannot be shown is an error of the page’s and no one else’s', async () => {
  const served = await serve();
  const { received } = listener(served.url);
  await until(() => eventsIn(received()) === 1);
  // No such currency: Intl throws.
  served.cycle([['claude.extra_usage.used', { currency: 'not one' }, 3]]);
  expect(served.errors).toHaveLength(1);
  served.cycle(windowPoints('five_hour', { used: 0.42 }));
  await until(() => received().includes('42 %'));
});
