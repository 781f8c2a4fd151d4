import { afterEach, expect, test } from 'vitest';
import type { ReceivedPoint } from '../../src/demo/otlp-messages.ts';
import type { Answer } from '../../src/demo/receiver.ts';
import { logLines, runCli, startCli } from '../support/cli.ts';
import { startSimulated } from '../support/simulated.ts';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

async function simulated(answer?: () => Answer) {
  const points: ReceivedPoint[] = [];
  const all = await startSimulated({
    receiver: {
      onRequest: (requests) => points.push(...requests.flatMap((request) => request.points)),
      ...(answer && { answer }),
    },
  });
  stops.push(() => all.stop());
  return { ...all, points };
}

test('once in a pipe prints plain facts a line each, without escape codes or bars even when colours are forced', async () => {
  const { settings, points } = await simulated();
  const { code, stdout } = await runCli(['once'], { ...settings, FORCE_COLOR: '3' });

  expect(code).toBe(0);
  expect(stdout).not.toMatch(/[\u001b█░┃]/);
  for (const line of stdout.trim().split('\n')) expect(line).toMatch(/^(claude-ai|openrouter|otlp)( [a-z_]+)?: ./);
  const used = points.find(({ metric, attributes }) => metric.endsWith('.utilization') && attributes['metric_name'] === 'five_hour');
  expect(stdout).toContain(`\nclaude-ai five_hour: ${Math.round((used?.value ?? 0) * 100)} % used, `);
  expect(stdout).toContain(`, ${points.length} points acknowledged, 0 rejected, 0 lost\n`);
});

test('once --json prints one document with every point and what became of them', async () => {
  const { settings, points } = await simulated();
  const { code, stdout } = await runCli(['once', '--json'], settings);
  const report = JSON.parse(stdout) as { sources: { points: { metric: string; value: number }[] }[] };

  expect(code).toBe(0);
  expect(report).toMatchObject({ command: 'once', exitCode: 0, delivery: { ok: true, acknowledged: points.length, lost: 0 } });
  const printed = report.sources.flatMap((source) => source.points);
  const sent = points.filter(({ metric }) => /^(claude|openrouter)\./.test(metric));
  expect(printed.map(({ metric }) => metric).sort()).toEqual(sent.map(({ metric }) => metric).sort());
});

test('once with the console exporter prints its points and nothing else on stdout', async () => {
  const { settings } = await simulated();
  const { code, stdout } = await runCli(['once'], { ...settings, OTEL_METRICS_EXPORTER: 'console' });
  expect(code).toBe(0);
  for (const line of stdout.trim().split('\n')) expect(line).toMatch(/^(claude|openrouter|claude_usage_metrics)[.\w]*\{/);
});

test('once --json with the console exporter keeps stdout to its document', async () => {
  const { settings } = await simulated();
  const { stdout, stderr } = await runCli(['once', '--json'], { ...settings, OTEL_METRICS_EXPORTER: 'console,otlp' });
  expect(JSON.parse(stdout)).toMatchObject({ command: 'once', exitCode: 0 });
  expect(stderr).toContain('claude.usage.utilization{');
});

test('once says on stdout what was not delivered, and why', async () => {
  const { settings } = await simulated(() => ({ kind: 'partial', rejectedPoints: 3, message: 'too many series' }));
  const result = await runCli(['once'], settings);
  expect(result.code).toBe(4);
  expect(result.stdout).toMatch(/^otlp: down, .*, 3 rejected, 0 lost$/m);
  expect(result.stdout).toMatch(/^otlp failure: .*too many series/m);
  expect(logLines(result).filter(({ level }) => level === 'error')).toHaveLength(1);
});

test('once whose time is up before the delivery says so, and does not blame the backend', async () => {
  const { settings, points } = await simulated();
  const result = await runCli(['once', '--timeout', '1ms'], settings);
  expect(result.code).toBe(4);
  expect(result.stdout).toMatch(/^otlp: down, .* 0 points acknowledged, 0 rejected, [1-9]\d* lost$/m);
  expect(result.stdout).toMatch(/^otlp failure: no time was left for the delivery$/m);
  expect(result.stdout).toMatch(/^otlp remedy: .*--timeout/m);
  expect(points).toEqual([]);
  expect(result.stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'))).toEqual([]);
});

test('once goes on when who reads its output stops reading', async () => {
  const { settings, points } = await simulated();
  const { child, ended } = startCli(['once'], { ...settings, OTEL_METRICS_EXPORTER: 'console,otlp' });
  child.stdout?.destroy();
  const { code, stderr } = await ended;
  expect(code).toBe(0);
  expect(points.length).toBeGreaterThan(0);
  expect(stderr).not.toContain('a bug');
});
