import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** The real-client tests: the built hooks, installed for real, driven by the real client against a scripted model. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['test/e2e/**/*.test.ts'],
    globalSetup: ['test/e2e/global-setup.ts'],
    pool: 'forks',
    // A client is a process of 400 MB that starts more of them: two at a time is what a small machine bears.
    maxWorkers: 2,
    testTimeout: 150_000,
    hookTimeout: 60_000,
  },
})
