import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { SourceId } from '../../src/model/reading.ts';
import { valuesOf } from '../support/agent.ts';
import { startCli } from '../support/cli.ts';
import { sourceIds, startSources } from '../support/sources.ts';
import { answeredFaults, endlessFaults, largeFaults } from '../support/upstream-faults.ts';

const mostMegabytes = 160;

/** Short cycles, and deadlines in which a hung read ends. */
const settings = {
  OTEL_METRIC_EXPORT_INTERVAL: '500',
  CLAUDE_POLL_INTERVAL: '500ms',
  OPENROUTER_POLL_INTERVAL: '500ms',
  ANTHROPIC_USAGE_POLL_INTERVAL: '10s',
  ANTHROPIC_COST_POLL_INTERVAL: '10s',
  ANTHROPIC_SLOW_POLL_INTERVAL: '2s',
};

const nastiest = [
  ...largeFaults,
  ...answeredFaults.filter(({ name }) => /bomb|deep|megabyte/.test(name)),
  ...endlessFaults.filter(({ name }) => /at a time/.test(name)),
];

const broken: readonly SourceId[] = ['claude-ai', 'openrouter', 'anthropic-limits'];

test('the worst that upstreams can answer does not cost the agent more memory than it may have', { timeout: 240_000 }, async () => {
  const world = await startSources();
  onTestFinished(() => world.stop());
  const running = startCli(['run', '--timeout', '5s'], { ...world.settings, ...settings });
  onTestFinished(async () => {
    running.child.kill('SIGKILL');
    await running.ended;
  });
  const reads = (source: SourceId, outcome: string): number =>
    valuesOf(world.pushes.at(-1))[`claude_usage_metrics.source.reads{outcome=${outcome},source=${source}}`] ?? 0;
  await vi.waitUntil(() => sourceIds.every((source) => reads(source, 'success') > 0), { timeout: 30_000, interval: 50 });
  const peaks: Record<string, number> = { 'no fault': peakMegabytes(running.child.pid) };
  for (const { name, reason, answer } of nastiest) {
    for (const source of broken) {
      const before = reads(source, reason);
      world.fault = { source, answer };
      await vi.waitUntil(() => reads(source, reason) > before, { timeout: 40_000, interval: 50 }).catch((cause: unknown) => {
        throw new Error(`waited in vain for ${source} to read ${name}`, { cause });
      });
    }
    peaks[name] = peakMegabytes(running.child.pid);
  }
  world.fault = undefined;
  console.log(peaks);
  expect(Math.max(...Object.values(peaks)), JSON.stringify(peaks)).toBeLessThanOrEqual(mostMegabytes);
  expect(running.child.exitCode).toBeNull();
});

/** The most that was ever resident, as the kernel of Linux counts it. */
function peakMegabytes(pid: number | undefined): number {
  const [, kibibytes = 'NaN'] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid ?? ''}/status`, 'utf8')) ?? [];
  return Math.round((Number(kibibytes) * 1_024) / 1_000_000);
}
