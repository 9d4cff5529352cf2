import { defineConfig } from 'vitest/config';

/** Files named *.browser.test.ts drive a real Chromium; *.long.test.ts are campaigns for `npm run test:long`. */
const long = process.env.SETTEE_LONG === '1';
/** They measure memory, which others in their process would disturb. */
const alone = ['test/server/proxy/streaming.test.ts'];

export default defineConfig({
  test: {
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          // Nearly every file starts the whole server: its modules are loaded once a worker.
          isolate: false,
          setupFiles: ['test/support/free-memory.ts'],
          include: long ? ['test/**/*.long.test.ts'] : ['test/**/*.test.ts'],
          exclude: [...alone, 'test/**/*.browser.test.ts', ...(long ? [] : ['test/**/*.long.test.ts'])],
        },
      },
      ...(long
        ? []
        : [
            { extends: true as const, test: { name: 'alone', include: alone } },
            {
              extends: true as const,
              test: {
                name: 'browser',
                globalSetup: ['test/support/chromium.ts'],
                include: ['test/**/*.browser.test.ts'],
                testTimeout: 120_000,
                isolate: false,
              },
            },
          ]),
    ],
  },
});
