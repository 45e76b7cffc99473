import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Tests of the command line mostly wait for its processes, so no core need be kept free.
    maxWorkers: '100%',
    testTimeout: 30_000,
  },
})
