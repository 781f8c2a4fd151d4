import { expect, onTestFinished, test, vi } from 'vitest';
import { type RunningCli, startCli } from '../support/cli.ts';
import { type Account, instantsFrom, startAccount } from './support/account.ts';
import { type Collector, startCollector } from './support/collector.ts';
import { claudePoints, openRouterPoints } from './support/expected.ts';
import type { WrittenPoint, WrittenRequest } from './support/otlp-json.ts';
import { startHungServer } from './support/peers.ts';
import { expectPoints, seriesOf } from './support/points.ts';

const intervalMs = 400;

/** Floors of intervals do not apply to upstreams on loopback. */
const shortCycles = {
  OTEL_METRIC_EXPORT_INTERVAL: String(intervalMs),
  CLAUDE_POLL_INTERVAL: `${intervalMs}ms`,
  OPENROUTER_POLL_INTERVAL: `${intervalMs}ms`,
};

function startRun(account: Account, grpcPort: number, settings: Readonly<Record<string, string>> = {}): RunningCli {
  const running = startCli([], {
    ...account.environment,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${grpcPort}`,
    ...settings,
  });
  onTestFinished(async () => {
    running.child.kill('SIGKILL');
    await running.ended;
  });
  return running;
}

async function until(what: string, condition: () => boolean): Promise<void> {
  await vi.waitUntil(condition, { timeout: 20_000, interval: 50 }).catch((cause: unknown) => {
    throw new Error(`waited in vain for ${what}`, { cause });
  });
}

function received(collector: Collector, count: number): Promise<void> {
  return until(`${count} requests at the Collector`, () => collector.requests().length >= count);
}

const sharesOf = (request: WrittenRequest | undefined): unknown[] =>
  (request?.points ?? [])
    .filter(({ metric }) => metric === 'claude.usage.utilization')
    .map(({ attributes, value }) => [attributes['metric_name'], value]);

test('every push has what the upstreams say at its time; a window that is gone there is gone at the Collector', async () => {
  const instants = instantsFrom(Date.now());
  const account = await startAccount(instants);
  const collector = await startCollector();
  const running = startRun(account, collector.grpcPort, shortCycles);

  await received(collector, 3);
  const reset = instants.sessionReset.toISOString();
  account.usage = { status: 200, body: { limits: [{ kind: 'session', percent: 43, resets_at: reset }] } };
  await until('the new share', () => JSON.stringify(sharesOf(collector.requests().at(-1))).includes('0.43'));
  await received(collector, collector.requests().length + 2);
  running.child.kill('SIGTERM');
  const { code, stderr } = await running.ended;
  await collector.stop();

  expect(stderr).not.toMatch(/"level":"(warn|error)"/);
  expect(code).toBe(0);
  const requests = collector.requests();
  const changedAt = requests.findIndex((request) => JSON.stringify(sharesOf(request)).includes('0.43'));
  expect(changedAt).toBeGreaterThanOrEqual(3);
  for (const [cycle, { points }] of requests.entries()) {
    const timeMs = points[0]?.timeMs ?? 0;
    const claude = claudePoints(instants, timeMs);
    const left = claude
      .filter(({ metric, attributes }) => metric.startsWith('claude.session') || attributes['metric_name'] === 'five_hour')
      .filter(({ metric }) => metric !== 'claude.usage.limit_active')
      .map((point) => (point.metric === 'claude.usage.utilization' ? { ...point, value: { asDouble: 0.43 } } : point));
    const upstreams = points.filter(({ metric }) => /^(claude|openrouter)\./.test(metric));
    expectPoints(upstreams, timeMs, [...(cycle < changedAt ? claude : left), ...openRouterPoints(timeMs)], `push ${cycle}`);
  }
  expectRisingSums(requests);
});

test('the Collector restarts: points flow again, what was lost in between is counted, and sums go on', async () => {
  const account = await startAccount();
  const first = await startCollector();
  const running = startRun(account, first.grpcPort, shortCycles);
  await received(first, 2);
  await first.stop();
  await until('lost points in the log', () => running.stderr.includes('"lost":'));
  const readsAtLoss = account.openRouter.requests.length;
  await until('reads that go on', () => account.openRouter.requests.length > readsAtLoss + 2);

  const second = await startCollector({ grpcPort: first.grpcPort });
  await received(second, 3);
  running.child.kill('SIGINT');
  const { code, stderr } = await running.ended;
  await second.stop();

  expect(code).toBe(0);
  // Said when it changes, not at each cycle.
  expect(stderr.match(/"level":"error"/g)).toHaveLength(1);
  expect(stderr.match(/the backend acknowledges all points/g)).toHaveLength(2);
  const requests = [...first.requests(), ...second.requests()];
  expectRisingSums(requests);
  const counts = ['acknowledged', 'rejected', 'lost'].map((outcome) => exported(requests.at(-1), outcome));
  const acknowledged = requests.slice(0, -1).reduce((sum, { points }) => sum + points.length, 0);
  expect(counts).toEqual([acknowledged, 0, expect.any(Number)]);
  // A whole push at least.
  expect(counts[2]).toBeGreaterThanOrEqual(first.requests().at(-1)?.points.length ?? Infinity);
});

test('with the intervals as they are run pushes at its start, and once more before it ends at SIGTERM', async () => {
  const account = await startAccount();
  const collector = await startCollector();
  const running = startRun(account, collector.grpcPort);
  await received(collector, 1);
  const stoppedAtMs = Date.now();
  running.child.kill('SIGTERM');
  const { code } = await running.ended;
  await collector.stop();

  expect(code).toBe(0);
  const times = collector.requests().map(({ points }) => points[0]?.timeMs ?? 0);
  expect(times).toHaveLength(2);
  expect(times[1]).toBeGreaterThanOrEqual(stoppedAtMs);
  expect(account.openRouter.requests).toHaveLength(2);
});

test('SIGTERM while the Collector is down ends with 4 in its time', async () => {
  const account = await startAccount();
  const collector = await startCollector();
  const running = startRun(account, collector.grpcPort, shortCycles);
  await received(collector, 1);
  await collector.stop();
  await until('lost points in the log', () => running.stderr.includes('"lost":'));

  const startedMs = performance.now();
  running.child.kill('SIGTERM');
  const { code, stderr } = await running.ended;

  expect(code).toBe(4);
  expect(stderr).toContain('the last push was not acknowledged');
  expect(performance.now() - startedMs).toBeLessThan(20_000);
});

test('SIGTERM while the Collector hangs ends with 4 in its time', async () => {
  const account = await startAccount();
  const hung = await startHungServer();
  const running = startRun(account, hung.port);
  await hung.connected;

  const startedMs = performance.now();
  running.child.kill('SIGTERM');
  const { code } = await running.ended;

  expect(code).toBe(4);
  expect(performance.now() - startedMs).toBeLessThan(20_000);
});

/**
 * Times go on from push to push; sums and histograms come in each, keep their start, and never fall. What was produced adds up in
 * each.
 */
function expectRisingSums(requests: readonly WrittenRequest[]): void {
  let before = new Map<string, WrittenPoint>();
  for (const { points } of requests) {
    const value = (metric: string): number =>
      points.filter((point) => point.metric === `claude_usage_metrics.export.${metric}`).reduce((sum, point) => sum + amount(point), 0);
    expect(value('points.produced')).toBe(value('points') + value('points.in_flight'));
    const now = new Map(points.filter(({ kind }) => kind !== 'gauge').map((point) => [seriesOf(point), point]));
    for (const [series, earlier] of before) {
      const later = now.get(series);
      expect(later, series).toMatchObject({ startMs: earlier.startMs });
      expect(later?.timeMs, series).toBeGreaterThan(earlier.timeMs);
      expect(later && amount(later), series).toBeGreaterThanOrEqual(amount(earlier));
    }
    before = now;
  }
  expect(before.size).toBeGreaterThan(0);
}

function amount({ value }: WrittenPoint): number {
  if ('asInt' in value) return Number(value.asInt);
  return 'asDouble' in value ? value.asDouble : Number(value.histogram.count);
}

function exported(request: WrittenRequest | undefined, outcome: string): number {
  const [point, ...more] = (request?.points ?? []).filter(
    ({ metric, attributes }) => metric === 'claude_usage_metrics.export.points' && attributes['outcome'] === outcome,
  );
  if (point === undefined || more.length > 0) throw new Error(`the push does not have one count of ${outcome} points`);
  return amount(point);
}
