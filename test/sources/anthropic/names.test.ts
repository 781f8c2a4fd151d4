import { expect, test } from 'vitest';
import type { HttpAnswer } from '../../../src/demo/http-server.ts';
import { joinNames } from '../../../src/metrics/join-names.ts';
import { attributeSet } from '../../../src/model/attributes.ts';
import { type Names, noNames } from '../../../src/model/names.ts';
import type { Reading } from '../../../src/model/reading.ts';
import { anthropicNamesSource } from '../../../src/sources/anthropic/names.ts';
import { Workspaces } from '../../../src/sources/anthropic/workspaces.ts';
import { clientOf, refusal } from './support.ts';

const headers = { date: 'Wed, 18 Nov 2026 12:00:00 GMT' };
const dayMs = 86_400_000;

interface Lists {
  now: Date;
  keys: readonly object[];
  users: readonly object[];
  workspaces: readonly object[];
  /** On demand only. */
  defaults: readonly object[];
  fault: (url: URL) => HttpAnswer | undefined;
  readonly asked: string[];
}

async function start(): Promise<{ lists: Lists; workspaces: Workspaces; read: () => Promise<Reading> }> {
  const lists: Lists = { now: new Date(headers.date), keys: [], users: [], workspaces: [], defaults: [], fault: () => undefined, asked: [] };
  const client = await clientOf((path) => {
    const url = new URL(path, 'http://localhost');
    const query = url.searchParams;
    const name = url.pathname.split('/').at(-1);
    lists.asked.push(`${name ?? ''}${query.has('include_default') ? ' with default' : ''}`);
    const listed = { api_keys: lists.keys, users: lists.users, workspaces: [...lists.workspaces, ...(query.has('include_default') ? lists.defaults : [])] };
    const rows = listed[name as keyof typeof listed] as readonly { readonly id: string }[];
    const from = rows.findIndex(({ id }) => id === query.get('after_id')) + 1;
    const data = rows.slice(from, from + 2);
    const body = { data, has_more: from + 2 < rows.length, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
    return lists.fault(url) ?? { status: 200, body, headers: { date: lists.now.toUTCString() } };
  });
  const workspaces = new Workspaces(client);
  const source = anthropicNamesSource({ account: 'default', intervalMs: 3_600_000, client, workspaces });
  return { lists, workspaces, read: () => source.read({ signal: AbortSignal.timeout(10_000), now: lists.now }) };
}

const key = (id: string, more: object = {}): object => ({ id, type: 'api_key', name: id.toUpperCase(), created_by: null, ...more });
const person = (id: string): object => ({ id, created_by: { id: 'user_1', type: 'user' } });

function joined(names: Names | undefined, ids: Record<string, string>): Readonly<Record<string, string>> {
  const all = Object.entries(joinNames(attributeSet(ids), 'default', names ?? noNames, true));
  return Object.fromEntries(all.filter(([name]) => name !== 'account'));
}

test('keys of both shapes over several pages; makers that are null, gone or no people', async () => {
  const { lists, read } = await start();
  lists.keys = [
    key('k1', { workspace_id: null, created_by: { id: 'user_1', type: 'user' } }),
    key('k2', { scope: { type: 'workspace', workspace_id: 'w1' }, created_by: { id: 'user_1', type: 'user' } }),
    key('k3', { scope: { type: 'organization' }, created_by: null }),
    key('k4', { created_by: { id: 'user_gone', type: 'user' } }),
    key('k5', { created_by: { id: 'svac_1', type: 'service_account' }, name: null }),
  ];
  lists.users = [{ id: 'user_1', type: 'user', email: 'ada@example.com', name: 'Ada' }, { id: 'user_2', type: 'user', email: null, name: '' }, { ...person('user_3'), type: 'user' }];
  const { names } = await read();
  const owner = { owner_email: 'ada@example.com', owner_name: 'Ada' };
  expect(joined(names, { api_key_id: 'k1' })).toEqual({ api_key_id: 'k1', api_key_name: 'K1', ...owner });
  expect(joined(names, { api_key_id: 'k2' })).toEqual({ api_key_id: 'k2', api_key_name: 'K2', ...owner });
  expect(joined(names, { api_key_id: 'k3' })).toEqual({ api_key_id: 'k3', api_key_name: 'K3' });
  expect(joined(names, { api_key_id: 'k4' })).toEqual({ api_key_id: 'k4', api_key_name: 'K4' });
  // A name that is not known is left out.
  expect(joined(names, { api_key_id: 'k5' })).toEqual({ api_key_id: 'k5' });
  expect(names?.users.get('user_2')).toEqual({});
  expect(names?.users.size).toBe(3);
});

test('a name that stands in a report itself stays', () => {
  expect(joined(undefined, { api_key_name: 'ci-key' })).toEqual({ api_key_name: 'ci-key' });
});

test('the default workspace has its name, also where a report has no id for it; which it is, is asked once', async () => {
  const { lists, workspaces, read } = await start();
  lists.workspaces = [{ id: 'w1', type: 'workspace', name: 'Old', archived_at: '2026-01-01T00:00:00Z' }];
  lists.defaults = [{ id: 'w0', type: 'workspace', name: 'Home' }];
  const { names } = await read();
  expect(joined(names, { workspace_id: 'default' })).toMatchObject({ workspace_name: 'Home' });
  expect(joined(names, { workspace_id: 'w0' })).toMatchObject({ workspace_name: 'Home' });
  expect(joined(names, { workspace_id: 'w1' })).toMatchObject({ workspace_name: 'Old' });
  await read();
  const context = { signal: AbortSignal.timeout(10_000), now: lists.now };
  expect(await workspaces.defaultId(context)).toBe('w0');
  expect(lists.asked.filter((asked) => asked.startsWith('workspaces'))).toEqual(['workspaces with default', 'workspaces', 'workspaces with default']);
});

test('two that ask for the default workspace at once ask once', async () => {
  const { lists, workspaces, read } = await start();
  lists.defaults = [{ id: 'w0', type: 'workspace', name: 'Home' }];
  const context = { signal: AbortSignal.timeout(10_000), now: lists.now };
  const [, id] = await Promise.all([read(), workspaces.defaultId(context), workspaces.defaultId(context)]);
  expect(id).toBe('w0');
  expect(lists.asked.filter((asked) => asked.startsWith('workspaces'))).toHaveLength(2);
});

test('a workspace that is made between the two lists is not taken for the default one', async () => {
  const { lists, workspaces } = await start();
  const fresh = { id: 'w9', type: 'workspace', name: 'Fresh' };
  lists.fault = (url) => {
    if (!url.searchParams.has('include_default')) lists.workspaces = [fresh];
    return undefined;
  };
  const context = { signal: AbortSignal.timeout(10_000), now: lists.now };
  expect(await workspaces.defaultId(context)).toBeUndefined();
});

test('two workspaces on demand decide nothing', async () => {
  const { lists, workspaces } = await start();
  lists.defaults = [{ id: 'w0', type: 'workspace', name: 'Home' }, { id: 'w8', type: 'workspace', name: 'Other' }];
  const context = { signal: AbortSignal.timeout(10_000), now: lists.now };
  await expect(workspaces.defaultId(context)).rejects.toMatchObject({ reason: 'schema' });
  lists.defaults = lists.defaults.slice(0, 1);
  expect(await workspaces.defaultId(context)).toBe('w0');
});

test('a list that fails keeps what it had, and the others go on', async () => {
  const { lists, read } = await start();
  lists.keys = [key('k1')];
  lists.users = [{ id: 'user_1', type: 'user', email: 'ada@example.com', name: 'Ada' }];
  await read();
  lists.keys = [key('k1', { name: 'renamed' })];
  lists.users = [];
  lists.fault = (url) => (url.pathname.endsWith('users') ? refusal(500, 'api_error') : undefined);
  const { names, failures } = await read();
  expect(failures).toMatchObject([{ reason: 'upstream', status: 500 }]);
  expect(names?.apiKeys.get('k1')?.name).toBe('renamed');
  expect(names?.users.get('user_1')?.name).toBe('Ada');
  lists.fault = () => refusal(529, 'overloaded_error');
  await expect(read()).rejects.toMatchObject({ reason: 'upstream', status: 529 });
  lists.fault = () => undefined;
  expect((await read()).names?.users.size).toBe(0);
});

test('a list that breaks off in the middle keeps what it had, too', async () => {
  const { lists, read } = await start();
  lists.keys = [key('k1'), key('k2'), key('k3')];
  await read();
  lists.keys = [key('k4'), key('k5'), key('k6')];
  lists.fault = (url) => (url.searchParams.has('after_id') ? { status: 200, body: '<html></html>', headers: { ...headers, 'content-type': 'text/html' } } : undefined);
  expect([...((await read()).names?.apiKeys.keys() ?? [])]).toEqual(['k1', 'k2', 'k3']);
});

test('a list that is withheld is told, is no failure, and is asked for again a day later', async () => {
  const { lists, read } = await start();
  lists.fault = (url) => (url.pathname.endsWith('users') ? refusal(404, 'not_found_error') : undefined);
  for (let hour = 0; hour < 3; hour++) expect(await read()).toMatchObject({ failures: [], notices: [{ text: expect.stringContaining('users') as string }] });
  expect(lists.asked.filter((asked) => asked === 'users')).toHaveLength(1);
  lists.fault = () => undefined;
  lists.now = new Date(lists.now.getTime() + dayMs);
  expect(await read()).toMatchObject({ notices: [] });
});

test('when no list can be read, the longest wait that was asked for is kept', async () => {
  const { lists, read } = await start();
  const seconds: Readonly<Record<string, string>> = { api_keys: '1', users: '600', workspaces: '47' };
  lists.fault = ({ pathname }) => ({ status: 429, body: {}, headers: { ...headers, 'retry-after': seconds[pathname.split('/').at(-1) ?? ''] ?? '' } });
  await expect(read()).rejects.toMatchObject({ reason: 'rate_limited', retryAfterMs: 600_000 });
});

test('a list of workspaces that asked for a wait is not asked before, whichever source wants it', async () => {
  const { lists, workspaces, read } = await start();
  lists.fault = ({ pathname }) => (pathname.endsWith('/workspaces') ? { status: 429, body: {}, headers: { ...headers, 'retry-after': '600' } } : undefined);
  const { failures } = await read();
  expect(failures).toMatchObject([{ reason: 'rate_limited', retryAfterMs: 600_000 }]);
  lists.fault = () => undefined;
  const asked = lists.asked.length;
  const refused: unknown = await workspaces.defaultId({ signal: AbortSignal.timeout(10_000), now: lists.now }).catch((error: unknown) => error);
  expect(refused).toMatchObject({ reason: 'rate_limited', status: 429 });
  expect((refused as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(500_000);
  expect(lists.asked).toHaveLength(asked);
});
