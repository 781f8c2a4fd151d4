import { readFileSync } from 'node:fs';
import { status } from '@grpc/grpc-js';
import { afterEach, expect, test } from 'vitest';
import { type CookieAnswer, type SimulatedCookiejar, startCookiejar } from '../../../src/demo/cookiejar.ts';
import { type HttpAnswer, type SeenRequest, type SimulatedUpstream, startUpstream } from '../../../src/demo/http-server.ts';
import type { Source } from '../../../src/model/reading.ts';
import type { ClaudeAiOptions } from '../../../src/sources/claude-ai/index.ts';
import { cookiejar } from '../../../src/sources/cookies/cookiejar.ts';
import { lines } from '../../support/points.ts';
import { claudeAiAt, readAt } from './support.ts';

const now = '2026-10-02T12:00:00Z';
const usage = { status: 200, body: { five_hour: { utilization: 42 } } };
const sessionLine = 'claude.usage.utilization{metric_name=five_hour} 0.42';
const refusal = {
  status: 403,
  body: { type: 'error', error: { type: 'permission_error', details: { error_code: 'account_session_invalid' } } },
};

const stops: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

/** claude.ai as the simulators have it, and the source between them. */
interface Scene {
  readonly source: Source;
  readonly claude: SimulatedUpstream;
  readonly jar: SimulatedCookiejar;
  /** Paths that claude.ai was asked for, without their common beginning. */
  paths(): string[];
}

/** `jars` is what the cookie service answers, one call after another, the last again and again. */
async function scene(
  jars: readonly (string | CookieAnswer)[],
  answer: (request: SeenRequest) => HttpAnswer,
  options: Partial<ClaudeAiOptions> = {},
): Promise<Scene> {
  let calls = 0;
  const jar = await startCookiejar(() => {
    const given = jars[Math.min(calls++, jars.length - 1)] ?? '';
    return typeof given === 'string' ? { kind: 'cookies', text: given } : given;
  });
  const claude = await startUpstream(answer);
  const cookies = cookiejar({ url: new URL(`http://127.0.0.1:${jar.port}`) });
  stops.push(() => cookies.close(), () => jar.stop(), () => claude.stop());
  const source = claudeAiAt(claude.url, { cookies, cookieNames: ['sessionKey', 'cf_clearance'], ...options });
  return { source, claude, jar, paths: () => claude.requests.map(({ path }) => path.replace('/api/organizations', '')) };
}

function sentCookies({ claude }: Scene): (string | undefined)[] {
  return claude.requests.map(({ headers }) => headers.cookie);
}

const known = { organizationId: 'org-1' };

test('the cookies that are named are sent, without the attributes, and the session’s own expiry is a point', async () => {
  const jar =
    'sessionKey=sk-ant-sid01-fake; Path=/; Domain=claude.ai; Expires=Fri, 30 Oct 2026 12:00:00 GMT; HttpOnly; Secure; SameSite=Lax; ' +
    '_ga=never-sent-on; Path=/; cf_clearance=clear.1; Domain=.claude.ai; Expires=Fri, 02 Oct 2026 12:30:00 GMT';
  const played = await scene([jar], () => usage, known);
  const { gauges } = await readAt(played.source, now);
  expect(sentCookies(played)).toEqual(['sessionKey=sk-ant-sid01-fake; cf_clearance=clear.1']);
  expect(lines(gauges)).toEqual([
    sessionLine,
    'claude.session.seconds_to_expiry{} at 2026-10-30T12:00:00.000Z until 2026-10-30T12:00:00.000Z',
  ]);
  expect(played.jar.hosts).toEqual(['.claude.ai']);
  await readAt(played.source, '2026-10-02T12:30:00Z');
  expect(sentCookies(played).at(-1)).toBe('sessionKey=sk-ant-sid01-fake');
});

