import { defineConfig } from 'vitest/config'

/**
 * Four projects, from fast to whole machines:
 * `unit` needs nothing but Node; `interop` runs real clients in network namespaces;
 * `e2e` boots virtual machines, two at a time on two cores; `docker` builds the container image and
 * boots one from it. `long`, which `npm test` leaves out: installations to their end, an hour and more.
 */
export default defineConfig({
  test: {
    // A snapshot that is not there is a failure, here as in CI; `vitest -u` writes it.
    update: 'none',
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/interop/**', 'test/e2e/**', 'test/docker/**', 'test/long/**'],
          // Only ends what hangs; no test is about its time.
          testTimeout: 30_000,
          expect: { poll: { timeout: 10_000 } },
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
          // An emulated machine on a core that others use may miss a limit; what fails twice is a
          // fault. A second try is printed beside its test.
          retry: 1,
        },
      },
      {
        test: {
          name: 'long',
          include: ['test/long/**/*.test.ts'],
          hookTimeout: 120_000,
          maxWorkers: 1,
        },
      },
      {
        test: {
          name: 'docker',
          include: ['test/docker/**/*.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 600_000,
          fileParallelism: false, // one Docker Engine at a time
        },
      },
    ],
    coverage: { provider: 'v8', include: ['src/{core,wire,protocol,boot}/**'] },
  },
})
