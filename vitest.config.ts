import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/compile-cache.ts',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Two cores, as a Pi's tests have; most tests wait more than they compute.
    maxWorkers: 2,
  },
});
