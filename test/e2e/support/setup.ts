import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of the OpenTelemetry Collector. */
    readonly otelcol: string;
    /** Path of Prometheus. */
    readonly prometheus: string;
    /** Path of promtool, which checks configurations of Prometheus. */
    readonly promtool: string;
  }
}

/**
 * Has the real peers ready for all tests: `OTELCOL`, else the one that `.ci/collector` builds; `PROMETHEUS` and `PROMTOOL`,
 * else those of `.ci/prometheus`. Both scripts work once and remember.
 */
export function setup(project: TestProject): void {
  project.provide('otelcol', process.env['OTELCOL'] ?? printedBy('collector'));
  const prometheus = process.env['PROMETHEUS'] ?? printedBy('prometheus');
  project.provide('prometheus', prometheus);
  project.provide('promtool', process.env['PROMTOOL'] ?? join(dirname(prometheus), 'promtool'));
}

/** What a script of `.ci/` prints: the path of a program. */
function printedBy(name: string): string {
  const script = fileURLToPath(new URL(`../../../.ci/${name}`, import.meta.url));
  return execFileSync(script, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
}
