import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SourceId, sourceIds } from '../../src/model/reading.ts';
import type { Reason } from '../../src/model/reasons.ts';
import { patienceMs } from '../../src/sources/reads.ts';
import { adminKey, canaries, openRouterKey, password, session } from '../support/canaries.ts';
import { type Authority, type Identity, createAuthority } from '../support/certificates.ts';
import { type ConnectProxy, startConnectProxy } from '../support/connect-proxy.ts';
import { type Door, portOf, startDoor } from '../support/door.ts';
import { type Lane, type Values, allAreWell, laneOf, nextCycle, said, stopLanes, withFailure } from '../support/lanes.ts';
import { ownNames } from '../support/names.ts';
import { Exits, ways } from '../support/secret-scan.ts';
import { startSources } from '../support/sources.ts';

const readDeadlineMs = 10_000;
const hourMs = 3_600_000;
const ofAnthropic = sourceIds.filter((source) => source.startsWith('anthropic-'));

/** Whom the agent asks, by name, and the sources that need them. */
const upstreams = {
  'claude.test': { setting: 'CLAUDE_AI_BASE_URL', protocol: 'http/1.1', sources: ['claude-ai'] },
  'cookies.test': { setting: 'COOKIEJAR_URL', protocol: 'h2', sources: ['claude-ai'] },
  'openrouter.test': { setting: 'OPENROUTER_ACCOUNT_BASE_URL', protocol: 'http/1.1', sources: ['openrouter'] },
  'admin.test': { setting: 'ANTHROPIC_ADMIN_BASE_URL', protocol: 'http/1.1', sources: ofAnthropic },
} as const satisfies Record<string, { setting: string; protocol: 'h2' | 'http/1.1'; sources: readonly SourceId[] }>;
type Name = keyof typeof upstreams;
const names = Object.keys(upstreams) as Name[];

/** An upstream behind its door, and certificates that it might show. */
interface Upstream {
  readonly door: Door;
  readonly certificates: Readonly<Record<'good' | 'unknown' | 'expired' | 'elsewhere', Identity>>;
}

const addresses = ownNames();
const environment = { ...process.env };
const trustedBefore = getCACertificates('default');
const folder = mkdtempSync(join(tmpdir(), 'network-'));
const files = { openRouter: join(folder, 'openrouter'), admin: join(folder, 'admin'), session: join(folder, 'session') };
const exits = new Exits();
const behind = new Map<Name, Upstream>();
let authorities: readonly Authority[] = [];
let proxy: ConnectProxy;
let lanes: { readonly direct: Lane; readonly proxied: Lane; readonly fixed: Lane };
let refusesAll = false;

beforeAll(async () => {
  const [trusted, stranger] = await Promise.all([createAuthority(), createAuthority()]);
  authorities = [trusted, stranger];
  setDefaultCACertificates([...trustedBefore, trusted.certificate]);
  writeFileSync(files.openRouter, openRouterKey.value);
  writeFileSync(files.admin, adminKey.value);
  writeFileSync(files.session, session.value);
  const world = await startSources();
  const settings: Record<string, string> = { ...world.settings, COOKIEJAR_CERTIFICATE: trusted.certificateFile };
  for (const name of names) {
    const { setting, protocol } = upstreams[name];
    const [good, unknown, expired, elsewhere] = await Promise.all([
      trusted.issue({ host: name }),
      stranger.issue({ host: name }),
      trusted.issue({ host: name, from: new Date(Date.now() - 2 * hourMs), until: new Date(Date.now() - hourMs) }),
      trusted.issue({ host: 'elsewhere.test' }),
    ]);
    const door = await startDoor(portOf(world.settings[setting]), good, protocol);
    behind.set(name, { door, certificates: { good, unknown, expired, elsewhere } });
    addresses.set(name, '127.0.0.1');
    settings[setting] = `https://${name}:${door.port}`;
  }
  proxy = await startConnectProxy((target) => (refusesAll ? { status: 407 } : { port: Number(target.split(':')[1]) }));
  delete settings['OPENROUTER_API_KEY'];
  delete settings['ANTHROPIC_ADMIN_API_KEY'];
  Object.assign(settings, { OPENROUTER_API_KEY_FILE: files.openRouter, ANTHROPIC_ADMIN_API_KEY_FILE: files.admin });
  const proxyUrl = `http://somebody:${encodeURIComponent(password.value)}@127.0.0.1:${proxy.port}`;
  const { COOKIEJAR_URL, COOKIEJAR_CERTIFICATE, ...withoutJar } = settings;
  expect([COOKIEJAR_URL, COOKIEJAR_CERTIFICATE]).not.toContain(undefined);
  lanes = {
    direct: await laneOf(world, settings, readDeadlineMs, exits),
    proxied: await laneOf(world, { ...settings, HTTPS_PROXY: proxyUrl }, readDeadlineMs, exits),
    fixed: await laneOf(world, { ...withoutJar, CLAUDE_SESSION_KEY_FILE: files.session }, readDeadlineMs, exits),
  };
}, 60_000);

