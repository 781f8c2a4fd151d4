import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of the OpenTelemetry Collector. */
    readonly otelcol: string;
  }
}

/** Has a Collector ready for all tests: `OTELCOL`, else the one that `.ci/collector` builds, once for each version. */
export function setup(project: TestProject): void {
  const script = fileURLToPath(new URL('../../../.ci/collector', import.meta.url));
  const given = process.env['OTELCOL'];
  const built = (): string => execFileSync(script, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
  project.provide('otelcol', given ?? built());
}
