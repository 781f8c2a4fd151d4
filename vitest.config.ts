import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**', 'test/browser/**'],
    testTimeout: 20_000,
    // Half of the time tests wait for sockets and processes: a processor more than there are is kept busy.
    maxWorkers: availableParallelism() + 1,
  },
});
