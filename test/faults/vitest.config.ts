import { defineConfig } from 'vitest/config'

/** Real processes and long waits: one file after the other, so that they do not slow each other past their limits. */
export default defineConfig({
  test: {
    include: ['test/faults/**/*.test.ts'],
    globalSetup: ['test/faults/closing-table.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 60_000,
  },
})
