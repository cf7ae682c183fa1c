import { defineConfig } from 'vitest/config'

/**
 * Three projects, from fast to whole machines:
 * `unit` needs nothing but Node; `interop` runs real clients in network namespaces;
 * `e2e` boots virtual machines, two at a time on two cores.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/interop/**', 'test/e2e/**'],
          // Only ends what hangs; no test is about its time.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: true,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
        },
      },
    ],
    coverage: { provider: 'v8', include: ['src/{core,wire,protocol,boot}/**'] },
  },
})
