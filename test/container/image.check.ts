import { readFileSync, readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type SimulatedCookiejar, startCookiejar } from '../../src/demo/cookiejar.ts';
import { type SimulatedUpstream, startUpstream } from '../../src/demo/http-server.ts';
import type { ReceivedPoint } from '../../src/demo/otlp-messages.ts';
import { type Receiver, startReceiver } from '../../src/demo/receiver.ts';
import { type Contained, imageConfig, imageRoot, inContainer, onReadOnlyRoot, signalFirstProcess } from './image.ts';

interface Peers {
  readonly cookiejar: SimulatedCookiejar;
  readonly claude: SimulatedUpstream;
  readonly receiver: Receiver;
  readonly settings: Readonly<Record<string, string>>;
  readonly points: ReceivedPoint[];
  readonly firstPush: Promise<void>;
}

let peers: Peers;

beforeEach(async () => {
  const points: ReceivedPoint[] = [];
  const pushed = Promise.withResolvers<undefined>();
  const cookiejar = await startCookiejar(() => ({ kind: 'cookies', text: 'sessionKey=sk-ant-sid01-fake; Path=/' }));
  const claude = await startUpstream(({ path }) =>
    path === '/api/organizations'
      ? { status: 200, body: [{ uuid: 'org-1', capabilities: ['chat'] }] }
      : { status: 200, body: { limits: [{ kind: 'session', percent: 42, resets_at: null }] } },
  );
  const receiver = await startReceiver({
    onRequest(requests) {
      points.push(...requests.flatMap((request) => request.points));
      pushed.resolve(undefined);
    },
  });
  const settings = {
    COOKIEJAR_URL: `http://127.0.0.1:${cookiejar.port}`,
    CLAUDE_AI_BASE_URL: claude.url,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${receiver.port}`,
  };
  peers = { cookiejar, claude, receiver, settings, points, firstPush: pushed.promise };
});

afterEach(async () => {
  peers.cookiejar.stop();
  peers.receiver.stop();
  await peers.claude.stop();
});

describe.each([
  ['by buildah', inContainer],
  ['on a read-only root, as PID 1', onReadOnlyRoot],
])('the image run %s', (_, start) => {
  test('delivers true numbers with once and ends with 0', async () => {
    const result = await start([...imageConfig.Entrypoint, 'once'], peers.settings).ended;

    expect(result.stderr).not.toContain('"level":"error"');
    expect(result.code, result.stderr).toBe(0);
    expect(peers.points).toContainEqual(
      expect.objectContaining({
        metric: 'claude.usage.utilization',
        attributes: { account: 'default', metric_name: 'five_hour' },
        value: 0.42,
      }),
    );
  });

  test('says in one line what is not set and ends with 2', async () => {
    const result = await start([...imageConfig.Entrypoint, 'once']).ended;

    expect(result.stderr).toContain('COOKIEJAR_URL');
    expect(result.code).toBe(2);
  });
});

test('the image’s default command pushes until SIGTERM, as PID 1 on a read-only root, and ends with 0', async () => {
  const agent = onReadOnlyRoot([...imageConfig.Entrypoint, ...imageConfig.Cmd], peers.settings);
  await Promise.race([peers.firstPush, unexpectedEnd(agent)]);

  signalFirstProcess(agent, 'SIGTERM');

  const { code, stderr } = await agent.ended;
  expect(code, stderr).toBe(0);
});

async function unexpectedEnd({ ended }: Contained): Promise<never> {
  const { code, stderr } = await ended;
  throw new Error(`ended with ${String(code)} before its first push: ${stderr}`);
}

/** Where compose file and manifests mount a volume. */
const stateFolder = '/var/lib/claude-usage-metrics';

const writablePlaces = `
const { accessSync, constants, readdirSync } = require('node:fs');
const ofTheRuntime = ['/dev', '/proc', '/sys', '/tmp'];
const writable = [];
let seen = 0;
function look(path) {
  if (ofTheRuntime.includes(path)) return;
  seen += 1;
  try { accessSync(path, constants.W_OK); writable.push(path); } catch {}
  let entries = [];
  try { entries = readdirSync(path, { withFileTypes: true }); } catch {}
  for (const entry of entries) if (!entry.isSymbolicLink()) look((path === '/' ? '' : path) + '/' + entry.name);
}
look('/');
console.log(JSON.stringify({ uid: process.getuid(), gid: process.getgid(), seen, writable }));
`;

test('the image’s user is nobody on any host and can write nowhere in the image but to the empty folder for its state', async () => {
  const { stdout } = await inContainer(['node', '-e', writablePlaces]).ended;

  const { uid, gid, seen, writable } = JSON.parse(stdout) as { uid: number; gid: number; seen: number; writable: string[] };
  expect(imageConfig.User).toBe(`${uid}:${gid}`);
  expect(uid).toBeGreaterThan(10_000);
  expect(gid).toBeGreaterThan(10_000);
  expect(seen).toBeGreaterThan(1_000);
  expect(writable).toEqual([stateFolder]);
  expect(readdirSync(`${imageRoot}${stateFolder}`)).toEqual([]);
});

test('the image has the production packages of the lockfile and no other', () => {
  const lockfile = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, { dev?: boolean }> };
  const production = Object.entries(lockfile.packages).filter(([path, { dev }]) => path !== '' && dev !== true);

  const packageFile = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/package\.json$)/;
  const installed = readdirSync(`${imageRoot}/app`, { recursive: true, encoding: 'utf8' }).flatMap((path) => packageFile.exec(path) ?? []);

  expect(installed.sort()).toEqual(production.map(([path]) => path).sort());
});

test('the image holds what the agent needs and nothing of the checkout beside it', () => {
  expect(readdirSync(`${imageRoot}/app`).sort()).toEqual(['LICENSE', 'dist', 'node_modules', 'package.json', 'proto']);
  expect(imageConfig.Labels).toMatchObject({
    'org.opencontainers.image.title': 'claude-usage-metrics',
    'org.opencontainers.image.licenses': 'MIT',
  });
});