test('cookies past their date are not tried', async () => {
  const played = await scene(['sessionKey=old; Expires=Fri, 02 Oct 2026 12:00:00 GMT'], () => usage, known);
  await expect(readAt(played.source, now)).rejects.toMatchObject({ reason: 'credential_expired' });
  expect(played.claude.requests).toEqual([]);
  expect(played.jar.calls).toBe(1);
});

test('a refused cookie is fetched again once, and tried again when it has changed', async () => {
  const played = await scene(
    ['sessionKey=first', 'sessionKey=second; Expires=Fri, 30 Oct 2026 12:00:00 GMT'],
    ({ headers }) => (headers.cookie === 'sessionKey=first' ? refusal : usage),
    known,
  );
  const { gauges } = await readAt(played.source, now);
  expect(lines(gauges)).toHaveLength(2);
  expect(sentCookies(played)).toEqual(['sessionKey=first', 'sessionKey=second']);
  expect(played.jar.calls).toBe(2);
});

test('a refused cookie that has not changed is not tried again', async () => {
  const played = await scene(
    ['sessionKey=same; cf_clearance=first', 'sessionKey=same; cf_clearance=second'],
    () => ({ status: 401, body: { type: 'error', error: { type: 'authentication_error' } } }),
    known,
  );
  await expect(readAt(played.source, now)).rejects.toMatchObject({ reason: 'credential_expired', status: 401 });
  expect(played.claude.requests).toHaveLength(1);
  expect(played.jar.calls).toBe(2);
});

test('a cookie that is refused after a change, too, is not fetched a third time', async () => {
  const played = await scene(['sessionKey=first', 'sessionKey=second', 'sessionKey=third'], () => refusal, known);
  await expect(readAt(played.source, now)).rejects.toMatchObject({ reason: 'credential_expired', status: 403 });
  expect(sentCookies(played)).toEqual(['sessionKey=first', 'sessionKey=second']);
  expect(played.jar.calls).toBe(2);
});

test('when the fresh fetch fails the refusal is what is said', async () => {
  const played = await scene(['sessionKey=first', { kind: 'refuse', code: status.UNAVAILABLE }], () => refusal, known);
  await expect(readAt(played.source, now)).rejects.toMatchObject({ reason: 'credential_expired', status: 403 });
  expect(played.claude.requests).toHaveLength(1);
  expect(played.jar.calls).toBe(2);
});

test('a refusal at the list of organizations counts like one at the windows', async () => {
  const played = await scene(['sessionKey=first', 'sessionKey=second'], ({ path, headers }) => {
    if (headers.cookie === 'sessionKey=first') return refusal;
    return path.endsWith('/usage') ? usage : { status: 200, body: [{ uuid: 'org-2', capabilities: ['chat'] }] };
  });
  expect(lines((await readAt(played.source, now)).gauges)).toEqual([sessionLine]);
  expect(played.paths()).toEqual(['', '', '/org-2/usage']);
});

test.each([
  [{ status: 403, body: { type: 'error', error: { type: 'permission_error' } } }, 'forbidden'],
  [{ status: 403, body: '<title>Just a moment...</title>', headers: { 'content-type': 'text/html' } }, 'challenged'],
  [{ status: 429, body: {} }, 'rate_limited'],
  [{ status: 302, body: '', headers: { location: '/login' } }, 'upstream'],
  [{ status: 500, body: {} }, 'upstream'],
  [{ status: 200, body: '{"five_hour": ' }, 'schema'],
])('%o is no refusal of the cookie: it is not fetched again', async (answer, reason) => {
  const played = await scene(['sessionKey=first', 'sessionKey=second'], () => answer, known);
  await expect(readAt(played.source, now)).rejects.toMatchObject({ reason });
  expect(played.claude.requests).toHaveLength(1);
  expect(played.jar.calls).toBe(1);
});

