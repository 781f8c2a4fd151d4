import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type LogLine, type TestAgent, type World, agentOf, openRouterAnswers, startWorld, usage } from '../support/agent.ts';
import { cleanup } from '../support/cleanup.ts';
import { statusDetails, statusWithRetryInfo } from '../support/google-rpc.ts';

const after = cleanup();
let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world.stop());

/** What a person sees at the default level. */
const seen = ({ log }: TestAgent): readonly LogLine[] => log.filter(({ level }) => level !== 'debug');
const texts = (agent: TestAgent): string[] => seen(agent).map(({ level, source, msg }) => [level, source, msg].filter(Boolean).join(' '));

test('over twenty healthy pushes each state is logged once', async () => {
  const agent = agentOf(world.settings);
  after(() => agent.close());
  for (let push = 0; push < 20; push++) await agent.nextPush();
  expect(world.pushes).toHaveLength(20);
  expect(texts(agent).sort()).toEqual([
    'info claude-ai claude-ai is read',
    'info openrouter openrouter is read',
    'info the backend acknowledges all points',
  ]);
});

test('a source that fails over and over is logged when it begins to and when it ends, with reason and remedy', async () => {
  const agent = agentOf(world.settings);
  after(() => agent.close());
  await agent.push();
  world.openRouter = { '/key': { status: 401, body: {} } };
  for (let push = 0; push < 10; push++) {
    agent.clock.advance(3_600_000);
    await agent.push();
  }
  world.openRouter = openRouterAnswers;
  for (let push = 0; push < 10; push++) {
    agent.clock.advance(3_600_000);
    await agent.push();
  }
  const lines = seen(agent).filter(({ source }) => source === 'openrouter');
  expect(lines).toHaveLength(3);
  expect(lines[1]).toMatchObject({ level: 'warn', account: 'default', reason: 'credential_expired' });
  expect(lines[1]?.['remedy']).toEqual(expect.stringMatching(/\w/));
  expect(lines[2]).toMatchObject({ level: 'info', msg: 'openrouter is read' });
});

test('another reason is another line', async () => {
  const agent = agentOf(world.settings);
  after(() => agent.close());
  world.claude = { status: 500, body: 'no' };
  await agent.push();
  world.claude = { status: 429, body: 'no' };
  agent.clock.advance(3_600_000);
  await agent.push();
  const reasons = seen(agent).filter(({ source }) => source === 'claude-ai').map(({ reason }) => reason);
  expect(reasons).toEqual(['upstream', 'rate_limited']);
});

test('what a vendor withholds is said once', async () => {
  const { data: key } = openRouterAnswers['/key'].body;
  world.openRouter = {
    '/key': { status: 200, body: { data: { ...key, is_management_key: false } } },
    '/credits': { status: 403, body: {} },
  };
  const agent = agentOf(world.settings);
  after(() => agent.close());
  for (let push = 0; push < 20; push++) await agent.nextPush();
  expect(texts(agent).filter((text) => text.includes('withholds'))).toHaveLength(1);
});

test('a backend that loses points is logged when it begins to, when the cause changes, and when it ends', async () => {
  const agent = agentOf({ ...world.settings, OTEL_METRIC_EXPORT_TIMEOUT: '300', OTEL_METRIC_EXPORT_INTERVAL: '300' });
  after(() => agent.close());
  const answers = [
    ...Array<status>(6).fill(status.UNAVAILABLE),
    ...Array<status>(6).fill(status.PERMISSION_DENIED),
  ];
  for (const code of answers) {
    world.receiver = { kind: 'refuse', code };
    await agent.push();
  }
  world.receiver = { kind: 'acknowledge' };
  for (let push = 0; push < 6; push++) await agent.push();
  const lines = seen(agent).filter(({ source }) => source === undefined);
  expect(lines.map(({ level }) => level)).toEqual(['error', 'error', 'info']);
  expect(lines[0]?.['msg']).toMatch(/^http:\/\/127\.0\.0\.1:\d+ \(OTLP\/gRPC\) answered UNAVAILABLE/);
  expect(lines[0]).toMatchObject({ rejected: 0, lost: expect.any(Number) as number });
  expect(lines[1]?.['msg']).toMatch(/answered PERMISSION_DENIED.*OTEL_EXPORTER_OTLP_HEADERS/);
});

test('a backend that asks to be left alone for longer than a cycle is one line, with its end', async () => {
  const agent = agentOf(world.settings);
  after(() => agent.close());
  world.receiver = { kind: 'refuse', code: status.RESOURCE_EXHAUSTED, metadata: statusDetails(statusWithRetryInfo({ seconds: 1_800 })) };
  for (let push = 0; push < 5; push++) await agent.push();
  expect(world.pushes).toHaveLength(1);
  const lines = seen(agent).filter(({ source }) => source === undefined);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({ level: 'error', lost: expect.any(Number) as number, msg: expect.stringMatching(/answered RESOURCE_EXHAUSTED.*; as it asks, nothing is sent there before /) as string });
  const inMs = Date.parse(String(lines[0]?.['heldUntil'])) - Date.now();
  expect(inMs).toBeGreaterThan(1_700_000);
  expect(inMs).toBeLessThanOrEqual(1_800_000);
});

test('a backend that rejects another number of points each time is one line', async () => {
  const agent = agentOf(world.settings);
  after(() => agent.close());
  for (let push = 1; push <= 5; push++) {
    world.receiver = { kind: 'partial', rejectedPoints: push, message: 'too old' };
    await agent.push();
  }
  const lines = seen(agent).filter(({ source }) => source === undefined);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({ level: 'error', rejected: 1, lost: 0, msg: expect.stringContaining('too old') as string });
});

test('a warning of the backend is said once', async () => {
  const agent = agentOf(world.settings);
  after(() => agent.close());
  world.receiver = { kind: 'partial', rejectedPoints: 0, message: 'a name is deprecated' };
  for (let push = 0; push < 5; push++) await agent.push();
  const lines = seen(agent).filter(({ source }) => source === undefined);
  expect(lines.map(({ level }) => level)).toEqual(['warn', 'info']);
});

test('the SDK’s own messages stay below the default level', async () => {
  const agent = agentOf(world.settings);
  after(() => agent.close());
  world.receiver = { kind: 'refuse', code: status.INTERNAL };
  world.claude = usage(new Date(0));
  await agent.push();
  expect(seen(agent).filter(({ from }) => from === 'opentelemetry')).toEqual([]);
});

test('an end without another push is silent, also when the SDK’s own messages are asked for', async () => {
  const agent = agentOf({ ...world.settings, OTEL_LOG_LEVEL: 'warn' });
  await agent.start();
  const before = agent.log.length;
  await agent.close();
  expect(agent.log.slice(before)).toEqual([]);
});
