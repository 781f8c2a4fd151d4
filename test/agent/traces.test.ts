import { status } from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';
import { type CookieAnswer, startCookiejar } from '../../src/demo/cookiejar.ts';
import { sendAnswer } from '../../src/demo/http-server.ts';
import { type World, agentOf, startWorld } from '../support/agent.ts';
import { startHttpReceiver } from '../support/http-receiver.ts';
import { type KeptTraces, keepTraces, outline, spanNamed, treesOf } from '../support/spans.ts';

async function worldOfOne(): Promise<World> {
  const world = await startWorld();
  onTestFinished(() => world.stop());
  return world;
}

/** Cycles of an agent, with its traces. */
async function traced(settings: Readonly<Record<string, string>>, cycles = 1): Promise<KeptTraces> {
  const traces = keepTraces();
  const agent = agentOf(settings, { traces: traces.open });
  await agent.readSources();
  await agent.push();
  for (let further = 1; further < cycles; further++) await agent.nextPush();
  await agent.close();
  return traces;
}

const exported = ['  export', '    opentelemetry.proto.collector.metrics.v1.MetricsService/Export'];
const claude = ['  read claude-ai', '    GET /api/organizations', '    GET /api/organizations/{organization}/usage'];
const openRouter = ['  read openrouter', '    GET /credits', '    GET /key'];

test('a cycle is one trace: its reads with their requests, and its export', async () => {
  const { settings } = await worldOfOne();
  const traces = await traced(settings, 2);
  const cycle = ['collect', ...exported, ...claude, ...openRouter];
  const second = cycle.filter((line) => line !== '    GET /api/organizations');
  expect(outline(treesOf(traces.ended()))).toEqual([...cycle, ...second]);
  const ids = new Set(traces.ended().map((span) => span.spanContext().traceId));
  expect(ids.size).toBe(2);
});

test('the first cycle of run, which reads before it collects, is one trace as well', async () => {
  const { settings } = await worldOfOne();
  const traces = keepTraces();
  const agent = agentOf(settings, { traces: traces.open });
  await agent.start();
  await agent.close();
  expect(outline(treesOf(traces.ended()))).toEqual(['collect', ...exported, ...claude, ...openRouter]);
});

