import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**', 'test/browser/**'],
    testTimeout: 20_000,
    // Many tests wait for sockets more than they work: two at once also where there are two processors.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
