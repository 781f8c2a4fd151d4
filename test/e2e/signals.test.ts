/*
 * A signal in every state, to the built agent as any process and as process 1 of a container.
 */
import { status } from '@grpc/grpc-js';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startUpstream } from '../../src/demo/http-server.ts';
import { type Answer, startReceiver } from '../../src/demo/receiver.ts';
import { statusDetails, statusWithRetryInfo } from '../support/google-rpc.ts';
import { type SignalledAgent, type StartedAs, startAs } from './support/first-process.ts';

/** Promised, from the signal to the end; a busy machine may take twice as long. */
const wellWithinMs = 2_000;
const hungWithinMs = 10_000;
const tolerance = 2;

const acknowledge: Answer = { kind: 'acknowledge' };
const hang: Answer = { kind: 'hang' };
const refuse: Answer = { kind: 'refuse', code: status.UNAVAILABLE };

/** What the agent does when the signal comes. */
const states = ['reading', 'delivering', 'trying again', 'idle'] as const;
type State = (typeof states)[number] | 'leaving the backend alone';

const leaveAlone: Answer = { kind: 'refuse', code: status.UNAVAILABLE, metadata: statusDetails(statusWithRetryInfo({ seconds: 3_600 })) };
const atFirst: Readonly<Record<State, Answer>> = { reading: acknowledge, delivering: hang, 'trying again': refuse, idle: acknowledge, 'leaving the backend alone': leaveAlone };

interface Scene {
  readonly agent: SignalledAgent;
  /** The last push comes after this. */
  readonly pushes: readonly number[];
  /** From now on. */
  readonly answer: (how: Answer) => void;
}