test('spans say whom was asked and what came, by the conventions, and no path with an id', async () => {
  const { settings } = await worldOfOne();
  const traces = await traced(settings);
  const trees = treesOf(traces.ended());
  const { hostname, port } = new URL(settings['CLAUDE_AI_BASE_URL'] ?? '');
  expect(spanNamed(trees, 'GET /api/organizations/{organization}/usage')).toEqual({
    name: 'GET /api/organizations/{organization}/usage',
    kind: 'client',
    attributes: {
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'server.address': hostname,
      'server.port': Number(port),
      'url.scheme': 'http',
      'url.full': `http://${hostname}:${port}/api/organizations/{organization}/usage`,
      'url.template': '/api/organizations/{organization}/usage',
    },
    failed: false,
    below: [],
  });
  const collector = new URL(settings['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '');
  const method = 'opentelemetry.proto.collector.metrics.v1.MetricsService/Export';
  expect(spanNamed(trees, method)).toMatchObject({
    kind: 'client',
    attributes: { 'rpc.system.name': 'grpc', 'rpc.method': method, 'rpc.status_code': 'OK', 'server.address': '127.0.0.1', 'server.port': Number(collector.port) },
  });
  expect(spanNamed(trees, 'read claude-ai')).toMatchObject({ kind: 'internal', attributes: { source: 'claude-ai', account: 'default' } });
  const points = Number(spanNamed(trees, 'export').attributes['claude_usage_metrics.export.points.acknowledged']);
  expect(points).toBeGreaterThan(10);
  expect(JSON.stringify(trees)).not.toContain('org-1');
});

test('of an address that has more before the path than a host nothing is shown, as it may be a credential', async () => {
  const { settings } = await worldOfOne();
  const [claudeUrl = '', openRouterUrl = ''] = [settings['CLAUDE_AI_BASE_URL'], settings['OPENROUTER_ACCOUNT_BASE_URL']];
  const receiver = await startHttpReceiver();
  onTestFinished(() => receiver.stop());
  const traces = await traced({
    ...settings,
    CLAUDE_AI_BASE_URL: `${claudeUrl}/gateway/fake-token`,
    OTEL_EXPORTER_OTLP_ENDPOINT: `${new URL(receiver.url).origin}/fake-token`,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
  });
  const urls = traces.ended().flatMap(({ attributes }) => (typeof attributes['url.full'] === 'string' ? [attributes['url.full']] : []));
  expect(new Set(urls)).toEqual(
    new Set([`${claudeUrl}/REDACTED/api/organizations`, `${openRouterUrl}/key`, `${openRouterUrl}/credits`, `${new URL(receiver.url).origin}/REDACTED/v1/metrics`]),
  );
  expect(JSON.stringify(traces.ended().map(({ attributes }) => attributes))).not.toContain('fake-token');
});

test('what fails has its reason, up to the span that it failed; the others go on', async () => {
  const world = await worldOfOne();
  world.claude = { status: 429, body: { error: { type: 'rate_limit_error', message: 'fake text of a vendor' } } };
  world.receiver = { kind: 'refuse', code: status.INVALID_ARGUMENT, message: 'fake text of a backend' };
  const traces = await traced(world.settings);
  expect(outline(treesOf(traces.ended()))).toEqual([
    'collect',
    '  export !INVALID_ARGUMENT',
    '    opentelemetry.proto.collector.metrics.v1.MetricsService/Export !INVALID_ARGUMENT',
    '  read claude-ai !rate_limited',
    '    GET /api/organizations',
    '    GET /api/organizations/{organization}/usage !429',
    ...openRouter,
  ]);
  // Reasons and statuses alone.
  expect(JSON.stringify(traces.ended().map(({ status: ended, events, attributes }) => ({ ended, events, attributes })))).not.toContain('fake text');
});

test('each attempt is a span', async () => {
  const world = await worldOfOne();
  world.receiver = { kind: 'refuse', code: status.UNAVAILABLE };
  const traces = await traced({ ...world.settings, OTEL_METRIC_EXPORT_TIMEOUT: '2500' });
  const exports = treesOf(traces.ended()).flatMap(({ below }) => below).find(({ name }) => name === 'export');
  expect(exports?.failed).toBe(true);
  expect(exports?.below.length).toBeGreaterThan(1);
  expect(new Set(exports?.below.map(({ attributes }) => attributes['rpc.status_code']))).toEqual(new Set(['UNAVAILABLE']));
});

test('requests over HTTP to the backend are spans too', async () => {
  const { settings } = await worldOfOne();
  const receiver = await startHttpReceiver();
  onTestFinished(() => receiver.stop());
  const traces = await traced({ ...settings, OTEL_EXPORTER_OTLP_ENDPOINT: '', OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' });
  expect(spanNamed(treesOf(traces.ended()), 'POST')).toMatchObject({
    kind: 'client',
    attributes: { 'http.request.method': 'POST', 'url.full': receiver.url, 'http.response.status_code': 200, 'server.port': receiver.port, 'url.scheme': 'http' },
  });
  expect(receiver.exports.map(({ headers }) => Object.keys(headers)).flat()).not.toContain('traceparent');
});

test('a read that outlives its cycle stays below it, with an end of its own', async () => {
  const world = await worldOfOne();
  let answer = (): void => undefined;
  const inTwoHours = new Date(Date.now() + 2 * 3_600_000).toISOString();
  world.claude = (response) => {
    answer = () => sendAnswer(response, { status: 200, body: { limits: [{ kind: 'session', percent: 42, resets_at: inTwoHours }] } });
  };
  const traces = keepTraces();
  const agent = agentOf({ ...world.settings, OTEL_METRIC_EXPORT_TIMEOUT: '400' }, { traces: traces.open });
  // It waits for the read for half of that.
  await agent.push();
  expect(outline(treesOf(traces.ended().filter(({ name }) => !name.startsWith('GET'))))).toEqual(['collect', ...exported, '  read openrouter']);
  const [root] = traces.ended().filter(({ name }) => name === 'collect');
  answer();
  await agent.pollers.find(({ source }) => source.id === 'claude-ai')?.refresh();
  await agent.close();
  expect(outline(treesOf(traces.ended()))).toEqual(['collect', ...exported, ...claude, ...openRouter]);
  const read = traces.ended().find(({ name }) => name === 'read claude-ai');
  const ms = ([seconds, nanos]: readonly [number, number] = [0, 0]): number => seconds * 1_000 + nanos / 1e6;
  expect(ms(read?.endTime)).toBeGreaterThan(ms(root?.endTime));
});

test('the cookie service gets the trace context, and it is asked in the trace; no vendor and no backend gets it', async () => {
  const world = await worldOfOne();
  let answer: CookieAnswer = { kind: 'cookies', text: 'sessionKey=sk-ant-sid01-fake; Path=/' };
  const jar = await startCookiejar(() => answer);
  onTestFinished(() => jar.stop());
  const settings = { ...world.settings, CLAUDE_SESSION_KEY: '', COOKIEJAR_URL: `http://127.0.0.1:${jar.port}` };
  const traces = keepTraces();
  const agent = agentOf(settings, { traces: traces.open });
  await agent.push();
  const name = 'cookiejar.v1.CookieService/GetCookies';
  const call = traces.ended().find((span) => span.name === name);
  const context = call?.spanContext();
  expect(jar.metadata.map((metadata) => metadata.get('traceparent'))).toEqual([[`00-${context?.traceId}-${context?.spanId}-01`]]);
  expect(spanNamed(treesOf(traces.ended()), name).attributes).toEqual({
    'rpc.system.name': 'grpc',
    'rpc.method': name,
    'rpc.status_code': 'OK',
    'server.address': '127.0.0.1',
    'server.port': jar.port,
  });
  expect(spanNamed(treesOf(traces.ended()), 'read claude-ai').below.map((span) => span.name)[0]).toBe(name);
  expect(world.seen.map(({ headers }) => headers['traceparent'])).toEqual(world.seen.map(() => undefined));
  expect(world.seen.length).toBeGreaterThan(3);
  expect(world.metadata.map((metadata) => metadata.get('traceparent'))).toEqual([[]]);

  answer = { kind: 'refuse', code: status.PERMISSION_DENIED, message: 'fake text of a service' };
  await agent.nextPush();
  await agent.close();
  expect(outline(treesOf(traces.ended()))).toContain(`    ${name} !PERMISSION_DENIED`);
  expect(outline(treesOf(traces.ended()))).toContain('  read claude-ai !forbidden');
});

test('without traces no service gets a trace context', async () => {
  const world = await worldOfOne();
  const jar = await startCookiejar(() => ({ kind: 'cookies', text: 'sessionKey=sk-ant-sid01-fake; Path=/' }));
  onTestFinished(() => jar.stop());
  const agent = agentOf({ ...world.settings, CLAUDE_SESSION_KEY: '', COOKIEJAR_URL: `http://127.0.0.1:${jar.port}` });
  await agent.push();
  await agent.close();
  expect(jar.metadata.map((metadata) => metadata.get('traceparent'))).toEqual([[]]);
});
