import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { SourceId } from '../../src/model/reading.ts';
import { valuesOf } from '../support/agent.ts';
import { startCli } from '../support/cli.ts';
import { sourceIds } from '../../src/model/reading.ts';
import { startSources } from '../support/sources.ts';
import { answeredFaults, endlessFaults, largeFaults } from '../support/upstream-faults.ts';

const mostMegabytes = 160;

/** Short cycles, and deadlines in which a hung read ends. */
const settings = {
  OTEL_METRIC_EXPORT_INTERVAL: '500',
  CLAUDE_POLL_INTERVAL: '500ms',
  OPENROUTER_POLL_INTERVAL: '500ms',
  ANTHROPIC_USAGE_POLL_INTERVAL: '1m',
  ANTHROPIC_COST_POLL_INTERVAL: '1m',
  ANTHROPIC_SLOW_POLL_INTERVAL: '15s',
};

const nastiest = [
  ...largeFaults,
  ...answeredFaults.filter(({ name }) => name.includes('headers')),
  ...endlessFaults.filter(({ name }) => name.includes('at a time')),
];

/** The Admin API lets so few requests through that one fault must do. */
const brokenBy = (name: string): readonly SourceId[] => ['claude-ai', 'openrouter', ...(name === largeFaults[0]?.name ? (['anthropic-limits'] as const) : [])];

test('the worst that upstreams can answer does not cost the agent more memory than it may have', { timeout: 240_000 }, async () => {
  const world = await startSources();
  onTestFinished(() => world.stop());
  const running = startCli(['run', '--timeout', '3s'], { ...world.settings, ...settings });
  onTestFinished(async () => {
    running.child.kill('SIGKILL');
    await running.ended;
  });
  const reads = (source: SourceId, outcome: string): number =>
    valuesOf(world.pushes.at(-1))[`claude_usage_metrics.source.reads{outcome=${outcome},source=${source}}`] ?? 0;
  const another = async (source: SourceId, outcome: string, what: string): Promise<void> => {
    const before = reads(source, outcome);
    await vi.waitUntil(() => reads(source, outcome) > before, { timeout: 60_000, interval: 50 }).catch((cause: unknown) => {
      throw new Error(`waited in vain for ${source} to read ${what}: ${JSON.stringify(peaks)}`, { cause });
    });
  };
  const peaks: Record<string, number> = {};
  await vi.waitUntil(() => sourceIds.every((source) => reads(source, 'success') > 0), { timeout: 30_000, interval: 50 });
  peaks['no fault'] = peakMegabytes(running.child.pid);
  for (const { name, reason, answer } of nastiest) {
    for (const source of brokenBy(name)) {
      world.fault = { sources: [source], answer };
      await another(source, reason, name);
      // Else it would be asked ever more seldom.
      world.fault = undefined;
      await another(source, 'success', `an answer after ${name}`);
    }
    peaks[name] = peakMegabytes(running.child.pid);
  }
  process.stdout.write(`peaks of resident memory in MB: ${JSON.stringify(peaks)}\n`);
  expect(Math.max(...Object.values(peaks)), JSON.stringify(peaks)).toBeLessThanOrEqual(mostMegabytes);
  expect(running.child.exitCode).toBeNull();
});

/** The most that was ever resident, as the kernel of Linux counts it. */
function peakMegabytes(pid: number | undefined): number {
  const [, kibibytes = 'NaN'] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid ?? ''}/status`, 'utf8')) ?? [];
  return Math.round((Number(kibibytes) * 1_024) / 1_000_000);
}