/** An agent in a state. */
async function inState(state: State, as: StartedAs): Promise<Scene> {
  let answer = atFirst[state];
  const pushes: number[] = [];
  const receiver = await startReceiver({ answer: () => answer, onRequest: () => pushes.push(performance.now()) });
  const upstream = await startUpstream(() => (state === 'reading' ? () => undefined : { status: 200, body: { data: { usage: 1, limit: null } } }));
  onTestFinished(async () => {
    receiver.stop();
    await upstream.stop();
  });
  const agent = startAs(as, ['run'], {
    OPENROUTER_API_KEY: 'sk-or-v1-fake',
    OPENROUTER_ACCOUNT_BASE_URL: upstream.url,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${receiver.port}`,
  });
  const reached: Readonly<Record<State, () => boolean>> = {
    reading: () => upstream.requests.length > 0,
    delivering: () => pushes.length > 0,
    'trying again': () => pushes.length > 1,
    idle: () => agent.stderr.includes('acknowledges all points'),
    'leaving the backend alone': () => agent.stderr.includes('nothing is sent there before'),
  };
  await until(state, agent, reached[state]);
  return { agent, pushes, answer: (how) => void (answer = how) };
}

async function until(what: string, agent: SignalledAgent, condition: () => boolean): Promise<void> {
  await vi.waitUntil(condition, { timeout: 30_000, interval: 20 }).catch((cause: unknown) => {
    throw new Error(`waited in vain for ${what}: ${agent.stderr}`, { cause });
  });
}

const signals = ['SIGTERM', 'SIGINT'] as const;
const cells = states.flatMap((state) => signals.map((signal) => ({ state, signal })));

test.each<StartedAs>(['a process', 'process 1'])('with a backend that is well, %s pushes once more and is gone in two seconds, whatever it does', async (as) => {
  await Promise.all(cells.map(async ({ state, signal }) => {
    const { agent, pushes, answer } = await inState(state, as);
    answer(acknowledge);
    const atMs = performance.now();
    agent.signal(signal);
    const ended = await agent.ended;
    // A request that hangs has half of the stop's time: the backend took it and never said so.
    const withinMs = state === 'delivering' ? hungWithinMs : wellWithinMs;
    expect(ended, `${state}, ${signal}: ${agent.stderr}`).toMatchObject({ code: 0, signal: null });
    expect(ended.atMs - atMs, `${state}, ${signal}`).toBeLessThan(withinMs * tolerance);
    expect(pushes.at(-1), `${state}, ${signal}`).toBeGreaterThan(atMs);
  }));
});

test.each<StartedAs>(['a process', 'process 1'])('with a backend that hangs, %s is gone in ten seconds and says that the last push was not taken', async (as) => {
  await Promise.all(cells.map(async ({ state, signal }) => {
    const { agent, answer } = await inState(state, as);
    answer(hang);
    const atMs = performance.now();
    agent.signal(signal);
    const ended = await agent.ended;
    expect(ended, `${state}, ${signal}: ${agent.stderr}`).toMatchObject({ code: 4, signal: null });
    expect(ended.atMs - atMs, `${state}, ${signal}`).toBeLessThan(hungWithinMs * tolerance);
    expect(agent.stderr).toContain('the last push was not acknowledged');
  }));
});

test.each<StartedAs>(['a process', 'process 1'])('%s does not ask a backend that wants to be left alone, not at the end either, and is gone at once', async (as) => {
  const { agent, pushes, answer } = await inState('leaving the backend alone', as);
  answer(acknowledge);
  const atMs = performance.now();
  agent.signal('SIGTERM');
  const ended = await agent.ended;
  expect(ended, agent.stderr).toMatchObject({ code: 4, signal: null });
  expect(ended.atMs - atMs).toBeLessThan(wellWithinMs * tolerance);
  expect(pushes).toHaveLength(1);
  expect(agent.stderr).toContain('the last push was not acknowledged');
});

test.each<StartedAs>(['a process', 'process 1'])('a second signal ends %s at once, whatever it does', async (as) => {
  await Promise.all(cells.map(async ({ state, signal }) => {
    const { agent, answer } = await inState(state, as);
    answer(hang);
    agent.signal(signal);
    await until('the first signal', agent, () => agent.stderr.includes('one last push'));
    const atMs = performance.now();
    agent.signal(signal === 'SIGINT' ? 'SIGTERM' : 'SIGINT');
    const ended = await agent.ended;
    expect(ended).toMatchObject({ code: 4, signal: null });
    expect(ended.atMs - atMs).toBeLessThan(1_000 * tolerance);
  }));
});

test.each<StartedAs>(['a process', 'process 1'])('%s that still waits for the folder of another one leaves without it', async (as) => {
  const folder = mkdtempSync(join(tmpdir(), 'signals-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  // Of a machine that nobody can ask; it is watched for a quarter of a minute.
  writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: 1, host: 'elsewhere', token: 'fake' }));
  const agent = startAs(as, ['run'], {
    ANTHROPIC_ADMIN_API_KEY: 'sk-ant-admin01-fake',
    ANTHROPIC_ADMIN_BASE_URL: 'http://127.0.0.1:1',
    STATE_DIR: folder,
    // Said after the signals are listened for, before the folder is looked at.
    OTEL_PROPAGATORS: 'baggage',
  });
  await until('the start', agent, () => agent.stderr.includes('not honoured'));
  const atMs = performance.now();
  agent.signal('SIGTERM');
  const ended = await agent.ended;
  expect(ended, agent.stderr).toMatchObject({ code: 4, signal: null });
  expect(ended.atMs - atMs).toBeLessThan(wellWithinMs * tolerance);
});

test.each<[StartedAs, object]>([
  ['a process', { code: null, signal: 'SIGTERM' }],
  ['process 1', { code: 4, signal: null }],
])('once as %s leaves at a signal', async (as, how) => {
  const upstream = await startUpstream(() => () => undefined);
  onTestFinished(() => upstream.stop());
  const agent = startAs(as, ['once'], { OPENROUTER_API_KEY: 'sk-or-v1-fake', OPENROUTER_ACCOUNT_BASE_URL: upstream.url, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' });
  await until('the read', agent, () => upstream.requests.length > 0);
  const atMs = performance.now();
  agent.signal('SIGTERM');
  const ended = await agent.ended;
  expect(ended, agent.stderr).toMatchObject(how);
  expect(ended.atMs - atMs).toBeLessThan(wellWithinMs * tolerance);
});

test.each<StartedAs>(['a process', 'process 1'])('%s that was told to do nothing leaves at a signal, and well', async (as) => {
  const agent = startAs(as, ['run'], { OTEL_SDK_DISABLED: 'true', OPENROUTER_API_KEY: 'sk-or-v1-fake' });
  await until('the start', agent, () => agent.stderr.includes('listening'));
  const atMs = performance.now();
  agent.signal('SIGTERM');
  const ended = await agent.ended;
  expect(ended, agent.stderr).toMatchObject({ code: 0, signal: null });
  expect(ended.atMs - atMs).toBeLessThan(wellWithinMs * tolerance);
});

test.each(signals)('process 1 that is signalled with %s over and over from its start on ends as soon as it hears one', async (signal) => {
  // Its kernel drops what comes before Node.js listens.
  const agent = startAs('process 1', ['run'], { OPENROUTER_API_KEY: 'sk-or-v1-fake', OPENROUTER_ACCOUNT_BASE_URL: 'http://127.0.0.1:1', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' });
  const startedMs = performance.now();
  const again = setInterval(() => {
    try {
      agent.signal(signal);
    } catch {
      // Not there yet, or not any more.
    }
  }, 20);
  const ended = await agent.ended;
  clearInterval(again);
  expect(ended, agent.stderr).toMatchObject({ code: 4, signal: null });
  expect(ended.atMs - startedMs).toBeLessThan(hungWithinMs);
});

test('a process that is signalled at any moment of its start ends', async () => {
  await Promise.all([0, 30, 60, 120, 250, 500, 1_000].map(async (afterMs) => {
    const agent = startAs('a process', ['run'], { OPENROUTER_API_KEY: 'sk-or-v1-fake', OPENROUTER_ACCOUNT_BASE_URL: 'http://127.0.0.1:1', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' });
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    const atMs = performance.now();
    agent.signal('SIGTERM');
    expect((await agent.ended).atMs - atMs, `${afterMs} ms`).toBeLessThan(hungWithinMs * tolerance);
  }));
});
