import { defineConfig } from 'vitest/config';

/** For .ci/container, which builds the image that these tests run. */
export default defineConfig({
  test: {
    include: ['test/container/**/*.check.ts'],
    testTimeout: 60_000,
  },
});