test('the organization is the first with chat, and is looked for once a login', async () => {
  const organizations = readFileSync(new URL('../../fixtures/claude-ai/organizations-two-orgs.json', import.meta.url));
  const played = await scene(['sessionKey=first', 'sessionKey=first', 'sessionKey=second'], ({ path }) =>
    path.endsWith('/usage') ? usage : { status: 200, body: organizations },
  );
  for (let read = 0; read < 3; read++) expect(lines((await readAt(played.source, now)).gauges)).toEqual([sessionLine]);
  const chat = '/00000000-0000-4000-8000-00000000000a/usage';
  expect(played.paths()).toEqual(['', chat, chat, '', chat]);
  expect(sentCookies(played)).toEqual([...Array<string>(3).fill('sessionKey=first'), 'sessionKey=second', 'sessionKey=second']);
});

test.each([
  [403, ['', '/org-1/usage', '/org-1/usage', '', '/org-2/usage']],
  [404, ['', '/org-1/usage', '/org-1/usage', '', '/org-2/usage']],
  [500, ['', '/org-1/usage', '/org-1/usage', '/org-1/usage']],
])('an organization that answers %d after it was found is looked for again at the next read: %o', async (code, paths) => {
  let reads = 0;
  const played = await scene(['sessionKey=same'], ({ path }) => {
    if (!path.endsWith('/usage')) return { status: 200, body: [{ uuid: reads < 2 ? 'org-1' : 'org-2', capabilities: ['chat'] }] };
    return reads === 1 ? { status: code, body: {} } : usage;
  });
  await readAt(played.source, now);
  reads = 1;
  await expect(readAt(played.source, now)).rejects.toMatchObject({ status: code });
  reads = 2;
  await readAt(played.source, now);
  expect(played.paths()).toEqual(paths);
});

test('an organization that is refused from the start is not listed more often than every other read', async () => {
  const played = await scene(['sessionKey=same'], ({ path }) =>
    path.endsWith('/usage') ? { status: 403, body: {} } : { status: 200, body: [{ uuid: 'org-1', capabilities: ['chat'] }] },
  );
  for (let read = 0; read < 4; read++) {
    await expect(readAt(played.source, now)).rejects.toMatchObject({ reason: 'forbidden' });
  }
  expect(played.claude.requests).toHaveLength(6);
});

test.each([
  [{ uuid: 'org-1' }, 'schema'],
  [null, 'schema'],
  [[5, null, { uuid: 7 }], 'schema'],
  [[{ uuid: '../../other', capabilities: ['chat'] }], 'schema'],
  [[], 'forbidden'],
  [[{ uuid: 'org-1', capabilities: ['api'] }, { uuid: 'org-2', capabilities: 'chat' }, { uuid: 'org-3' }], 'forbidden'],
])('a list of organizations %o gives %s, and no windows are asked for', async (organizations, reason) => {
  const played = await scene(['sessionKey=same'], () => ({ status: 200, body: organizations }));
  await expect(readAt(played.source, now)).rejects.toMatchObject({ reason });
  expect(played.paths()).toEqual(['']);
});

test('elements of the list that cannot be read cost nothing', async () => {
  const list = [null, 'org', { uuid: '..', capabilities: ['chat'] }, { uuid: 'org-1', capabilities: [null, 'chat'] }];
  const played = await scene(['sessionKey=same'], ({ path }) => (path.endsWith('/usage') ? usage : { status: 200, body: list }));
  await readAt(played.source, now);
  expect(played.paths()).toEqual(['', '/org-1/usage']);
});

test('a part that cannot be read makes the reading a failure, and the rest of it stands', async () => {
  const body = { five_hour: { utilization: 42 }, seven_day: { utilization: 'half' } };
  const { source } = await scene(['sessionKey=same'], () => ({ status: 200, body }), known);
  const reading = await readAt(source, now);
  expect(lines(reading.gauges)).toEqual([sessionLine]);
  expect(reading.failures.map(({ reason }) => reason)).toEqual(['schema']);
});
