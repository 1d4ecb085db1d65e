import { defineConfig } from 'vitest/config';

// "unit" needs neither a chain nor a child process; "chain" starts Anvil and real services, and "crash" does them harm;
// "simulation" runs the whole service in one process, without sockets and in simulated time.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/*.test.ts'],
          exclude: ['src/**/*.chain.test.ts'],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'simulation',
          include: ['test/simulation/**/*.test.ts'],
          exclude: ['test/simulation/**/*.chain.test.ts'],
          // Each of them uses all cores by itself.
          fileParallelism: false,
          testTimeout: 1_800_000,
        },
      },
      {
        test: {
          name: 'crash',
          include: ['test/crash/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'chain',
          include: [
            'src/**/*.chain.test.ts',
            'contracts/**/*.test.ts',
            'test/e2e/**/*.test.ts',
            'test/bench/**/*.test.ts',
            'test/api/**/*.test.ts',
            'test/simulation/**/*.chain.test.ts',
          ],
          setupFiles: ['test/api/watch-answers.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
        },
      },
    ],
  },
});
