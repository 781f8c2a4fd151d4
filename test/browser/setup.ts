import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of Chromium. */
    readonly chromium: string;
  }
}

/** Has a browser ready: `CHROMIUM`, else the one that `.ci/chromium` finds or installs. */
export function setup(project: TestProject): void {
  const script = fileURLToPath(new URL('../../.ci/chromium', import.meta.url));
  const path = process.env['CHROMIUM'] ?? execFileSync(script, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
  project.provide('chromium', path);
}
