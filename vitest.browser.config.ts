import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** The built artefact in a real browser; apart from e2e/, as a browser leaves tests beside it no time. */
export default defineConfig({
  test: {
    include: ['test/browser/**/*.test.ts'],
    globalSetup: ['test/browser/setup.ts'],
    env: { TEST_ENTRY: fileURLToPath(new URL('dist/main.js', import.meta.url)) },
    testTimeout: 60_000,
  },
});
