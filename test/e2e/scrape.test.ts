import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test, vi } from 'vitest';
import { ask } from '../support/ask.ts';
import { type RunningCli, startCli } from '../support/cli.ts';
import { type WrittenFamily, type WrittenSeries, parseExposition } from '../support/exposition.ts';
import { startAccount } from './support/account.ts';
import { startChargedOrganization } from './support/agent.ts';
import { startShippedCollector } from './support/collector.ts';
import { closedPort } from './support/peers.ts';
import { startPrometheus } from './support/prometheus.ts';

const openMetrics = 'application/openmetrics-text;version=1.0.0';

/** Starts an agent that reads everything there is, of accounts with difficult names. */
async function startAgent(grpcPort: number): Promise<RunningCli> {
  const account = await startAccount();
  const { world, charges } = await startChargedOrganization(new Date());
  world.organization.keys.push({ id: 'apikey_9', name: 'a "key"\\n of\n <b>🙂</b>', createdBy: 'user_1', workspaceId: null });
  charges.charge({ key: 'pipeline', uncachedInput: 9_007_199_254_740_991, output: 31, microCents: 12_345_678_912_345n });
  charges.charge({ key: 'bot', cacheWrite5m: 11, cacheWrite1h: 13, webSearches: 3, microCents: 1n });
  world.organization.use({ apiKeyId: 'apikey_9', workspaceId: null, model: 'claude "5" \\ ünïcode', uncachedInput: 5, microCents: 7n, atMs: Date.now(), shownAtMs: 0 });
  const running = startCli(['run'], {
    ...account.environment,
    ...world.settings,
    ACCOUNT_NAME: 'a "quoted" \\ n🙂 <b>{name}</b>',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=te"st,a.b=1,a_b=2',
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${grpcPort}`,
    OTEL_METRICS_EXPORTER: 'otlp,prometheus',
    HTTP_ADDRESS: '127.0.0.1:0',
  });
  onTestFinished(async () => {
    running.child.kill('SIGKILL');
    await running.ended;
  });
  await vi.waitUntil(() => running.stderr.includes('acknowledges all points'), { timeout: 30_000 });
  return running;
}

function addressOf({ stderr }: RunningCli): string {
  return /"metrics":"([^"]+)"/.exec(stderr)?.[1] ?? 'nowhere';
}

/** Series as texts, in an order of their own, without some labels. */
function comparable(series: readonly WrittenSeries[], without: RegExp): string[] {
  return series
    .map(({ name, labels, value }) => JSON.stringify([name, Object.entries(labels).filter(([label]) => !without.test(label)).sort(), value]))
    .sort();
}

/** What the Collector adds to each line, and what any scrape adds. */
const ofTarget = /^(job|instance|otel_scope_.*)$/;

function byName(families: readonly WrittenFamily[]): Map<string, object> {
  return new Map(
    families
      .filter(({ name }) => name !== 'target_info')
      .map(({ name, type, help, series }) => [name, { type, help, series: comparable(series, ofTarget) }]),
  );
}

test('a scrape has every metric of the same cycle’s push as the Collector shows it: name, type, help, labels and value', async () => {
  const collector = await startShippedCollector();
  const running = await startAgent(collector.grpcPort);
  const scraped = await ask(addressOf(running));
  const own = parseExposition(scraped.body);
  const theirs = parseExposition((await ask(`http://127.0.0.1:${collector.scrapePort}/metrics`)).body);

  expect(byName(own)).toEqual(byName(theirs));
  expect(own.length).toBeGreaterThan(25);
  const shown = own.map(({ name }) => name);
  for (const name of ['claude_usage_utilization_ratio', 'claude_tokens_total', 'claude_cost_USD_total', 'openrouter_credits_remaining_USD', 'claude_usage_metrics_source_duration_seconds']) {
    expect(shown).toContain(name);
  }
  expect(own.find(({ name }) => name === 'claude_tokens_total')?.series.map(({ value }) => value)).toContain(9_007_199_254_740_991);

  // The Collector makes job and instance of the service; a scraper has its own, and the service stays what it is.
  const [target] = own.find(({ name }) => name === 'target_info')?.series ?? [];
  const [theirTarget] = theirs.find(({ name }) => name === 'target_info')?.series ?? [];
  const { service_name: job, service_instance_id: instance, ...rest } = target?.labels ?? {};
  expect({ job, instance, ...rest }).toEqual(theirTarget?.labels);
  expect(rest).toMatchObject({ deployment_environment_name: 'te"st', a_b: '1;2' });

  const [plain, compressed] = [scraped.bytes, (await ask(addressOf(running), { headers: { 'accept-encoding': 'gzip' } })).bytes];
  expect(compressed.length).toBeLessThan(plain.length / 4);
  running.child.kill('SIGTERM');
  expect((await running.ended).code).toBe(0);
});

test('promtool has nothing to say of a scrape, and Prometheus takes it as it is', async () => {
  const collector = await startShippedCollector();
  const running = await startAgent(collector.grpcPort);
  const url = addressOf(running);
  const { body } = await ask(url);
  expect(execFileSync(inject('promtool'), ['check', 'metrics'], { input: body, encoding: 'utf8', stdio: 'pipe' })).toBe('');

  const prometheus = await startPrometheus(Number(new URL(url).port));
  await vi.waitUntil(async () => (await prometheus.query('up'))[0]?.value === 1, { timeout: 20_000, interval: 100 });
  // What the alerts’ rules record, at a moment of their own, is not of the scrape.
  const stored = await prometheus.query('{__name__=~"[^:]+",__name__!~"up|scrape_.*|ALERTS.*"}');
  const asked = parseExposition((await ask(url, { headers: { accept: openMetrics } })).body);
  const series = stored.map(({ labels: { __name__: name = '', ...labels }, value }) => ({ name, labels, value }));
  expect(comparable(series, /^(job|instance)$/)).toEqual(comparable(asked.flatMap((family) => family.series), /^$/));
  const samples = await prometheus.query('scrape_samples_scraped - scrape_samples_post_metric_relabeling');
  expect(samples.map(({ value }) => value)).toEqual([0]);
});

// https://github.com/dolead/claude-prometheus-exporter: the queries that its users have, but for the one of requests.
const queriesOfExporter: readonly (readonly [string, readonly string[]])[] = [
  ['sum by (model) (rate(claude_tokens_total[5m]))', ['model']],
  ['sum by (owner_name, owner_email) (rate(claude_tokens_total[5m]))', ['owner_email', 'owner_name']],
  ['sum by (api_key_id, api_key_name) (rate(claude_tokens_total[5m]))', ['api_key_id', 'api_key_name']],
  ['topk(10, sum by (owner_name, owner_email) (claude_tokens_current))', ['owner_email', 'owner_name']],
  ['topk(10, sum by (api_key_name, owner_name) (claude_tokens_current))', ['api_key_name', 'owner_name']],
  ['sum by (workspace_id) (claude_cost_current_usd)', ['workspace_id']],
];

test('the queries of claude-prometheus-exporter run unchanged, with its settings', async () => {
  const { world, charges } = await startChargedOrganization(new Date());
  charges.charge({ key: 'pipeline', uncachedInput: 70, output: 31, microCents: 12_500_000n });
  const { ANTHROPIC_ADMIN_API_KEY: key = '', ...rest } = world.settings;
  const home = mkdtempSync(join(tmpdir(), 'home-'));
  onTestFinished(() => rmSync(home, { recursive: true }));
  const port = await closedPort();
  const running = startCli(['run'], {
    ...rest,
    HOME: home,
    HTTP_ADDRESS: '',
    COMPATIBILITY: 'claude-prometheus-exporter',
    APIKEY: key,
    PROMETHEUS_PORT: String(port),
    LOOP_INTERVAL: '1',
    ANTHROPIC_USAGE_POLL_INTERVAL: '1s',
  });
  onTestFinished(async () => {
    running.child.kill('SIGKILL');
    await running.ended;
  });
  const prometheus = await startPrometheus(port);
  for (const [query, labels] of queriesOfExporter) {
    await vi.waitUntil(async () => (await prometheus.query(query)).some((series) => labels.every((label) => label in series.labels)), { timeout: 20_000, interval: 100 });
  }
  expect(await prometheus.query('claude_cost_current_usd')).toMatchObject([{ labels: { workspace_id: 'wrkspc_1' }, value: 0.125 }]);

  // A key that is new is scraped as 0 first, so that its rise is seen whole.
  charges.charge({ key: 'bot', output: 113 });
  const ofBot = async (): Promise<readonly number[]> => (await prometheus.samples('claude_tokens_total{api_key_name="bot"}'))[0]?.values ?? [];
  await vi.waitUntil(async () => (await ofBot()).includes(113), { timeout: 20_000, interval: 100 });
  expect((await ofBot())[0]).toBe(0);
  expect(await prometheus.query('claude_prometheus_loop_success')).toMatchObject([{ value: 1 }]);
});