afterAll(async () => {
  for (const { door } of behind.values()) await door.shut();
  await proxy.stop();
  for (const authority of authorities) authority.stop();
  setDefaultCACertificates(trustedBefore);
  rmSync(folder, { recursive: true });
  for (const name of Object.keys(process.env)) if (!(name in environment)) Reflect.deleteProperty(process.env, name);
});

function upstream(name: Name): Upstream {
  const found = behind.get(name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

/** A cycle with a fault, and one without: these sources fail for this reason, and no other does, nor is it held up. */
async function expectFault(lane: Lane, fault: () => unknown, mend: () => unknown, reason: Reason, sources: readonly SourceId[]): Promise<void> {
  const before = lane.last;
  await fault();
  const { values: during, ms: faultMs } = await timed(lane);
  await lane.agent.askAll();
  await mend();
  const { values: afterwards, ms: calmMs } = await timed(lane);
  expect(withFailure(said(during, before), ...sources)).toEqual({ ...allAreWell, ...Object.fromEntries(sources.map((source) => [source, `${reason}, up 0`])) });
  expect(said(afterwards, during)).toEqual(allAreWell);
  expect(faultMs).toBeLessThan(calmMs + 2 * patienceMs);
}

async function timed(lane: Lane): Promise<{ readonly values: Values; readonly ms: number }> {
  const startedMs = performance.now();
  return { values: await nextCycle(lane), ms: performance.now() - startedMs };
}

const faults: readonly {
  readonly name: string;
  readonly reason: Reason;
  readonly begin: (name: Name, of: Upstream) => unknown;
}[] = [
  {
    name: 'a name that nobody knows',
    reason: 'dns',
    begin: (name, { door }) => {
      addresses.delete(name);
      return door.cut();
    },
  },
  { name: 'a port at which nothing listens', reason: 'network', begin: (_name, { door }) => door.shut() },
  { name: 'a certificate of an authority that nobody knows', reason: 'tls', begin: (_name, { door, certificates }) => door.show(certificates.unknown) },
  { name: 'a certificate that has expired', reason: 'tls', begin: (_name, { door, certificates }) => door.show(certificates.expired) },
  { name: 'a certificate for another host', reason: 'tls', begin: (_name, { door, certificates }) => door.show(certificates.elsewhere) },
];

describe.each(faults)('$name', ({ reason, begin }) => {
  test.each(names)(`is ${reason} of what needs %s, costs no other, and is over in the next cycle`, async (name) => {
    const { door, certificates } = upstream(name);
    const mend = async (): Promise<void> => {
      addresses.set(name, '127.0.0.1');
      await door.show(certificates.good);
      await door.open();
    };
    await expectFault(lanes.direct, () => begin(name, upstream(name)), mend, reason, upstreams[name].sources);
  });
});

describe('a credential that is missing', () => {
  test.each([
    ['the file of OpenRouter’s key is gone', 'openRouter', openRouterKey.value, ['openrouter']],
    ['the file of the Admin key is gone', 'admin', adminKey.value, ofAnthropic],
  ] as const)('%s', async (_, file, value, sources) => {
    await expectFault(lanes.direct, () => rmSync(files[file]), () => writeFileSync(files[file], value), 'credential_missing', sources);
  });

  test('the file of the session key is gone', async () => {
    await expectFault(lanes.fixed, () => rmSync(files.session), () => writeFileSync(files.session, session.value), 'credential_missing', ['claude-ai']);
  });

  test.each([
    ['the cookie service knows of none', { kind: 'refuse', code: status.NOT_FOUND, message: session.value }],
    ['there is no session among the cookies', { kind: 'cookies', text: `_ga=${session.value}; Path=/` }],
  ] as const)('%s', async (_, cookies) => {
    const { world } = lanes.direct;
    await expectFault(lanes.direct, () => (world.cookies = cookies), () => (world.cookies = world.goodCookies), 'credential_missing', ['claude-ai']);
  });
});

describe('a proxy on the way', () => {
  test('that wants other credentials, and quotes those it got', async () => {
    const refuse = async (): Promise<void> => {
      refusesAll = true;
      for (const { door } of behind.values()) await door.cut();
    };
    await expectFault(lanes.proxied, refuse, () => (refusesAll = false), 'network', sourceIds);
    expect(proxy.asked.map(({ authorization = '' }) => Buffer.from(authorization.slice('Basic '.length), 'base64').toString())).toContain(`somebody:${password.value}`);
  });
});

test('no secret has left by any way', async () => {
  await stopLanes(Object.values(lanes));
  expect(exits.used).toEqual(ways);
  expect(exits.scan(canaries)).toEqual([]);
});
