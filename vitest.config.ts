import { configDefaults, defineConfig } from 'vitest/config';

/** What other people's programs make of the API: they are installed for it, and take their minutes. */
const CLIENTS = ['test/clients/**/*.test.ts'];
const LAB = ['**/*.lab.test.ts', 'test/lab/**/*.test.ts'];

/** `unit` needs nothing but this computer; `clients` programs that are installed for it; `lab` needs the lab's machines, of which there is one set. */
export default defineConfig({
  test: {
    // Threads crash with Temporal's native bridge.
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['**/*.test.ts', '**/*.test.tsx'],
          exclude: [...configDefaults.exclude, ...LAB, ...CLIENTS, '.plinth/**'],
          testTimeout: 20_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'clients',
          include: CLIENTS,
          // Each loads the computer: one after the other.
          fileParallelism: false,
          // A browser on a busy computer.
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'lab',
          include: LAB,
          exclude: [...configDefaults.exclude, '.plinth/**'],
          fileParallelism: false,
          sequence: { concurrent: false, shuffle: false },
          testTimeout: 15 * 60_000,
          hookTimeout: 60 * 60_000,
          // What a machine said is worth seeing while it runs.
          disableConsoleIntercept: true,
        },
      },
    ],
  },
});
