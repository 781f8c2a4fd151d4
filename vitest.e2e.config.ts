import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/e2e/**/*.test.ts'],
    globalSetup: ['test/e2e/support/setup.ts'],
    // The built artefact, not the sources.
    env: { TEST_ENTRY: fileURLToPath(new URL('dist/main.js', import.meta.url)) },
    testTimeout: 60_000,
    // The tests wait more than they work.
    maxWorkers: 2,
  },
});
